"""Why a code does not apply, as a sentence in the cart's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf.locale import LANG_INFO
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from coupons.pricing.money import format_amount
from coupons.pricing.quote import Reason, Refusal

#: One sentence a reason. A name in brackets is one of the refusal's parameters.
SENTENCES: Mapping[Reason, Any] = {
    Reason.CODE_NOT_FOUND: _("There is no such code."),
    Reason.CODE_REVOKED: _("This code has been withdrawn."),
    Reason.ALREADY_APPLIED: _("This code is in the cart already."),
    Reason.NOT_PUBLISHED: _("This coupon is not out yet."),
    Reason.NOT_STARTED: _("This coupon is valid from %(starts_at)s on."),
    Reason.EXPIRED: _("This coupon is no longer valid."),
    Reason.PAUSED: _("This coupon is not available at the moment."),
    Reason.ALREADY_REDEEMED: _("This code has been used."),
    Reason.HELD: _("This code is reserved by another order at the moment."),
    Reason.CUSTOMER_REQUIRED: _("Sign in to use this coupon."),
    Reason.NOT_OWNER: _("This code belongs to another customer."),
    Reason.CLAIM_REQUIRED: _("Claim this coupon before you use it."),
    Reason.USAGE_LIMIT_REACHED: _("All of these coupons have been used."),
    Reason.DAILY_LIMIT_REACHED: _("All of today's coupons have been used; try again tomorrow."),
    Reason.BUDGET_EXHAUSTED: _("The budget of this coupon has been spent."),
    Reason.CUSTOMER_LIMIT_REACHED: _("You have used this coupon as often as it allows."),
    Reason.OUTSIDE_HOURS: _("This coupon cannot be used at this hour."),
    Reason.METHOD_NOT_ALLOWED: _("This coupon cannot be redeemed this way."),
    Reason.CHANNEL_NOT_ALLOWED: _("This coupon is not valid in this shop."),
    Reason.COUNTRY_NOT_ALLOWED: _("This coupon is not valid in your country."),
    Reason.CURRENCY_NOT_SUPPORTED: _("This coupon is not valid for %(currency)s."),
    Reason.PAYMENT_METHOD_NOT_ALLOWED: _("This coupon is not valid for this way of paying."),
    Reason.PARTNER_REQUIRED: _("This coupon is for orders that come through a partner."),
    Reason.CUSTOMER_NOT_ELIGIBLE: _("This coupon is for certain customers only."),
    Reason.NO_APPLICABLE_ITEMS: _("Nothing in the cart goes with this coupon."),
    Reason.MIN_QUANTITY_NOT_MET: _("%(missing_quantity)s more items are needed for this coupon."),
    Reason.MIN_SPEND_NOT_MET: _("%(missing)s more is needed for this coupon."),
    Reason.MEMBER_PRICE_CONFLICT: _("This coupon does not go with member prices."),
    Reason.NOT_COMBINABLE: _("This coupon does not go together with the others."),
    Reason.NO_EFFECT: _("This coupon would take nothing off this cart."),
    Reason.VERIFICATION_REQUIRED: _("Please confirm that it is you to use this coupon."),
    Reason.RISK_DENIED: _("This coupon cannot be used for this order."),
}

#: What is said in place of `min_spend_not_met` where it is known what would come off.
NEAR_MISS: Any = _("%(missing)s more and you save %(would_save)s with this coupon.")

_LANGUAGES = {"zh": "zh-hans", "en": "en"}


def language_of(asked: str | None) -> str:
    """Choose among the languages there are: Simplified Chinese for any Chinese, else English."""
    return _LANGUAGES.get((asked or "en").lower().replace("_", "-").split("-")[0], "en")


def language_name(tag: str) -> str:
    """Name a language as its own speakers do; the tag itself where it is not known."""
    return str(LANG_INFO.get(tag.lower(), {}).get("name_local", tag))


def in_language(texts: Mapping[str, str], asked: str | None, *, otherwise: str) -> str:
    """Choose the text for a language tag: its own, a wider one's, ours, else `otherwise`."""
    if not texts or not asked:
        return otherwise
    tag = asked.lower().replace("_", "-")
    wider = ["-".join(tag.split("-")[:length]) for length in range(tag.count("-") + 1, 0, -1)]
    ours = [language_of(tag)] if tag[:2] in _LANGUAGES else []
    return next((texts[each] for each in (*wider, *ours) if each in texts), otherwise)


def sentence(refusal: Refusal, *, currency: str, time_zone: str, language: str) -> str:
    """Write the sentence for a refusal; money in `currency`, times in the coupon's zone."""
    values: dict[str, str] = {}
    for name, value in refusal.params.items():
        if isinstance(value, datetime):
            values[name] = f"{value.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}"
        else:
            values[name] = str(value)
    for name, minor in (("missing", refusal.missing), ("would_save", refusal.would_save)):
        if minor is not None:
            values[name] = f"{format_amount(minor, currency)} {currency}"
    values.setdefault("currency", currency)
    with translation.override(language):
        template = str(SENTENCES[refusal.reason] if refusal.would_save is None else NEAR_MISS)
    try:
        return template % values
    except KeyError:  # a parameter the engine did not know
        return template.split("%(", 1)[0].rstrip() or refusal.reason.value
