"""The console: every page that people work in, at `/`."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, gettext_noop
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from config.overview import overview
from config.search import search
from coupons.models import Merchant, Role, User
from coupons.tenancy import open_to

#: Django's and its libraries' own pages that have no place here: rights are the roles',
#: the schedule is the deployment's.
HIDDEN = ("auth.Group", "django_celery_beat")

#: What Unfold's pages say, which come in no Chinese of their own.
SAID_BY_UNFOLD = (
    gettext_noop("Select all rows"),
    gettext_noop("Select record"),
    gettext_noop("Loading more results..."),
    gettext_noop("No results matching your query"),
    gettext_noop("Select action"),
    gettext_noop("Select action to run"),
    gettext_noop("Run"),
    gettext_noop("Edit"),
    gettext_noop("Current file"),
    gettext_noop("Date from"),
    gettext_noop("Date to"),
    gettext_noop("Collapse"),
    gettext_noop("Reset to default"),
    gettext_noop("Add new item"),
    gettext_noop("Undo"),
    gettext_noop("Revert"),
    gettext_noop("This object doesn't have a change history."),
    gettext_noop("New"),
    gettext_noop("Default"),
    gettext_noop("Submit"),
    gettext_noop("All applications"),
)


class ConsoleSite(UnfoldAdminSite):
    """The admin site, with a merchant to work for and a language of one's own."""

    # An unknown address is answered by the project's own 404, not by a log-in.
    final_catch_all_view = False
    index_title = _("Dashboard")
    site_url = None

    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in who work for a merchant; superusers always."""
        if not super().has_permission(request):
            return False
        return bool(request.user.is_superuser or request.merchant)

    def extra_urls(self) -> list[URLPattern]:
        """Add the switches for merchant and language, and the platform's pages."""
        # The pages can be imported only once there is a site to register them with.
        from coupons.admin import platform_pages

        return [
            path("merchant/", self.admin_view(require_POST(switch_merchant)), name="merchant"),
            path("language/", require_POST(set_language), name="language"),
            *platform_pages.addresses(self),
        ]

    def get_urls(self) -> list[URLPattern]:
        """Add the search over all, in our own way instead of Unfold's, and the settings."""
        return [
            path("search/", self.admin_view(search), name="search"),
            path("settings/", self.admin_view(overview), name="settings"),
            *super().get_urls(),
        ]

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the dashboard; a redemption clerk, who works at the desk, is led there."""
        if request.role == Role.CLERK:
            return HttpResponseRedirect(reverse("desk:desk"))
        return super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the merchants to choose from."""
        context = super().each_context(request)
        if self.has_permission(request):
            context["merchant"] = request.merchant
            context["merchants"] = open_to(user=request.user)
        return context


def switch_merchant(request: HttpRequest) -> HttpResponse:
    """Work for another merchant from now on; 404 for one that isn't open to the person."""
    allowed = {merchant.pk for merchant in open_to(user=request.user)}
    chosen = request.POST.get("merchant", "")
    if request.user.is_superuser:
        merchant = get_object_or_404(Merchant, pk=chosen if chosen.isdecimal() else None)
    else:
        known = [pk for pk in allowed if str(pk) == chosen]
        merchant = get_object_or_404(Merchant, pk=known[0] if known else None)
    User.objects.filter(pk=request.user.pk).update(merchant=merchant)
    # To the first page: the one left may show what the other merchant doesn't have.
    return HttpResponseRedirect(reverse("admin:index"))


def set_language(request: HttpRequest) -> HttpResponse:
    """Show the console in another language; kept in the account, else in the browser."""
    language = request.POST.get("language", "")
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse("admin:index")
    response = HttpResponseRedirect(target)
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 60 * 60,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response
