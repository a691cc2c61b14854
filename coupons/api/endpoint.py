"""The base of every address of the API: who calls, what they may, what they get."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, cast

import msgspec
from django.db import connection
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from coupons import clock, planning
from coupons.caller import Caller
from coupons.errors import FieldError, HexiaoError, Invalid, NotFound

JSON = "application/json"


class MissingScope(HexiaoError):
    """A key that may not do that."""

    code, status, title = "missing_scope", 403, "The key may not do that"


class HasScope(BasePermission):
    """Ask that the key has one of the scopes that the endpoint names for the method."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raise `MissingScope`, naming the scope, unless the key has one."""
        # A HEAD is answered by `get`, so it asks for what a GET asks for.
        method = "GET" if request.method == "HEAD" else request.method
        wanted = view.scopes.get(method, ())  # type: ignore[attr-defined]
        if wanted and not caller_of(request).scopes.intersection(wanted):
            raise MissingScope(f"This needs a key with the scope {' or '.join(wanted)}.")
        return True


class Endpoint(APIView):
    """One address. Subclasses name the scopes per method and make one domain call each."""

    scopes: ClassVar[Mapping[str, tuple[str, ...]]]
    permission_classes = [HasScope]
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    #: The methods that are checkouts: their first query confirms a caller met before.
    confirms_caller: ClassVar[tuple[str, ...]] = ()
    #: The time of the request, read once (`config.clock`).
    at: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Read the clock, then authenticate and check the scope."""
        # The first query is the health check of a kept connection: it is asked once more.
        connection.health_check_done = True  # type: ignore[attr-defined]
        self.at = clock.now(request._request)
        super().initial(request, *args, **kwargs)
        if request.method not in self.confirms_caller:
            planning.anew()
        _refuse_nul(request)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer JSON, whatever is asked for: there is nothing to negotiate."""
        return self.get_renderers()[0], JSON


def _refuse_nul(request: Request) -> None:
    """Refuse a NUL character in the address: PostgreSQL keeps none, so nothing is called so."""
    if "\0" in request._request.path_info:
        raise NotFound("No name has a NUL character.")
    if not request._request.META.get("QUERY_STRING"):
        return
    for name, values in request.query_params.lists():
        if any("\0" in value for value in values):
            raise Invalid(errors=[FieldError(name, "No value has a NUL character.")])


def caller_of(request: Request) -> Caller:
    """Return who calls."""
    return cast(Caller, request.user)


def plain(request: Request) -> HttpRequest:
    """Return Django's request, whose body nobody has read yet."""
    return request._request


_encoder = msgspec.json.Encoder()


def answer(payload: Any, *, status: int = 200) -> HttpResponse:
    """Answer with a payload as JSON."""
    return HttpResponse(_encoder.encode(payload), status=status, content_type=JSON)
