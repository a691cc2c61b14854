"""The journal: what happened at this merchant, newest first."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from coupons.admin.base import KeysetAdmin, ReadOnly
from coupons.admin.shown import EMPTY, happened, when, who
from coupons.models import Coupon, JournalEntry
from coupons.staff import Area


@admin.register(JournalEntry)
class JournalAdmin(ReadOnly, KeysetAdmin):
    """Who did what when."""

    area = Area.JOURNAL
    nothing_yet = _("Whatever anyone changes here or over the API is written down in this list.")
    list_display = ("at_minute", "what", "who_name", "coupon_name", "customer_name")
    list_select_related = ("coupon",)
    search_fields = ("coupon__slug",)
    search_help_text = _("The slug of a coupon")
    keyset = ("-id",)
    fields = ("at", "what", "who_name", "coupon_name", "customer_name", "request_id", "details")
    readonly_fields = ("what", "who_name", "coupon_name", "customer_name", "details")

    def find(self, request: HttpRequest, queryset: QuerySet, typed: str) -> QuerySet:
        """Keep what happened to one coupon, through its own index."""
        coupon = Coupon.objects.of(request.merchant).filter(slug=typed.lower()).first()
        return queryset.filter(coupon=coupon) if coupon else queryset.none()

    @display(description=_("when"))
    def at_minute(self, entry: JournalEntry) -> str:
        """Show when, in the merchant's zone."""
        return when(entry.at)

    @display(description=_("what"))
    def what(self, entry: JournalEntry) -> str:
        """Say what happened."""
        return happened(entry.type)

    @display(description=_("who"))
    def who_name(self, entry: JournalEntry) -> str:
        """Name who did it."""
        return who(entry.actor)

    @display(description=_("coupon"))
    def coupon_name(self, entry: JournalEntry) -> str:
        """Name the coupon, as far as it is still there."""
        return entry.coupon.name if entry.coupon else EMPTY

    @display(description=_("customer"))
    def customer_name(self, entry: JournalEntry) -> str:
        """Name the customer as the shop does."""
        return entry.customer_ref or EMPTY

    @display(description=_("details"))
    def details(self, entry: JournalEntry) -> str:
        """Show the particulars as pairs."""
        pairs = ", ".join(f"{key}: {value}" for key, value in entry.data.items())
        return format_html("<code>{}</code>", pairs) if pairs else EMPTY
