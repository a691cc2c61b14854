"""`POST /events`: what the shop's programs tell of."""

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request

from campaigns.activity import Happening
from coupons.api.bodies import MAX_LEVELS, field_error, is_deeper, read
from coupons.api.bulk import BulkError, each_read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.errors import FieldError, Invalid
from redemption import events, orders
from redemption.events import Event
from redemption.shapes import EventBody, EventsBody, OrderData


class EventsAnswer(msgspec.Struct):
    """How many events were new and how many known, and what was wrong with the others."""

    accepted: int
    duplicates: int
    errors: list[BulkError]


class EventsEndpoint(Endpoint):
    """Events."""

    scopes = {"POST": ("events",)}

    @describes(
        summary="Tell of up to 500 events; each counts once",
        body=EventsBody,
        answers={200: EventsAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Take in up to 500 events; bad ones are told, the others kept."""
        caller = caller_of(request)
        body = read(plain(request), EventsBody)

        def work() -> HttpResponse:
            good, errors = each_read(rows=body.events, shape=EventBody, then=event_of)
            done = events.take_in(caller=caller, events=good, at=self.at)
            errors += [BulkError(index, e.field, e.message) for index, e in done.errors]
            errors.sort(key=lambda error: error.index)
            return answer(EventsAnswer(done.accepted, done.duplicates, errors))

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def event_of(body: EventBody) -> Event:
    """Turn a body into an event; `Invalid` names what is wrong."""
    errors = []
    if not 1970 <= body.occurred_at.year <= 9000:
        errors.append(FieldError("occurred_at", "A time in the years 1970 to 9000."))
    is_order = body.type in orders.TYPES
    if body.customer is None and not is_order:
        errors.append(FieldError("customer", "Say whose it is; only an order may be a guest's."))
    if is_deeper(body.data, levels=MAX_LEVELS):
        errors.append(FieldError("data", f"At most {MAX_LEVELS} levels deep."))
    if errors:
        raise Invalid(errors=errors)
    order, data = _order_of(body.data) if is_order else (None, body.data)
    happening = Happening(
        id=body.id,
        type=body.type.value,
        customer=body.customer,
        occurred_at=body.occurred_at,
        data=data,
    )
    return Event(happening=happening, order=order)


def _order_of(data: dict[str, Any]) -> tuple[OrderData, dict[str, Any]]:
    """Read what is told of an order, and what of it to keep with the event.

    The lines are kept with the order.
    """
    try:
        order = msgspec.convert(data, OrderData)
    except msgspec.ValidationError as error:
        wrong = field_error(error)
        raise Invalid(errors=[FieldError(f"data.{wrong.field}", wrong.message)]) from error
    return order, {name: value for name, value in data.items() if name != "lines"}
