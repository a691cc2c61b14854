"""Holds over the API: confirmed, or let go."""

import uuid

from django.http import HttpResponse
from rest_framework.request import Request

from coupons.api.bodies import raw_body, read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from redemption import checkout, holds, refusing
from redemption.answers import stored_answer
from redemption.confirming import confirm
from redemption.shapes import ConfirmationBody, RedemptionAnswer


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

        with refusing.kept() as noted:

            def work() -> HttpResponse:
                with noted:
                    confirmed = confirm(
                        caller=caller, redemption_id=redemption_id, body=body, at=at
                    )
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
