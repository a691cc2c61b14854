"""Checks of the counters against the ledger: started here, and what they found."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons import clock
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.pages import console_page
from coupons.admin.shown import badge, number, when, who
from coupons.caller import staff_actor
from coupons.staff import Area, Right
from redemption import reconciling
from redemption.models import Reconciliation
from redemption.recounts import RECOUNTS

NAMES = {
    "code.uses": _("Uses of a code"),
    "customer.uses": _("A customer's uses of a coupon"),
    "day.uses": _("A coupon's uses on a day"),
    "coupon.uses": _("A coupon's uses"),
    "coupon.budget": _("A coupon's budget spent"),
    "coupon.issued": _("Codes issued of a coupon"),
    "prize.drawn": _("Prizes drawn"),
    "customer.paid_orders": _("A customer's paid orders"),
    "redemption.discount": _("A redemption's discount"),
    "redemption.shipping": _("A redemption's shipping discount"),
    "redemption.uses": _("Uses that agree with their redemption"),
    "use.discount": _("A use's discount over its lines"),
    "line.returned_units": _("Units of a line that came back"),
    "line.returned_amount": _("Discount of a line that came back"),
    "reversal.amount": _("A return's amount"),
}
PAGES = {recount.counter: recount.page for recount in RECOUNTS}


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnly, KeysetAdmin):
    """Checks, newest first."""

    area = Area.SETTINGS
    nothing_yet = _("The counters have not been checked yet. Press “Check now” above.")
    list_display = ("at_minute", "outcome", "compared_number", "who_name")
    keyset = ("-at", "-id")
    list_before_template = "console/reconciliation_check.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the address that starts a check."""
        view = self.admin_site.admin_view(self.check_view)
        own = path("check/", view, name="redemption_reconciliation_check")
        return [own, *super().get_urls()]

    def check_view(self, request: HttpRequest) -> HttpResponse:
        """Recount everything now; each statement has ten seconds."""
        if request.method != "POST" or not self._may(request, Right.CHANGE):
            raise Http404
        try:
            row = reconciling.check(
                merchant=request.merchant, by=staff_actor(request.user), at=clock.now(request)
            )
        except reconciling.TooMuchToCompare:
            messages.error(
                request,
                _("There is too much to compare within a page; run “manage.py reconcile”."),
            )
            return HttpResponseRedirect(reverse("admin:redemption_reconciliation_changelist"))
        return HttpResponseRedirect(
            reverse("admin:redemption_reconciliation_change", args=[row.pk])
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show what a check has found."""
        row = self.found(request, object_id, Right.VIEW)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return console_page(
            model_admin=self,
            request=request,
            template="reconciliation",
            row=row,
            state=self.outcome(row),
            subtitle=f"{when(row.at)} · {who(row.actor)}",
            numbers=number(row.numbers),
            compared=[
                (NAMES[each["counter"]], number(each["numbers"]), number(each["different"]))
                for each in row.compared
            ],
            differences=[_shown(each) for each in row.differences],
            left_out=number(row.different - len(row.differences)),
            is_cut=row.different > len(row.differences),
            title=_("Check of the counters"),
        )

    @display(description=_("when"))
    def at_minute(self, row: Reconciliation) -> str:
        """Show when, in the merchant's zone."""
        return when(row.at)

    @display(description=_("outcome"))
    def outcome(self, row: Reconciliation) -> str:
        """Say whether all agreed."""
        if not row.different:
            return badge("active", _("No difference"))
        return badge("revoked", _("Differences: %(n)s") % {"n": number(row.different)})

    @display(description=_("numbers compared"))
    def compared_number(self, row: Reconciliation) -> str:
        """Show how many numbers were compared."""
        return number(row.numbers)

    @display(description=_("who"))
    def who_name(self, row: Reconciliation) -> str:
        """Name who asked for it."""
        return who(row.actor)


def _shown(difference: dict[str, Any]) -> dict[str, Any]:
    app, model = PAGES[difference["counter"]].lower().split(".")
    try:
        address = reverse(f"admin:{app}_{model}_change", args=[difference["key"]])
    except NoReverseMatch:
        address = ""
    off = difference["kept"] - difference["counted"]
    return {
        "counter": NAMES[difference["counter"]],
        "subject": difference["subject"],
        "address": address,
        "kept": number(difference["kept"]),
        "counted": number(difference["counted"]),
        "off": f"{off:+,}",
    }
