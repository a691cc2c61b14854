"""Holds that stand: for whoever asks why a code is not free."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from campaigns.models import Customer
from coupons import clock, coding
from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.shown import EMPTY, when, who
from coupons.models import Code
from coupons.staff import Area, Right
from redemption.admin.redemption_steps import page_of
from redemption.models import Hold, MergedOrder, Use


@admin.register(Hold)
class HoldAdmin(ReadOnly, KeysetAdmin):
    """Redemptions that are held now, the longest first; past its time a hold is free."""

    area = Area.REDEMPTIONS
    nothing_yet = _(
        "No order keeps a coupon just now. Coupons that hang in unpaid orders show here."
    )
    next_step = (_("Go to the redemptions"), "admin:redemption_redemption_changelist")
    list_display = ("order_ref", "codes_word", "customer_ref", "since", "until", "who_name")
    list_select_related = ("customer",)
    search_fields = ("order_ref",)
    search_help_text = _("Code, order or customer, whole")
    keyset = ("created_at", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Keep what is held by the clock, with its codes."""
        uses = Use.objects.select_related("code").order_by("code__text")
        rows = super().get_queryset(request).in_status("held", clock.now(request))
        return rows.prefetch_related(Prefetch("uses", queryset=uses))

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Look a code, an order or a customer up, each by its index."""
        of = request.merchant
        merged = MergedOrder.objects.of(of).filter(order_ref=typed)
        named = Q(order_ref=typed) | Q(pk__in=list(merged.values_list("redemption", flat=True)))
        codes = list(Code.objects.met_in(of).filter(text=coding.normal_form(typed)))
        if codes:
            held = Use.objects.of(of).filter(code__in=codes, held_until__isnull=False)
            # By the index of held uses; a page shows no more than its rows.
            first = held.order_by("created_at").values_list("redemption", flat=True)[:1000]
            named |= Q(pk__in=list(first))
        customer = Customer.objects.of(of).filter(ref=typed).first()
        if customer is not None:
            named |= Q(customer=customer)
        return queryset.filter(named)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the redemption's own page, where its steps are."""
        row = self.found(request, object_id, Right.VIEW)
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return HttpResponseRedirect(page_of(row.pk))

    @display(description=_("codes"))
    def codes_word(self, hold: Hold) -> str:
        """List the codes that are held."""
        return ", ".join(use.code.text for use in hold.uses.all())

    @display(description=_("customer"))
    def customer_ref(self, hold: Hold) -> str:
        """Name the customer as the shop does."""
        return hold.customer.ref if hold.customer else EMPTY

    @display(description=_("held since"))
    def since(self, hold: Hold) -> str:
        """Show when it began."""
        return when(hold.created_at)

    @display(description=_("held until"))
    def until(self, hold: Hold) -> str:
        """Show when it is free by itself."""
        return when(hold.expires_at)

    @display(description=_("who"))
    def who_name(self, hold: Hold) -> str:
        """Name who holds it."""
        return who(hold.actor)
