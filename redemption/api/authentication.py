"""Who calls the API: `Authorization: Api-Key <key>`."""

from datetime import datetime

from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from coupons import clock
from coupons.api.client_address import client_address
from coupons.caller import Caller
from coupons.errors import HexiaoError
from redemption import keys, networks

SCHEME = "Api-Key"


class NotAuthenticated(HexiaoError):
    """No key, or none that works."""

    code, status, title = "not_authenticated", 401, "A valid API key is needed"


class IpNotAllowed(HexiaoError):
    """A key that works, but not from where the call comes."""

    code, status, title = "ip_not_allowed", 403, "The key may not be used from there"


class ApiKeyAuthentication(BaseAuthentication):
    """Turn the header into a `Caller`.

    Endpoints that confirm a remembered caller with their own first query get one.
    """

    def authenticate(self, request: Request, *, remember: bool = True) -> tuple[Caller, None]:
        """Return the caller; raise `NotAuthenticated` without a usable key, `IpNotAllowed`.

        Without `remember` the database is asked, whatever the endpoint.
        """
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower() or not key:
            raise NotAuthenticated("Send the header Authorization: Api-Key <key>.")
        at = clock.now(request._request)
        view = (request.parser_context or {}).get("view")
        confirms = remember and request.method in getattr(view, "confirms_caller", ())
        met = keys.remembered(key=key.strip(), at=at) if confirms else None
        # One that is refused may have got other networks since; that is looked up.
        if met and _is_at_home(met, request._request):
            return met, None
        caller = known(key=key.strip(), at=at)
        if not _is_at_home(caller, request._request):
            raise IpNotAllowed(
                f"The call comes from {client_address(request._request) or 'an unknown address'}."
            )
        return caller, None

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in a 401."""
        return SCHEME


def known(*, key: str, at: datetime) -> Caller:
    """Return whom a key stands for; raise `NotAuthenticated` if nobody."""
    caller = keys.caller_for(key=key, at=at)
    if caller is None:
        raise NotAuthenticated("The API key is unknown, revoked or past its end.")
    return caller


def _is_at_home(caller: Caller, request: HttpRequest) -> bool:
    return not caller.networks or networks.contains(
        networks=caller.networks, address=client_address(request)
    )


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI document tells of it."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Describe the header."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"{SCHEME} <key>",
        }
