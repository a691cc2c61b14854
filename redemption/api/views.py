"""Checkout over the API: price a cart, redeem, look redemptions up."""

import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from rest_framework.request import Request

from coupons import coding
from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, json_answer, plain
from coupons.api.idempotency import Slot, once_beside
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from redemption import checkout, qualifying, refusing
from redemption.api.confirming import ConfirmingEndpoint
from redemption.errors import CouponRejected
from redemption.ledger import Statement
from redemption.models import Redemption, Use
from redemption.shapes import (
    CartBody,
    QualificationAnswer,
    QuoteAnswer,
    RedemptionAnswer,
    RedemptionBody,
)


class ValidationsEndpoint(ConfirmingEndpoint):
    """Carts to be priced."""

    scopes = {"POST": ("checkout",)}

    @describes(summary="Price a cart with its codes", body=CartBody, answers={200: QuoteAnswer})
    def post(self, request: Request) -> HttpResponse:
        """Price a cart; changes nothing."""

        def work(caller: Caller) -> HttpResponse:
            body = read(plain(request), CartBody)
            return answer(checkout.validate(caller=caller, body=body, at=self.at))

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
        body = read(plain(request), CartBody)
        found = qualifying.qualifications(caller=caller_of(request), body=body, at=self.at)
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
        return self.answered(request, lambda caller: self._redeemed(request, caller))

    def _redeemed(self, request: Request, caller: Caller) -> HttpResponse:
        body = read(plain(request), RedemptionBody)
        refused: list[CouponRejected] = []

        def work(slot: Slot | None) -> HttpResponse:
            def beside(encoded: bytes) -> list[Statement]:
                return [slot.statement(json_answer(encoded, status=201))] if slot else []

            try:
                done = checkout.redeem(caller=caller, body=body, at=self.at, beside=beside)
            except CouponRejected as error:
                refused.append(error)
                raise
            return answer(done.answer, status=201 if done.created else 200)

        try:
            return checkout.retried(
                lambda: once_beside(request=plain(request), caller=caller, at=self.at, work=work)
            )
        finally:
            # What was rolled back is over; a refusal is kept beside it.
            for error in refused:
                if error.attempt:
                    refusing.keep(attempt=error.attempt)

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
            rows = rows.filter(order_ref=order)
        if customer := asked.get("customer"):
            rows = rows.filter(customer__ref=customer)
        if status := asked.get("status"):
            if status not in Redemption.Status.values:
                raise Invalid(errors=[FieldError("status", "There is no such status.")])
            rows = rows.filter(status=status)
        if after := asked.get("created_after"):
            rows = rows.filter(created_at__gt=_instant(after))
        if code := asked.get("code"):
            of_code = Use.objects.filter(
                redemption=OuterRef("pk"),
                code__merchant=caller_of(request).merchant,
                code__text=coding.normal_form(code),
            )
            rows = rows.filter(Exists(of_code))
        return paginated(
            request=request,
            rows=rows,
            ordering=("-created_at", "-id"),
            shape=checkout.stored_answer,
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
        return answer(checkout.stored_answer(row))


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(errors=[FieldError("created_after", "An ISO 8601 time with offset.")])
    return at
