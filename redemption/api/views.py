"""Checkout over the API: price a cart, redeem, look redemptions up."""

import time
import uuid
from contextlib import suppress
from datetime import datetime
from functools import partial

import msgspec
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from rest_framework.request import Request

from coupons import coding
from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import Slot, once_beside
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from coupons.models import Code
from redemption import checkout, guessing, qualifying, refusing
from redemption.answers import stored_answer
from redemption.api.confirming import ConfirmingEndpoint
from redemption.errors import CouponRejected, TooManyAttempts
from redemption.models import Redemption, Use
from redemption.shapes import (
    CartBody,
    QualificationAnswer,
    QuoteAnswer,
    RedemptionAnswer,
    RedemptionBody,
    RejectedAnswer,
)
from redemption.statements import Statement


class ValidationsEndpoint(ConfirmingEndpoint):
    """Carts to be priced."""

    scopes = {"POST": ("checkout",)}

    @describes(summary="Price a cart with its codes", body=CartBody, answers={200: QuoteAnswer})
    def post(self, request: Request) -> HttpResponse:
        """Price a cart; changes nothing."""

        def work(caller: Caller) -> HttpResponse:
            body = read(plain(request), CartBody)
            guessing.refuse(caller=caller, body=body, now=time.time())
            quote = checkout.validate(caller=caller, body=body, at=self.at)
            guessing.count(caller=caller, body=body, rejected=quote.rejected, now=time.time())
            return answer(quote)

        return self.answered(request, work)


class QualificationsEndpoint(Endpoint):
    """Carts to be told what they could use."""

    scopes = {"POST": ("checkout",)}

    @describes(
        summary="Find the coupons that a cart could use, and the best of them together",
        body=CartBody,
        answers={200: QualificationAnswer},
    )
    def post(self, request: Request) -> HttpResponse:
        """Try the cart's codes and the coupons open to all; changes nothing."""
        caller, body = caller_of(request), read(plain(request), CartBody)
        guessing.refuse(caller=caller, body=body, now=time.time())
        found = qualifying.qualifications(caller=caller, body=body, at=self.at)
        guessing.count(caller=caller, body=body, rejected=found.unusable, now=time.time())
        return answer(found)


class RedemptionsEndpoint(ConfirmingEndpoint):
    """Redemptions."""

    scopes = {"GET": ("redeem",), "POST": ("redeem",)}

    @describes(
        summary="Redeem the codes of a cart on an order",
        body=RedemptionBody,
        answers={201: RedemptionAnswer, 200: RedemptionAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Redeem; the same order, codes and cart again answer the same redemption."""
        return self.answered(request, lambda caller: self._work(request, caller))

    def _work(self, request: Request, caller: Caller) -> HttpResponse:
        body = read(plain(request), RedemptionBody)
        with refusing.kept() as noted:

            def work(slot: Slot | None) -> HttpResponse:
                with noted:
                    done = _redeemed(caller=caller, body=body, at=self.at, slot=slot)
                return answer(msgspec.Raw(done.encoded), status=201 if done.created else 200)

            return checkout.retried(
                lambda: once_beside(request=plain(request), caller=caller, at=self.at, work=work),
                at=self.at,
            )

    @describes(
        summary="List redemptions",
        answers={200: Page[RedemptionAnswer]},
        query={
            "order": "Of this order.",
            "code": "That used this code.",
            "customer": "Of this customer.",
            "status": "In this status.",
            "created_after": "Made after this time (ISO 8601 with offset).",
            **QUERY,
        },
        errors=(422,),
    )
    def get(self, request: Request) -> HttpResponse:
        """List redemptions, the newest first."""
        asked = request.query_params
        rows = Redemption.objects.of(caller_of(request).merchant)
        if order := asked.get("order"):
            rows = rows.of_order(caller_of(request).merchant, order)
        if customer := asked.get("customer"):
            rows = rows.filter(customer__ref=customer)
        if status := asked.get("status"):
            if status not in Redemption.Status.values:
                raise Invalid(errors=[FieldError("status", "There is no such status.")])
            rows = rows.in_status(status, self.at)
        if after := asked.get("created_after"):
            rows = rows.filter(created_at__gt=_instant(after))
        if code := asked.get("code"):
            codes = Code.objects.met_in(caller_of(request).merchant)
            known = list(codes.filter(text=coding.normal_form(code)).values_list("pk", flat=True))
            of_code = Use.objects.filter(redemption=OuterRef("pk"), code__in=known)
            rows = rows.filter(Exists(of_code))
        return paginated(
            request=request,
            rows=rows,
            ordering=("-created_at", "-id"),
            shape=partial(stored_answer, at=self.at),
        )


class RedemptionEndpoint(Endpoint):
    """One redemption."""

    scopes = {"GET": ("redeem",)}

    @describes(summary="Read a redemption", answers={200: RedemptionAnswer}, errors=(404,))
    def get(self, request: Request, redemption_id: uuid.UUID) -> HttpResponse:
        """Read a redemption as it was answered, with its status of today."""
        row = Redemption.objects.of(caller_of(request).merchant).filter(pk=redemption_id).first()
        if row is None:
            raise NotFound("There is no such redemption.")
        return answer(stored_answer(row, at=self.at))


def _redeemed(
    *,
    caller: Caller,
    body: RedemptionBody,
    at: datetime,
    slot: Slot | None,
) -> checkout.Redeemed:
    """Redeem for whoever is not guessing, and count the wrong codes."""
    try:
        guessing.refuse(caller=caller, body=body, now=time.time())
    except TooManyAttempts:
        if slot:
            slot.look()  # what was answered before is answered again
        raise
    try:
        done = checkout.redeem(
            caller=caller,
            body=body,
            at=at,
            ahead=slot,
            beside=partial(_kept, slot=slot) if slot else None,
        )
    except CouponRejected as error:
        rejected = msgspec.convert(error.extra["rejected"], list[RejectedAnswer])
        guessing.count(caller=caller, body=body, rejected=rejected, now=time.time())
        raise
    # What was taken is taken and told; the next call is refused.
    with suppress(TooManyAttempts):
        guessing.count(caller=caller, body=body, rejected=done.answer.rejected, now=time.time())
    return done


def _kept(_redemption: uuid.UUID, answer: bytes, *, slot: Slot) -> list[Statement]:
    return [slot.statement(answer, status=201)]


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(errors=[FieldError("created_after", "An ISO 8601 time with offset.")])
    return at
