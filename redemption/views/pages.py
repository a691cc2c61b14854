"""What every page of the desk has: who may open it, its policy, its look."""

from collections.abc import Sequence
from typing import Any, cast

from csp.constants import SELF
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.generic import View

from coupons import clock, seats
from coupons.api.client_address import client_address
from coupons.models import Role, User
from coupons.seats import Seat
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


#: What is never put back into a page.
_SECRET = ("csrfmiddlewaretoken", "person", "pin", "password", "supervisor_pin", "proof_code")


def typed_in(request: HttpRequest) -> list[tuple[str, str]]:
    """List what was sent to a page that is locked now, to be put back once it is open."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in _SECRET
        for value in values
    ]


def pins_at(seat: Seat) -> list[tuple[int, int, str]]:
    """List who may take a device over: who has a PIN, the clerks, and who was there last."""
    rows = seats.members(merchant=seat.merchant)
    rows = rows.filter(Q(pin__isnull=False) | Q(role=Role.CLERK) | Q(user=seat.last))
    return [(row.pk, row.user_id, row.user.get_username()) for row in rows]


@method_decorator(never_cache, name="dispatch")
@method_decorator(csp_replace(POLICY), name="dispatch")
class DeskView(View):
    """A page of the desk, for whoever works for a merchant; others are led to the log-in.

    What they had typed waits in their browser (`static/console/keep.js`).
    """

    seat: Seat
    clerk: Clerk
    role: Role | None
    #: Served to a device that nobody is at, too.
    is_for_nobody = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Let staff in who are at the device; lay the lock over it where nobody is."""
        asked = cast(StaffRequest, request)
        seat = self._seat(asked)
        if seat is None:
            login = redirect_to_login(reverse("desk:desk"), reverse("admin:login"))
            return led_to(request, login["Location"])
        self.seat = seat
        if seat.user is None:
            return self._for_nobody(request, *args, **kwargs)
        self.clerk = self.clerk_of(seat.user, is_by_pin=seat.is_by_pin)
        self.role = Role.CLERK if seat.is_by_pin else asked.role
        return super().dispatch(request, *args, **kwargs)

    def clerk_of(self, user: User, *, is_by_pin: bool) -> Clerk:
        """Return a person as the desk knows them."""
        address = client_address(self.request)
        return Clerk(
            user=user,
            merchant=self.seat.merchant,
            ip=str(address) if address else None,
            device=self.seat.device,
            is_by_pin=is_by_pin,
        )

    def _for_nobody(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not self.is_for_nobody:
            return self.locked()
        return super().dispatch(request, *args, **kwargs)

    def _seat(self, request: StaffRequest) -> Seat | None:
        if request.merchant is None:
            return None
        common: dict[str, Any] = {"session": request.session, "merchant": request.merchant}
        if not request.user.is_authenticated:
            return seats.found(**common, at=clock.now(request))
        if not admin.site.has_permission(request):
            return None
        return seats.opened(**common, user=request.user, at=clock.now(request))

    def locked(self, problems: Sequence[str] = (), person: int | None = None) -> HttpResponse:
        """Ask who is there; a page that is open stays as it is, below."""
        context = {
            "problems": problems,
            "merchant": self.seat.merchant,
            "people": pins_at(self.seat),
            "chosen": person,
            "last": self.seat.last,
            "typed": typed_in(self.request),
            # Over an open page, which stays; by itself it is a form like any other.
            "is_part": is_htmx(self.request),
            "languages": settings.LANGUAGES,
            "language": get_language(),
        }
        name, headers = "locked", {}
        if is_htmx(self.request):
            name, headers = "lock", {"HX-Retarget": "#lock", "HX-Reswap": "innerHTML"}
        return TemplateResponse(
            self.request, f"desk/{name}.html", context, status=423, headers=headers
        )

    def page(self, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """Show a page of the desk, or a part of one."""
        shared = {
            "merchant": self.clerk.merchant,
            "person": self.clerk.user,
            "languages": settings.LANGUAGES,
            "language": get_language(),
            "has_console": self.role != Role.CLERK,
            "is_by_pin": self.clerk.is_by_pin,
            "idle_seconds": settings.HEXIAO_DESK_IDLE_MINUTES * 60,
        }
        return TemplateResponse(
            self.request, f"desk/{name}.html", {**shared, **context}, status=status
        )
