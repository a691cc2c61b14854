"""Whose rows a person sees: the merchant and the role of a console request."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from coupons import planning, seats
from coupons.models import Membership, Merchant, Role, User
from coupons.staff import Area, Right, may


class StaffRequest(HttpRequest):
    """A request of the console, for the type checker: who works for whom, as what."""

    user: User
    merchant: Merchant | None
    role: Role | None


class CurrentMerchant:
    """Middleware: put `merchant` and `role` on the requests of people.

    Programs carry no session cookie, so the API pays nothing for it. The merchant's
    time zone is in force until the answer is made.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: StaffRequest) -> HttpResponse:
        """Find both, and answer in the merchant's time zone."""
        request.merchant, request.role = None, None
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            if request.user.is_authenticated:
                request.merchant, request.role = chosen(user=request.user)
            else:
                # A device of the desk that nobody is logged in at: the console stays closed.
                request.merchant = seats.merchant_of(session=request.session)
            if request.user.is_authenticated or request.merchant:
                planning.anew()
        zone = request.merchant.time_zone if request.merchant else "UTC"
        with timezone.override(zone):
            return self.get_response(request)


def chosen(*, user: User) -> tuple[Merchant | None, Role | None]:
    """Return the merchant a person works for now, and the role there.

    The one chosen last, if it is still open to them; else the first. A superuser may
    choose any and is its owner.
    """
    if user.is_superuser:
        merchant = user.merchant or Merchant.objects.order_by("pk").first()
        return merchant, Role.OWNER if merchant else None
    memberships = Membership.objects.filter(user=user).select_related("merchant").order_by("pk")
    own = {membership.merchant_id: membership for membership in memberships}
    if not own:
        return None, None
    last = own.get(user.merchant_id) if user.merchant_id else None
    membership = last or next(iter(own.values()))
    return membership.merchant, Role(membership.role)


def open_to(*, user: User) -> list[Merchant]:
    """Return the merchants that a person may choose from, by name."""
    merchants = Merchant.objects.order_by("name", "pk")
    if user.is_superuser:
        # A list to choose from, not a list of everything: a search comes when it is longer.
        return list(merchants[:200])
    return list(merchants.filter(pk__in=Membership.objects.filter(user=user).values("merchant")))


def may_review_shops(request: Any) -> bool:
    """Say whether the person works for the platform now, and may approve coupons there."""
    return _may_at_the_platform(request, Area.COUPONS, Right.PUBLISH)


def may_see_shops(request: Any) -> bool:
    """Say whether the person works for the platform now, and may change its settings."""
    return _may_at_the_platform(request, Area.SETTINGS, Right.CHANGE)


def _may_at_the_platform(request: Any, area: Area, right: Right) -> bool:
    is_platform = request.merchant is not None and request.merchant.is_platform
    return is_platform and may(role=request.role, area=area, right=right)
