"""The hot paths: a caller met before is confirmed by the work's own query."""

from collections.abc import Callable

from django.http import HttpResponse
from rest_framework.request import Request

from coupons import planning
from coupons.api.endpoint import Endpoint, caller_of
from coupons.caller import Caller
from coupons.errors import HexiaoError
from redemption.api.authentication import ApiKeyAuthentication
from redemption.errors import StaleCaller
from redemption.keys import on_a_living_connection


class ConfirmingEndpoint(Endpoint):
    """An endpoint whose work reads the facts, and with them the caller's stamp.

    What is answered without having come that far (a refused body, an answer kept for an
    `Idempotency-Key`) is answered only after the key has been looked up.
    """

    confirms_caller = ("POST",)

    def answered(self, request: Request, work: Callable[[Caller], HttpResponse]) -> HttpResponse:
        """Do the work for the caller, or for whom the key stands for now."""
        caller = caller_of(request)
        on_a_living_connection(ask=planning.once)
        if not caller.stamp:
            return work(caller)
        try:
            response = work(caller)
        except HexiaoError as error:
            current = self._looked_up(request)
            if isinstance(error, StaleCaller):
                return work(current)
            raise
        if "Idempotent-Replayed" in response:
            self._looked_up(request)
        return response

    def _looked_up(self, request: Request) -> Caller:
        """Authenticate from the database; raise if the key is revoked or does less now."""
        caller, _ = ApiKeyAuthentication().authenticate(request, remember=False)
        request.user = caller  # type: ignore[assignment]
        self.check_permissions(request)
        return caller
