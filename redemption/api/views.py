"""Checkout over the API: price a cart, redeem, look redemptions up."""

import uuid
from datetime import datetime
from functools import partial

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from rest_framework.request import Request

from coupons import coding
from coupons.api.bodies import raw_body, read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, json_answer, plain
from coupons.api.idempotency import Slot, once, once_beside
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from redemption import checkout, holds, qualifying, refusing
from redemption.answers import stored_answer
from redemption.api.confirming import ConfirmingEndpoint
from redemption.confirming import confirm
from redemption.errors import CouponRejected
from redemption.ledger import Statement
from redemption.models import Redemption, Use
from redemption.shapes import (
    CartBody,
    ConfirmationBody,
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
                lambda: once_beside(request=plain(request), caller=caller, at=self.at, work=work),
                at=self.at,
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


class ConfirmationEndpoint(Endpoint):
    """The confirmation of a hold."""

    scopes = {"POST": ("redeem",)}

    @describes(
        summary="Confirm a held redemption, priced again if a cart is sent",
        body=ConfirmationBody,
        answers={200: RedemptionAnswer},
        errors=(404, 409),
        idempotent=True,
    )
    def post(self, request: Request, redemption_id: uuid.UUID) -> HttpResponse:
        """Confirm; an empty body confirms it as it was held."""
        caller, at = caller_of(request), self.at
        is_empty = raw_body(plain(request)).strip() in (b"", b"{}")
        body = None if is_empty else read(plain(request), ConfirmationBody)

        def work() -> HttpResponse:
            confirmed = confirm(caller=caller, redemption_id=redemption_id, body=body, at=at)
            return answer(confirmed)

        return checkout.retried(
            lambda: once(request=plain(request), caller=caller, at=at, work=work), at=at
        )


class ReleaseEndpoint(Endpoint):
    """The end of a hold."""

    scopes = {"POST": ("redeem",)}

    @describes(
        summary="Let a held redemption go",
        answers={200: RedemptionAnswer},
        errors=(404, 409),
        idempotent=True,
    )
    def post(self, request: Request, redemption_id: uuid.UUID) -> HttpResponse:
        """Release; what is released already stays so."""
        caller, at = caller_of(request), self.at

        def work() -> HttpResponse:
            row = holds.release(caller=caller, redemption_id=redemption_id, at=at)
            return answer(stored_answer(row, at=at))

        return once(request=plain(request), caller=caller, at=at, work=work)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(errors=[FieldError("created_after", "An ISO 8601 time with offset.")])
    return at
