"""The one place where errors become HTTP answers."""

import sys

import structlog
from django.conf import settings
from django.contrib import admin
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from psycopg import errors as pg
from rest_framework import exceptions
from rest_framework.views import set_rollback

from coupons.api.problem import problem, problem_of
from coupons.errors import HexiaoError
from coupons.outages import is_outage
from redemption.api.authentication import SCHEME, NotAuthenticated
from redemption.errors import TryAgain

log = structlog.get_logger(__name__)

#: How soon a database that went away may be back, in seconds.
DATABASE_RETRY_AFTER = 2

API = "/api/"

#: What a person reads, by status: title and text.
WORDS = {
    400: (
        _("This request makes no sense here"),
        _("Go back and try again from the page before."),
    ),
    403: (
        _("You may not open this page"),
        _("Your role does not include it. If you need it, ask the shop's owner."),
    ),
    404: (
        _("There is no such page"),
        _("It may have been removed, or belong to another merchant. Look at the address."),
    ),
    500: (
        _("Something went wrong here"),
        _("It has been noted. If you were saving something, look whether it is there."),
    ),
    503: (
        _("The database cannot be reached"),
        _(
            "Wait a few seconds and try again. If you were saving something, look first "
            "whether it is there."
        ),
    ),
}


def handle(error: Exception, context: object) -> HttpResponse:
    """Turn anything an endpoint raised into its problem answer (DRF's exception handler)."""
    set_rollback()
    match error:
        case NotAuthenticated():
            response = problem_of(error)
            response["WWW-Authenticate"] = SCHEME
            return response
        case HexiaoError():
            return problem_of(error)
        case OperationalError(__cause__=pg.LockNotAvailable() | pg.DeadlockDetected()):
            return problem_of(TryAgain())
        case _ if is_outage(error):
            return _away(error)
        case exceptions.MethodNotAllowed():
            return problem(
                code="method_not_allowed", status=405, title="The address does not take that method"
            )
        case Http404() | exceptions.NotFound():
            return problem(code="not_found", status=404, title="Not found")
        case exceptions.NotAcceptable():
            return problem(code="not_acceptable", status=406, title="There is no such form of it")
        case exceptions.APIException():
            return problem(
                code=str(error.default_code), status=error.status_code, title=str(error.detail)
            )
    log.exception("unexpected_error", exc_info=error)
    return problem(code="internal_error", status=500, title="Something went wrong here")


def _away(error: BaseException) -> HttpResponse:
    log.warning("database_unavailable", error=type(error).__name__)
    return problem(
        code="database_unavailable",
        status=503,
        title="The database is away",
        detail="Nothing was changed, or nothing was acknowledged; try again.",
        retry_after=DATABASE_RETRY_AFTER,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refused, such as one for a foreign host."""
    if request.path.startswith(API):
        return problem(code="bad_request", status=400, title="The request makes no sense")
    return _page(request, status=400)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist: programs get a problem, people a page."""
    if request.path.startswith(API):
        slash = "Addresses have no slash at their end." if request.path.endswith("/") else ""
        return problem(code="not_found", status=404, title="There is no such address", detail=slash)
    return _page(request, status=404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer somebody whose role does not include the page."""
    return _page(request, status=403)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was sent from a page older than the log-in: say what to do.

    Nothing was done; the console's script has kept what was typed for the form's own page.
    """
    context = {
        **admin.site.each_context(request),
        "title": gettext("This page was open too long"),
        "form_page": request.get_full_path() if _is_page(request) else "",
    }
    return TemplateResponse(request, "problems/stale_page.html", context, status=403).render()


def _is_page(request: HttpRequest) -> bool:
    """Say whether the address that was posted to may be opened too: language has no page."""
    return request.path not in (reverse("admin:language"), reverse("admin:merchant"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside an endpoint."""
    error = sys.exception()
    is_program = request.path.startswith(API)
    if error is not None and is_outage(error):
        return _away(error) if is_program else _page(request, status=503)
    if is_program:
        return problem(code="internal_error", status=500, title="Something went wrong here")
    return _page(request, status=500)


def _page(request: HttpRequest, *, status: int) -> HttpResponse:
    """Answer a person, in their language, without asking the database anything."""
    title, text = WORDS[status]
    is_at_work = settings.SESSION_COOKIE_NAME in request.COOKIES
    at_desk = request.path.startswith(reverse("desk:desk"))
    context = {
        "title": title,
        "text": text,
        "request_id": request.META.get("HTTP_X_REQUEST_ID") if status >= 500 else None,
        "first_page": reverse("desk:desk" if at_desk else "admin:index") if is_at_work else None,
    }
    headers = {"Retry-After": str(DATABASE_RETRY_AFTER)} if status == 503 else {}
    page = render_to_string("problems/page.html", context)
    return HttpResponse(page, status=status, headers=headers)
