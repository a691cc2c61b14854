"""Returns over the API: of one redemption, or of all of an order."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from rest_framework.request import Request

from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated
from coupons.errors import NotFound
from redemption import reversing
from redemption.answers import stored_answer
from redemption.models import Redemption, Reversal
from redemption.shapes import RedemptionAnswer, ReversalAnswer, ReversalBody, SplitBody
from redemption.splitting import split


class ReversalsEndpoint(Endpoint):
    """Returns of one redemption."""

    scopes = {"GET": ("redeem",), "POST": ("redeem",)}

    @describes(
        summary="Return goods of a redemption, in part or whole",
        body=ReversalBody,
        answers={201: ReversalAnswer, 200: ReversalAnswer},
        errors=(404, 409),
        idempotent=True,
    )
    def post(self, request: Request, redemption_id: uuid.UUID) -> HttpResponse:
        """Return; 200 for a preview, and for a reference that was there already."""
        caller, at = caller_of(request), self.at
        body = read(plain(request), ReversalBody)

        def work() -> HttpResponse:
            done = reversing.reverse(caller=caller, redemption_id=redemption_id, body=body, at=at)
            return answer(done.answer, status=200 if body.preview or not done.created else 201)

        return _once(request=request, body=body, at=at, work=work)

    @describes(
        summary="List the returns of a redemption",
        answers={200: Page[ReversalAnswer]},
        query=QUERY,
        errors=(404, 422),
    )
    def get(self, request: Request, redemption_id: uuid.UUID) -> HttpResponse:
        """List them, the newest first."""
        merchant = caller_of(request).merchant
        if not Redemption.objects.of(merchant).filter(pk=redemption_id).exists():
            raise NotFound("There is no such redemption.")
        return paginated(
            request=request,
            rows=Reversal.objects.of(merchant).filter(redemption=redemption_id),
            ordering=("-created_at", "-id"),
            shape=reversing.stored_answer,
        )


class RefundsEndpoint(Endpoint):
    """Returns of an order."""

    scopes = {"POST": ("redeem",)}

    @describes(
        summary="Return goods of an order, over all its redemptions",
        body=ReversalBody,
        answers={201: list[ReversalAnswer], 200: list[ReversalAnswer]},
        errors=(404, 409),
        idempotent=True,
    )
    def post(self, request: Request, order: str) -> HttpResponse:
        """Return; one answer for each redemption that has some of it."""
        caller, at = caller_of(request), self.at
        body = read(plain(request), ReversalBody)

        def work() -> HttpResponse:
            done = reversing.refund(caller=caller, order=order, body=body, at=at)
            is_new = any(each.created for each in done) and not body.preview
            return answer([each.answer for each in done], status=201 if is_new else 200)

        return _once(request=request, body=body, at=at, work=work)


class SplitsEndpoint(Endpoint):
    """An order that is split after it was paid."""

    scopes = {"POST": ("redeem",)}

    @describes(
        summary="Split an order: put some of its lines under other orders",
        body=SplitBody,
        answers={200: list[RedemptionAnswer]},
        errors=(404, 409),
        idempotent=True,
    )
    def post(self, request: Request, order: str) -> HttpResponse:
        """Split; refunds of the new orders then find the lines that went there."""
        caller, at = caller_of(request), self.at
        body = read(plain(request), SplitBody)

        def work() -> HttpResponse:
            rows = split(caller=caller, order=order, body=body, at=at)
            return answer([stored_answer(row, at=at) for row in rows])

        return once(request=plain(request), caller=caller, at=at, work=work)


def _once(
    *, request: Request, body: ReversalBody, at: datetime, work: Callable[[], HttpResponse]
) -> HttpResponse:
    """Do the work once for an `Idempotency-Key`; a preview is no work, and is never kept."""
    if body.preview:
        return work()
    return once(request=plain(request), caller=caller_of(request), at=at, work=work)
