"""A code looked at by whoever holds it: what it gives, and whether it counts now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coupons import coding
from coupons.caller import Caller
from coupons.face import face_of
from coupons.lifecycle import current_definition
from coupons.models import Code, Merchant
from coupons.pricing.cart import Cart
from coupons.pricing.evaluate import examined
from coupons.pricing.exchange import NO_RATES
from coupons.pricing.quote import Reason, Refusal
from coupons.printing.links import grouped, link_to
from coupons.printing.running import own_validity
from coupons.reasons import sentence
from redemption import facts as fact_finding
from redemption import guessing

#: What is wrong with the code itself, not with a cart that nobody has filled yet.
TOLD = (
    Reason.NOT_STARTED,
    Reason.EXPIRED,
    Reason.PAUSED,
    Reason.ALREADY_REDEEMED,
    Reason.HELD,
    Reason.USAGE_LIMIT_REACHED,
    Reason.DAILY_LIMIT_REACHED,
    Reason.BUDGET_EXHAUSTED,
    Reason.OUTSIDE_HOURS,
)
#: Of these nobody is told that there is such a code.
HIDDEN = {Reason.CODE_REVOKED, Reason.NOT_PUBLISHED}


@dataclass(frozen=True, slots=True)
class Look:
    """A code that is out: its coupon's face in one language, and how it stands."""

    shop: str
    face: Mapping[str, Any]
    validity: str
    #: In groups, as it is read.
    code: str
    link: str
    #: Why it does not count now; empty where it does.
    problem: str


def look_up(
    *, shop: str, typed: str, language: str, ip: str | None, at: datetime, now: float
) -> Look | None:
    """Return what a code is in a shop (a merchant's slug); None for all that nobody may know.

    That there is no such code or shop, that it is withdrawn or not out yet: all are None and
    count as a miss of `ip`. Raises `TooManyAttempts` for who has missed too often, right or
    wrong. `now` is seconds since 1970, of the real clock.
    """
    guessing.refuse_visitor(ip=ip, now=now)
    text = coding.normal_form(typed)
    found = None
    if not coding.problem_with(text):
        merchant = Merchant.objects.filter(slug=shop).first()
        found = _found(merchant, text, language, at) if merchant else None
    if found is None:
        guessing.count_visitor(ip=ip, missed=text[: coding.MAX_LENGTH], now=now)
    return found


def _found(merchant: Merchant, text: str, language: str, at: datetime) -> Look | None:
    """Judge a code by the engine's own conditions, on a cart with nothing in it."""
    facts = fact_finding.gather(
        caller=Caller(merchant=merchant, actor="visitor"),
        customer=None,
        codes=[text],
        skus=[],
        channel=None,
        country=None,
        at=at,
    )
    cart = Cart(currency=merchant.currency, lines=())
    asked = examined(
        cart=cart,
        candidates=facts.candidates([text]),
        at=at,
        method="automatic",
        rates=NO_RATES,
    )
    if not asked or asked[0].status.published_at is None:
        return None
    refusals = asked[0].refusals
    if any(refusal.reason in HIDDEN for refusal in refusals):
        return None
    code = Code.objects.select_related("coupon__merchant", "batch").get(
        pk=facts.codes[text].code_id
    )
    return _look(code, language=language, refusals=refusals)


def _look(code: Code, *, language: str, refusals: list[Refusal]) -> Look:
    coupon = code.coupon
    shown = current_definition(coupon)
    if coupon.starts_at:
        shown = {**shown, "starts_at": coupon.starts_at.isoformat()}
    face = face_of(merchant=coupon.merchant, shown=shown, language=language)
    told = next((refusal for refusal in refusals if refusal.reason in TOLD), None)
    return Look(
        shop=coupon.merchant.name,
        face=face,
        validity=own_validity(shown=shown, code=code, language=language) or face["words"].validity,
        code=grouped(code=code.text, pattern=code.batch.pattern if code.batch else ""),
        link=link_to(shop=coupon.merchant.slug, code=code.text),
        problem=sentence(
            told,
            currency=coupon.merchant.currency,
            time_zone=coupon.time_zone,
            language=language,
        )
        if told
        else "",
    )
