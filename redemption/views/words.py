"""What the desk says of a coupon and of a redemption."""

from datetime import datetime
from typing import Any

import msgspec
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from coupons import catalogue, colors, face
from coupons.admin.shown import when, who
from coupons.lifecycle import current_definition
from coupons.models import Coupon, Merchant
from coupons.plain_words import Words
from coupons.pricing.quote import Reason
from coupons.reasons import in_language, language_of
from redemption import desk
from redemption.desk import Checked, Clerk, Purchase
from redemption.models import Redemption, Use
from redemption.shapes import AppliedAnswer, GiftAnswer, RedemptionAnswer

#: What is missing where nothing is known yet of what is bought.
FOR_WANT_OF_A_CART = {
    Reason.NO_APPLICABLE_ITEMS,
    Reason.MIN_QUANTITY_NOT_MET,
    Reason.MIN_SPEND_NOT_MET,
    Reason.NO_EFFECT,
}


def card(*, checked: Checked, purchase: Purchase, earlier: Use | None) -> dict[str, Any]:
    """Lay out what a code is worth now, with its `state`.

    One of unknown, forbidden, wanting, proof, good, bad.
    """
    if checked.is_forbidden:
        return {"state": "forbidden"}
    if checked.code is None or checked.quote is None:
        return {"state": "unknown"}
    coupon, quote = checked.code.coupon, checked.quote
    applied = quote.applied[0] if quote.applied else None
    reasons = [each for one in quote.rejected for each in one.reasons]
    wants_cart = not purchase.has_cart and {each.reason for each in reasons} <= FOR_WANT_OF_A_CART
    state = "good" if applied else ("wanting" if wants_cart else "bad")
    if checked.needs_proof and applied:
        state = "proof"
    definition = current_definition(coupon)
    code = checked.code
    return {
        "state": state,
        "code": checked.text,
        "reasons": [each.message for each in reasons],
        "name": in_language(coupon_names(definition), get_language(), otherwise=coupon.name),
        "words": _words(coupon=coupon, definition=definition),
        "kind": coupon.kind,
        "color": colors.shown((definition.get("face") or {}).get("color")),
        "picture": (definition.get("face") or {}).get("picture"),
        "gifts": goods_named(merchant=coupon.merchant, gifts=applied.gifts if applied else []),
        "quote": quote,
        "applied": applied,
        "takes_off": _takes_off(applied),
        "has_cart": purchase.has_cart,
        "whose": masked(checked.customer.ref) if checked.customer else "",
        "entry": (code.uses + 1, code.max_uses) if _has_entries(code.max_uses) else None,
        "earlier": _earlier(earlier),
    }


def coupon_names(definition: dict[str, Any]) -> dict[str, str]:
    """Return a coupon's names by language."""
    return definition.get("names") or {}


def receipt(*, clerk: Clerk, redemption: Redemption, at: datetime) -> dict[str, Any]:
    """Lay out what was redeemed, what is to be handed over, and who may undo it until when."""
    answer = msgspec.convert(redemption.quote, RedemptionAnswer)
    applied = answer.applied[0] if answer.applied else None
    is_standing = redemption.status == Redemption.Status.REDEEMED
    is_own = desk.is_own(clerk=clerk, redemption=redemption, at=at)
    uses = redemption.uses.select_related("code__coupon")
    use = uses.first()
    code = use.code if use else None
    return {
        "row": redemption,
        "status": Redemption.Status(redemption.status).label,
        "is_standing": is_standing,
        "answer": answer,
        "applied": applied,
        "takes_off": _takes_off(applied),
        "gifts": goods_named(merchant=clerk.merchant, gifts=applied.gifts if applied else []),
        "prize": applied.prize if applied and applied.prize is not msgspec.UNSET else None,
        "whose": masked(redemption.customer.ref) if redemption.customer else "",
        "entries": (code.uses, code.max_uses) if code and _has_entries(code.max_uses) else None,
        "when": when(redemption.created_at),
        "who": who(redemption.actor),
        "may_undo": is_standing and (is_own or desk.may_supervise(clerk=clerk)),
        "needs_reason": not is_own,
        "until": when(desk.undone_until(redemption=redemption)) if is_own else "",
        "comes_back": _comes_back(applied=applied, coupon=code.coupon if code else None),
    }


def _comes_back(*, applied: AppliedAnswer | None, coupon: Coupon | None) -> bool:
    """Say whether an undone use frees the code; else it stays used."""
    if coupon is None or (applied and applied.prize is not msgspec.UNSET):
        return False
    return bool(current_definition(coupon)["return_policy"] != "never")


def goods_named(*, merchant: Merchant, gifts: list[GiftAnswer]) -> list[tuple[int, str]]:
    """Name goods by their product, with how many of each; the SKU where it has no name."""
    known = catalogue.known(merchant=merchant, skus=[gift.sku for gift in gifts]) if gifts else {}
    return [
        (gift.quantity, (known[gift.sku].name if gift.sku in known else "") or gift.sku)
        for gift in gifts
    ]


def masked(name: str) -> str:
    """Show of a name what lets its owner be recognised and nobody else learn it."""
    if not name.isascii():
        return f"{name[:1]}**"
    return f"{name[: min(3, len(name) // 2)]}***"


def _words(*, coupon: Coupon, definition: dict[str, Any]) -> Words:
    said = face.terms_of(merchant=coupon.merchant, definition=definition)
    return said.get(language_of(get_language())) or next(iter(said.values()))


def _has_entries(most: int | None) -> bool:
    return most is not None and most > 1


def _takes_off(applied: AppliedAnswer | None) -> str:
    """Return what a code takes off goods and shipping; empty where that is nothing."""
    if applied is None:
        return ""
    amounts = [applied.discount, applied.shipping_discount]
    return next((each for each in amounts if any(c in "123456789" for c in each)), "")


def _earlier(use: Use | None) -> dict[str, str] | None:
    if use is None:
        return None
    return {
        "when": when(use.created_at),
        "who": who(use.redemption.actor),
        "address": reverse("desk:redeemed", args=[use.redemption_id]),
    }


def listed(*, rows: list[Redemption]) -> list[dict[str, Any]]:
    """Lay redemptions out as a list."""
    return [
        {
            "address": reverse("desk:redeemed", args=[row.pk]),
            "order": row.order_ref,
            "when": when(row.created_at),
            "status": Redemption.Status(row.status).label,
            "whose": masked(row.customer.ref) if row.customer else _("Guest"),
            "name": row.quote["applied"][0]["name"],
        }
        for row in rows
    ]
