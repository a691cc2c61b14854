"""The decision tree of a cart: every code, every condition, every step, in words."""

from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from coupons.admin.pages import console_page
from coupons.admin.rules_in_words import listed
from coupons.admin.shown import EMPTY, money, number
from coupons.models import Coupon
from coupons.pricing.looks import Look
from coupons.pricing.money import Money, decimals
from coupons.pricing.quote import Reason, UsedRate
from coupons.pricing.terms import CouponTerms
from coupons.pricing.trace import Branch, Note, Remark, Step, Trace
from coupons.reasons import language_of, sentence
from coupons.staff import Area, Right, may
from redemption.admin.why_words import LABELS, found, wanted
from redemption.explaining import Explained, Outcomes

Shown = dict[str, Any]


def why_page(
    *, model_admin: Any, request: HttpRequest, explained: Explained | None, **shown: Any
) -> TemplateResponse:
    """Show an explanation; `shown` are the title and what stands above the tree."""
    return console_page(
        model_admin=model_admin,
        request=request,
        template="why",
        tree=tree(trace=explained.trace, request=request) if explained else None,
        differences=comparison(explained) if explained else [],
        **shown,
    )


def tree(*, trace: Trace, request: HttpRequest) -> Shown:
    """Write a trace for the template; what a customer is like only for those who may see it."""
    cart, quote = trace.case.cart, trace.quote
    sees_customers = may(role=request.role, area=Area.CUSTOMERS, right=Right.VIEW)
    named = [branch.terms.coupon_id for branch in trace.branches if branch.terms]
    # The platform's coupons have no page here.
    rows = Coupon.objects.of(request.merchant).filter(pk__in=named)
    own = set(rows.values_list("pk", flat=True))
    currency = cart.currency
    return {
        "facts": _facts(trace),
        "lines": [
            [
                line.sku,
                line.category or EMPTY,
                number(line.quantity),
                money(line.unit_price, currency),
                money(line.member_discount, currency) if line.member_discount else EMPTY,
                money(line.base, currency),
            ]
            for line in cart.lines
        ],
        "branches": [
            _branch(branch, trace=trace, sees_customers=sees_customers, own=own)
            for branch in trace.branches
        ],
        "order": [branch.code for branch in trace.steps],
        "total": money(quote.saving, currency),
    }


def comparison(explained: Explained) -> list[tuple[str, str, str]]:
    """List the codes of which the stored answer says otherwise: code, then, now."""
    if not explained.differs:
        return []
    codes = dict.fromkeys(code for code, _outcome in [*explained.then, *explained.now])
    rows = [(code, _of(explained.then, code), _of(explained.now, code)) for code in codes]
    return [(code, then, now) for code, then, now in rows if then != now]


def _of(outcomes: Outcomes, code: str) -> str:
    return "; ".join(sorted(outcome for each, outcome in outcomes if each == code)) or EMPTY


def _facts(trace: Trace) -> list[tuple[str, str]]:
    cart = trace.case.cart
    prior = sum(cart.prior.values()) + cart.prior_shipping
    facts = [
        (_("Customer"), cart.shopper.ref or _("a guest")),
        (_("Sales channel"), cart.channel),
        (_("Country"), cart.country),
        (_("Payment method"), cart.payment_method),
        (_("Partner"), cart.partner),
        (_("Shipping"), money(cart.shipping, cart.currency) if cart.shipping else ""),
        (_("Taken off before"), money(prior, cart.currency) if prior else ""),
        (_("Used on the order before"), listed([each.slug for each in trace.case.used_with])),
    ]
    return [(label, text) for label, text in facts if text]


def _branch(branch: Branch, *, trace: Trace, sees_customers: bool, own: Collection[int]) -> Shown:
    terms, currency = branch.terms, trace.case.cart.currency
    asked = [look for look in branch.looks if look.asks]
    reasons = _reasons(branch, currency=currency)
    shown = {
        "code": branch.code,
        "applies": branch.step is not None,
        "passes_alone": branch.passes_alone,
        "looks": [_look(look, branch=branch, sees_customers=sees_customers) for look in asked],
        "quiet": [str(LABELS[look.reason]) for look in branch.looks if not look.asks],
        "failed": sum(look.refusal is not None for look in asked),
        "reasons": reasons,
        "clash": _clash(branch),
        "step": _step(branch.step, currency=currency) if branch.step else None,
        "outcome": reasons[0] if reasons else _taken(branch, currency=currency),
    }
    if terms is not None:
        shown |= {
            "name": terms.names.get(language_of(get_language()), terms.name),
            "version": terms.version,
            "zone": terms.time_zone,
            "url": reverse("admin:coupons_coupon_change", args=[terms.coupon_id])
            if terms.coupon_id in own
            else "",
        }
    return shown


