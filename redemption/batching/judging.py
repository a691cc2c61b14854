"""What would become of rows: the facts of all of them in one look, then the pure engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from coupons import rates
from coupons.caller import Caller
from coupons.errors import Invalid
from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.exchange import NO_RATES, Rates, needs_rates
from coupons.reasons import language_of
from redemption.answers import rejected_answer
from redemption.batching.staging import BAD_ROW
from redemption.carts import check
from redemption.checkout import entry_for
from redemption.facts import Facts, gather_each
from redemption.models import BatchRow, Method, Redemption, RedemptionBatch
from redemption.refusing import Attempt
from redemption.shapes import CartLine, RedemptionBody
from redemption.taking import Entry

Outcome = BatchRow.Outcome

#: How the one line of a row's cart is called: a file knows an order's worth, not its goods.
LINE, SKU = "1", "-"


class AskedRow(NamedTuple):
    """What one row asks for, and how it stands: columns of `BatchRow`."""

    number: int
    code: str
    order: str
    amount: str
    redeemed_at: datetime | None
    outcome: str
    redemption_ref: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one row."""

    row: AskedRow
    outcome: str
    reason: str = ""
    message: str = ""
    #: The redemption that was found or made.
    redemption: UUID | None = None
    #: What is to be written, where it can be redeemed.
    entry: Entry | None = None
    #: Something beside the counters belongs to it, so it is redeemed by itself.
    is_alone: bool = False
    #: What is to be kept, where the engine refused it.
    attempt: Attempt | None = None


def caller_for(*, batch: RedemptionBatch, actor: str) -> Caller:
    """Return who redeems a batch: whoever said so, through the key that it came by."""
    channel = batch.channel
    return Caller(
        merchant=batch.merchant,
        actor=actor,
        channel_id=channel.pk if channel else None,
        channel=channel.slug if channel else None,
        method=Method.BATCH.value,
        key=batch.key or None,
    )


def body_of(*, batch: RedemptionBatch, row: AskedRow, hold_minutes: int = 0) -> RedemptionBody:
    """Return what a row asks for, as a checkout would."""
    line = CartLine(id=LINE, sku=SKU, quantity=1, unit_price=row.amount, category="", on_sale=False)
    return RedemptionBody(
        currency=batch.merchant.currency,
        lines=[line] if row.amount else [],
        codes=[row.code],
        order=row.order,
        language=batch.language,
        hold=bool(hold_minutes),
        hold_minutes=hold_minutes or 15,
    )


def judged(
    *,
    batch: RedemptionBatch,
    caller: Caller,
    rows: Sequence[AskedRow],
    at: datetime,
    held_until: datetime | None = None,
) -> list[Verdict]:
    """Judge rows against what one look has found, each as if it were the only one."""
    carts = [(row.code, row.order) for row in rows]
    found = gather_each(caller=caller, carts=carts, at=at)
    judge = _Judge(batch, caller, at, held_until)
    return [judge.verdict(row, facts) for row, facts in zip(rows, found, strict=True)]


@dataclass(slots=True)
class _Judge:
    batch: RedemptionBatch
    caller: Caller
    at: datetime
    held_until: datetime | None
    #: The exchange rates of each of the merchant's days that was asked for.
    _rates: dict[date, Rates] = field(default_factory=dict)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.batch.merchant.time_zone)

    def verdict(self, row: AskedRow, facts: Facts) -> Verdict:
        if earlier := _earlier(row, facts):
            return Verdict(row=row, outcome=Outcome.ALREADY, redemption=earlier)
        body = body_of(batch=self.batch, row=row)
        try:
            entry = entry_for(
                caller=self.caller,
                checked=check(body),
                body=body,
                facts=facts,
                method=Method.BATCH.value,
                at=row.redeemed_at or self.at,
                held_until=self.held_until,
                rates=self._rates_for,
            )
        except Invalid as error:
            return refused(row=row, error=error)
        if entry.quote.rejected:
            return self._rejected(row, entry)
        is_draw = any(code.prizes for code in facts.codes.values())
        if is_draw and self.batch.all_or_nothing:
            return Verdict(row=row, outcome=Outcome.FAILED, reason=BAD_ROW, message=_NO_HOLD)
        lapsed = facts.lapsed or any(code.has_lapsed_holds for code in facts.codes.values())
        return Verdict(
            row=row, outcome=Outcome.READY, entry=entry, is_alone=is_draw or bool(lapsed)
        )

    def _rejected(self, row: AskedRow, entry: Entry) -> Verdict:
        zones = entry.facts.zones()
        first = entry.quote.rejected[0]
        told = rejected_answer(
            first,
            currency=entry.quote.currency,
            time_zone=zones.get(first.slug or "", "UTC"),
            language=language_of(self.batch.language),
        )
        return Verdict(
            row=row,
            outcome=Outcome.FAILED,
            reason=told.reason,
            message=told.message,
            attempt=Attempt(
                caller=self.caller,
                order=row.order,
                case=entry.case,
                quote=entry.quote,
                asked_at=self.at,
            ),
        )

    def _rates_for(
        self, *, caller: Caller, cart: Cart, candidates: Sequence[Candidate], at: datetime
    ) -> Rates:
        """Read the rates of each of the merchant's days once."""
        day = at.astimezone(self._zone).date()
        wanted = any(
            each.terms and needs_rates(terms=each.terms, currency=cart.currency)
            for each in candidates
        )
        if not wanted:
            return NO_RATES
        if day not in self._rates:
            self._rates[day] = rates.newest(merchant=caller.merchant, at=at)
        return self._rates[day]


_NO_HOLD = "code|A draw is revealed at once, so it cannot wait for the other rows."


def _earlier(row: AskedRow, facts: Facts) -> UUID | None:
    """Return the redemption in which the order has used the code already."""
    for use in facts.standing:
        if use.is_own and use.code == row.code and use.status != Redemption.Status.HELD:
            return UUID(use.redemption_id)
    return None


def refused(*, row: AskedRow, error: Invalid) -> Verdict:
    """Say what is wrong with a row that makes no sense."""
    told = error.errors[0].message if error.errors else error.detail
    return Verdict(row=row, outcome=Outcome.FAILED, reason=BAD_ROW, message=f"|{told}")
