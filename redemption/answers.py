"""From the engine's quote to the body of an answer."""

import uuid
from datetime import UTC, datetime
from functools import partial

import msgspec

from coupons.follow_ups import FollowUp
from coupons.pricing.money import format_amount
from coupons.pricing.quote import Applied, Quote, Rejected
from coupons.pricing.terms import CouponTerms, Prize
from coupons.reasons import in_language, language_of, sentence
from redemption.models import Redemption
from redemption.shapes import (
    AppliedAnswer,
    FollowUpAnswer,
    GiftAnswer,
    LineAnswer,
    LineDiscount,
    QuoteAnswer,
    ReasonAnswer,
    RedemptionAnswer,
    RejectedAnswer,
)


def quote_answer(
    *, quote: Quote, zones: dict[str, str], language: str | None = None
) -> QuoteAnswer:
    """Write a quote in the form of the contract; `zones` are the coupons' time zones by slug."""
    language = language_of(language)
    money = partial(format_amount, currency=quote.currency)
    return QuoteAnswer(
        valid=quote.valid,
        currency=quote.currency,
        subtotal=money(quote.subtotal),
        member_discount=money(quote.member_discount),
        discount=money(quote.discount),
        shipping=money(quote.shipping),
        shipping_discount=money(quote.shipping_discount),
        tax=money(quote.tax),
        tax_included=quote.tax_included,
        payable=money(quote.payable),
        applied=[
            applied_answer(each, currency=quote.currency, language=language)
            for each in quote.applied
        ],
        rejected=[
            rejected_answer(
                each,
                currency=quote.currency,
                time_zone=zones.get(each.slug or "", "UTC"),
                language=language,
            )
            for each in quote.rejected
        ],
        lines=[
            LineAnswer(
                id=line.id,
                discount=money(line.discount),
                final_price=money(line.final_price),
                order=line.order or None,
            )
            for line in quote.lines
        ],
    )


def redemption_answer(
    *,
    quote: Quote,
    zones: dict[str, str],
    language: str | None,
    redemption: uuid.UUID,
    status: str,
    order: str,
    created_at: datetime,
    expires_at: datetime | None = None,
    follow_up: FollowUp | None = None,
) -> RedemptionAnswer:
    """Write a redemption in the form of the contract."""
    quoted = quote_answer(quote=quote, zones=zones, language=language)
    thanks = [
        in_language(applied.terms.thank_yous, language, otherwise=applied.terms.thank_you)
        for applied in quote.applied
    ]
    return RedemptionAnswer(
        **{name: getattr(quoted, name) for name in quoted.__struct_fields__},
        id=str(redemption),
        status=status,
        order=order,
        created_at=iso(created_at),
        expires_at=iso(expires_at) if expires_at else None,
        thank_you="\n".join(text for text in thanks if text) or None,
        follow_up=_followed(follow_up, language),
    )


def _followed(follow_up: FollowUp | None, language: str | None) -> FollowUpAnswer | None:
    if follow_up is None:
        return None
    name = in_language(follow_up.names, language, otherwise=follow_up.name)
    return FollowUpAnswer(coupon=follow_up.slug, name=name)


def stored_answer(redemption: Redemption, *, at: datetime) -> RedemptionAnswer:
    """Return a redemption's answer as it was given, with where it stands at that instant."""
    answer = msgspec.convert(redemption.quote, RedemptionAnswer)
    answer.status = redemption.status_at(at)
    answer.expires_at = iso(redemption.expires_at) if redemption.expires_at else None
    return answer


def iso(at: datetime) -> str:
    """Write an instant as the contract does, in UTC."""
    return at.astimezone(UTC).isoformat()


def applied_answer(applied: Applied, *, currency: str, language: str) -> AppliedAnswer:
    """Write one code that applies."""
    return AppliedAnswer(
        code=applied.code,
        coupon=applied.terms.slug,
        name=name_in(applied.terms, language),
        kind=applied.terms.kind.value,
        discount=format_amount(applied.discount, currency),
        shipping_discount=format_amount(applied.shipping_discount, currency),
        lines=[
            LineDiscount(id=line, discount=format_amount(minor, currency))
            for line, minor in applied.lines
        ],
        gifts=[GiftAnswer(sku=gift.sku, quantity=gift.quantity) for gift in applied.gifts],
    )


def rejected_answer(
    rejected: Rejected, *, currency: str, time_zone: str, language: str
) -> RejectedAnswer:
    """Write one code that does not apply, with a sentence for every reason."""
    reasons = [
        ReasonAnswer(
            reason=refusal.reason.value,
            message=sentence(refusal, currency=currency, time_zone=time_zone, language=language),
            missing=_amount(refusal.missing, currency),
            would_save=_amount(refusal.would_save, currency),
        )
        for refusal in rejected.refusals
    ]
    return RejectedAnswer(
        code=rejected.code,
        coupon=rejected.slug,
        reason=reasons[0].reason,
        message=reasons[0].message,
        reasons=reasons,
    )


def _amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else format_amount(minor, currency)


def name_in(terms: CouponTerms | Prize, language: str) -> str:
    """Return the name of a coupon or a prize in a language, or its own."""
    return terms.names.get(language, terms.name)
