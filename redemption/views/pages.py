"""What every page of the desk has: who may open it, its policy, its look."""

from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.generic import View

from coupons.api.client_address import client_address
from coupons.models import Role
from coupons.tenancy import StaffRequest
from redemption.desk import Clerk

#: Stricter than the console's: no script and no style but the desk's own files.
POLICY = {
    "script-src": [SELF],
    "style-src": [SELF],
    "img-src": [SELF, "data:"],
    "media-src": [SELF, "blob:"],
}


def is_htmx(request: HttpRequest) -> bool:
    """Say whether the page's script asks, for a part of the page."""
    return request.headers.get("HX-Request") == "true"


def led_to(request: HttpRequest, address: str) -> HttpResponse:
    """Lead to another page, whoever asks."""
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)


@method_decorator(never_cache, name="dispatch")
@method_decorator(csp_replace(POLICY), name="dispatch")
class DeskView(View):
    """A page of the desk, for whoever works for a merchant; others are led to the log-in.

    What they had typed waits in their browser (`static/console/keep.js`).
    """

    clerk: Clerk
    role: Role | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let staff in."""
        asked = cast(StaffRequest, request)
        if not admin.site.has_permission(request) or asked.merchant is None:
            login = redirect_to_login(reverse("desk:desk"), reverse("admin:login"))
            return led_to(request, login["Location"])
        address = client_address(request)
        self.clerk = Clerk(
            user=asked.user, merchant=asked.merchant, ip=str(address) if address else None
        )
        self.role = asked.role
        return super().dispatch(request, *args, **kwargs)

    def page(self, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """Show a page of the desk, or a part of one."""
        shared = {
            "merchant": self.clerk.merchant,
            "person": self.clerk.user,
            "languages": settings.LANGUAGES,
            "language": get_language(),
            "has_console": self.role != Role.CLERK,
        }
        return TemplateResponse(
            self.request, f"desk/{name}.html", {**shared, **context}, status=status
        )
