"""What a shop's programs tell of: each event kept once, and the orders kept up to date."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from campaigns import activity, customers
from campaigns.activity import Happening
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid
from redemption import orders
from redemption.orders import News
from redemption.shapes import OrderData


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, with what it tells of an order, if it is one of an order."""

    happening: Happening
    order: OrderData | None = None


@dataclass(slots=True)
class TakenIn:
    """What became of the events of one call; errors by the place of the event."""

    accepted: int = 0
    duplicates: int = 0
    errors: list[tuple[int, FieldError]] = field(default_factory=list)


def take_in(*, caller: Caller, events: Mapping[int, Event], at: datetime) -> TakenIn:
    """Store what is new of these events and bring orders up to date, in one transaction.

    `events` are sound by themselves, by their place in the call; what contradicts a known
    order is told in `errors`, and the others are taken in. Raises `TryAgain`.
    """
    merchant = caller.merchant
    done = TakenIn()
    with transaction.atomic():
        # 1. What the orders' events say, in the currency of each order.
        news = _news(caller=caller, events=events, errors=done.errors)
        good = [place for place, event in events.items() if event.order is None or place in news]
        first: dict[str, int] = {}
        for place in good:
            first.setdefault(events[place].happening.id, place)
        happenings = [events[place].happening for place in first.values()]
        # 2. The customers, locked before anything refers to them.
        ids = customers.known_or_new(
            merchant=merchant, refs={h.customer for h in happenings if h.customer}, at=at
        )
        # 3. The events: the ones that are new here decide what counts below.
        fresh = activity.record(merchant=merchant, happenings=happenings, customers=ids, at=at)
        # 4. The orders, and with them their customers' paid orders.
        orders.keep(
            merchant=merchant,
            news=[news[first[event]] for event in fresh if first[event] in news],
            customer_ids=ids,
            channel_id=caller.channel_id,
        )
    done.accepted = len(fresh)
    done.duplicates = len(good) - len(fresh)
    return done


def _news(
    *, caller: Caller, events: Mapping[int, Event], errors: list[tuple[int, FieldError]]
) -> dict[int, News]:
    told = {place: event.order for place, event in events.items() if event.order is not None}
    if not told:
        return {}
    known = orders.currencies(merchant=caller.merchant, refs={data.order for data in told.values()})
    news: dict[int, News] = {}
    # Those that say everything first: the others may then leave out what these say.
    whole = [p for p, data in told.items() if data.currency is not None and data.total is not None]
    for place in dict.fromkeys([*whole, *told]):
        happening, data = events[place].happening, told[place]
        try:
            news[place] = orders.read(
                type=happening.type,
                data=data,
                customer=happening.customer,
                at=happening.occurred_at,
                known=known.get(data.order, ""),
            )
        except Invalid as error:
            errors += [(place, FieldError(f"data.{e.field}", e.message)) for e in error.errors]
            continue
        known.setdefault(data.order, news[place].currency)
    return news
