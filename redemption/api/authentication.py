"""Who calls the API: `Authorization: Api-Key <key>`."""

from datetime import datetime

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from coupons import clock
from coupons.caller import Caller
from coupons.errors import HexiaoError
from redemption import keys

SCHEME = "Api-Key"


class NotAuthenticated(HexiaoError):
    """No key, or none that works."""

    code, status, title = "not_authenticated", 401, "A valid API key is needed"


class ApiKeyAuthentication(BaseAuthentication):
    """Turn the header into a `Caller`.

    Endpoints that confirm a remembered caller with their own first query get one.
    """

    def authenticate(self, request: Request, *, remember: bool = True) -> tuple[Caller, None]:
        """Return the caller; raise `NotAuthenticated` without a usable key.

        Without `remember` the database is asked, whatever the endpoint.
        """
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower() or not key:
            raise NotAuthenticated("Send the header Authorization: Api-Key <key>.")
        at = clock.now(request._request)
        view = (request.parser_context or {}).get("view")
        confirms = remember and request.method in getattr(view, "confirms_caller", ())
        if confirms and (met := keys.remembered(key=key.strip(), at=at)):
            keys.close_if_cut()
            return met, None
        return known(key=key.strip(), at=at), None

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in a 401."""
        return SCHEME


def known(*, key: str, at: datetime) -> Caller:
    """Return whom a key stands for; raise `NotAuthenticated` if nobody."""
    caller = keys.caller_for(key=key, at=at)
    if caller is None:
        raise NotAuthenticated("The API key is unknown, revoked or past its end.")
    return caller


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
