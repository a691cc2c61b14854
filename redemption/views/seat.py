"""Who is at the device: locked, taken over, closed, and one's own PIN."""

from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from coupons import clock, pins, seats
from coupons.admin.base import told
from coupons.admin.words import sentence
from coupons.errors import HexiaoError
from coupons.models import Membership, Role
from redemption.views.desk import DeskPage
from redemption.views.pages import DeskView, is_htmx, led_to


class LockPage(DeskView):
    """The button that locks; the page's script presses it where nothing moves."""

    is_for_nobody = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead to the desk, which is locked or not."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Lock."""
        if self.seat.user is not None:
            self.seat = seats.lock(session=request.session, merchant=self.seat.merchant)
        return self.locked() if is_htmx(request) else led_to(request, reverse("desk:desk"))


@method_decorator(sensitive_post_parameters("pin", "password"), name="dispatch")
class UnlockPage(DeskPage):
    """A name, and a PIN or a password."""

    is_for_nobody = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead to the desk, which is locked or not."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Let somebody take the device over; whoever is back finds what they had typed."""
        chosen = request.POST.get("person", "")
        pk = int(chosen) if chosen.isascii() and chosen.isdecimal() else 0
        if self.seat.user is not None:
            self.seat = seats.lock(session=request.session, merchant=self.seat.merchant)
        person = seats.members(merchant=self.seat.merchant).filter(pk=pk).first()
        if person is None:
            return self.locked([_("Choose your name.")])
        try:
            self._take(request, person)
        except HexiaoError as error:
            return self.locked([told(error)], person=pk)
        if person.user_id != self.seat.last:
            return led_to(request, reverse("desk:desk"))
        if is_htmx(request):
            return HttpResponse("")
        if "code" not in request.POST:
            return led_to(request, reverse("desk:desk"))
        self.clerk = self.clerk_of(person.user, is_by_pin=True)
        self.role = Role.CLERK
        return self.answer({"form": self.form()})

    def _take(self, request: HttpRequest, person: Membership) -> None:
        common: dict[str, Any] = {
            "session": request.session,
            "merchant": self.seat.merchant,
            "person": person,
            "at": clock.now(request),
        }
        if password := request.POST.get("password", "")[:128]:
            seats.take_by_password(**common, password=password)
        else:
            seats.take(**common, pin=request.POST.get("pin", "").strip()[:20])


class ClosePage(DeskView):
    """The button that closes the device for everybody, until the next password."""

    is_for_nobody = True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Close it."""
        logout(request)
        return led_to(request, reverse("admin:login"))


@method_decorator(sensitive_post_parameters("pin", "again", "password"), name="dispatch")
class PinPage(DeskView):
    """One's own PIN, after the password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        return self._form([])

    def post(self, request: HttpRequest) -> HttpResponse:
        """Choose it."""
        person = self._membership()
        pin = request.POST.get("pin", "").strip()[:20]
        if person is None:
            return led_to(request, reverse("desk:desk"))
        if pin != request.POST.get("again", "").strip()[:20]:
            return self._form([_("The two are not the same.")])
        try:
            pins.choose(
                membership=person,
                pin=pin,
                password=request.POST.get("password", "")[:128],
                device=self.seat.device,
                at=clock.now(request),
            )
        except HexiaoError as error:
            return self._form([sentence(each.message) for each in error.errors] or [told(error)])
        seats.stay(session=request.session, merchant=self.seat.merchant, person=person)
        return self.page("pin", {"is_done": True})

    def _form(self, problems: list[str]) -> HttpResponse:
        person = self._membership()
        has_pin = person is not None and hasattr(person, "pin")
        shown = {"problems": problems, "is_member": person is not None, "has_pin": has_pin}
        return self.page("pin", shown, status=422 if problems else 200)

    def _membership(self) -> Membership | None:
        rows = seats.members(merchant=self.seat.merchant)
        found: Membership | None = rows.filter(user=self.clerk.user).first()
        return found
