"""One id through a request, its log lines, its tasks and its answer."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django_structlog.middlewares import RequestMiddleware

SANE = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")


class RequestId:
    """Keep a caller's sane `X-Request-Id`, else make one; the answer carries it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if SANE.fullmatch(given) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        # `headers` is built once from META; build it again with what stands there now.
        request.__dict__.pop("headers", None)
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class RequestLog(RequestMiddleware):
    """Log each request under its route; a path or a query may carry a code or a token."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method and the route, `-` before it is known or where there is none."""
        match = request.resolver_match
        return f"{request.method} {('/' + match.route) if match else '-'}"
