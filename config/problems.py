"""The one place where errors become HTTP answers."""

import structlog
from django.contrib import admin
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import defaults
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
            log.warning("database_unavailable", error=type(error).__name__)
            return problem(
                code="database_unavailable",
                status=503,
                title="The database is away",
                detail="Nothing was changed, or nothing was acknowledged; try again.",
                retry_after=DATABASE_RETRY_AFTER,
            )
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


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refused, such as one for a foreign host."""
    if request.path.startswith(API):
        return problem(code="bad_request", status=400, title="The request makes no sense")
    return defaults.bad_request(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist: programs get a problem, people a page."""
    if request.path.startswith(API):
        slash = "Addresses have no slash at their end." if request.path.endswith("/") else ""
        return problem(code="not_found", status=404, title="There is no such address", detail=slash)
    return defaults.page_not_found(request, exception)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was sent from a page older than the log-in: say what to do.

    Nothing was done; the console's script has kept what was typed for the form's own page.
    """
    context = {
        **admin.site.each_context(request),
        "title": _("This page was open too long"),
        "form_page": request.get_full_path() if _is_page(request) else "",
    }
    return TemplateResponse(request, "problems/stale_page.html", context, status=403).render()


def _is_page(request: HttpRequest) -> bool:
    """Say whether the address that was posted to may be opened too: language has no page."""
    return request.path not in (reverse("admin:language"), reverse("admin:merchant"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside an endpoint."""
    if request.path.startswith(API):
        return problem(code="internal_error", status=500, title="Something went wrong here")
    return defaults.server_error(request)