def _look(look: Look, *, branch: Branch, sees_customers: bool) -> Shown:
    zone = branch.terms.time_zone if branch.terms else "UTC"
    is_personal = look.reason is Reason.CUSTOMER_NOT_ELIGIBLE and not sees_customers
    return {
        "passes": look.refusal is None,
        "label": str(LABELS[look.reason]),
        "wanted": wanted(look, zone=zone),
        "found": _("not shown to your role") if is_personal else found(look, zone=zone),
    }


def _reasons(branch: Branch, *, currency: str) -> list[str]:
    zone = branch.terms.time_zone if branch.terms else "UTC"
    language = language_of(get_language())
    return [
        sentence(refusal, currency=currency, time_zone=zone, language=language)
        for refusal in branch.refusals
    ]


def _clash(branch: Branch) -> list[str]:
    """Say of both coupons that cannot go together what each one's group allows."""
    if branch.clash is None or branch.terms is None:
        return []
    return [_group(branch.terms), _group(branch.clash)]


def _group(terms: CouponTerms) -> str:
    said = {"name": terms.name, "group": terms.stacking_group}
    if not terms.stacks_with:
        return _("%(name)s is of group “%(group)s” and goes with no other coupon.") % said
    said["groups"] = listed(sorted(terms.stacks_with))
    return _("%(name)s is of group “%(group)s” and goes with: %(groups)s.") % said


def _taken(branch: Branch, *, currency: str) -> str:
    step = branch.step
    if step is None or branch.terms is None:
        return ""
    if not branch.terms.kind.gives_money:
        gifts = [f"{gift.quantity} × {gift.sku}" for gift in branch.terms.gifts]
        return listed(gifts) if gifts else _("No money")
    return _("%(amount)s off") % {"amount": money(step.taken.saving, currency)}


def _step(step: Step, *, currency: str) -> Shown:
    return {
        "place": step.place,
        "before": money(step.before, currency),
        "taken": money(step.taken.discount, currency),
        "lines": [
            [
                share.line.sku,
                money(share.before, currency),
                money(share.taken, currency),
                money(share.after, currency),
            ]
            for share in (step.shares if step.taken.discount else ())
        ],
        "shipping": _shipping(step, currency=currency),
        "notes": [_note(note, currency=currency) for note in step.notes],
    }


def _shipping(step: Step, *, currency: str) -> str:
    if not step.taken.shipping:
        return ""
    said = {
        "amount": money(step.taken.shipping, currency),
        "before": money(step.shipping_before, currency),
    }
    return _("%(amount)s off the shipping, of which %(before)s remained.") % said


def _note(note: Note, *, currency: str) -> str:
    remark, value = note
    match remark, value:
        case Remark.CAPPED, Money():
            text, said = _("Without its cap it would have been %(value)s."), str(_money(value))
        case Remark.NO_MORE_LEFT, Money():
            text, said = _("It gives %(value)s, but no more than this remained."), _money(value)
        case Remark.BEYOND_MEMBER_PRICES, Money():
            text = _("Counted on undiscounted prices; the %(value)s of member discounts go off it.")
            said = _money(value)
        case Remark.ROUNDED, Fraction():
            text, said = _("Rounded from %(value)s; a half goes up."), _exact(value, currency)
        case Remark.CONVERTED, UsedRate():
            text, said = _("Converted at %(value)s."), _rate(value)
        case _:
            text = _("Shares are rounded down; what was left over, %(value)s of the smallest unit,"
                     " went to the largest fractions.")  # fmt: skip
            said = str(value)
    return text % {"value": said}


def _money(amount: Money) -> str:
    return money(amount.minor, amount.currency)


def _exact(minor: Fraction, currency: str) -> str:
    exact = minor / 10 ** decimals(currency)
    return f"{Decimal(exact.numerator) / Decimal(exact.denominator):f} {currency}"


def _rate(used: UsedRate) -> str:
    rate = Decimal(used.rate.numerator) / Decimal(used.rate.denominator)
    return f"1 {used.from_} = {rate:.6g} {used.to}"
