"""Partner pools: codes set aside, taken away as a file, given back."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from coupons import clock, pooling
from coupons.admin.base import KeysetAdmin, ReadOnly, show_error, tell_errors
from coupons.admin.coupon_page import PAGES, PANELS, Figure, Panel
from coupons.admin.exports import FormatForm, sent
from coupons.admin.pages import console_page, sure_page
from coupons.admin.shown import badge, number, when, who
from coupons.admin.withdrawing import STEPS, Withdrawing
from coupons.caller import staff_actor
from coupons.errors import HexiaoError
from coupons.models import CodePool, Coupon, State
from coupons.staff import Area, Right, may

SHOWN = 5

#: Makers of figures of one pool; the storeys above add theirs when their admin is loaded.
FIGURES: list[Callable[[CodePool], list[Figure]]] = []
#: What brings `redeemed` along with a page of pools.
COUNTED: list[Callable[[QuerySet], QuerySet]] = []


@admin.register(CodePool)
class CodePoolAdmin(Withdrawing, ReadOnly, KeysetAdmin):
    """Codes set aside for partners, the newest pool first."""

    area = Area.PARTNERS
    list_display = (
        "partner", "purpose", "coupon", "count_number", "redeemed_number", "exported_word",
    )  # fmt: skip
    list_select_related = ("coupon",)
    keyset = ("-id",)
    nothing_yet = _(
        "A pool sets codes aside for a partner. Open a coupon that has unique codes, and reserve "
        "some there."
    )
    next_step = (_("Go to the coupons"), "admin:coupons_coupon_changelist")

    def get_urls(self) -> list[URLPattern]:
        """Add what is done with one pool."""
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/export/", view(self.export_view), name="coupons_codepool_export"),
            path("<int:pk>/release/", view(self.release_view), name="coupons_codepool_release"),
        ]
        return [*own, *super().get_urls()]

    def shown(self, queryset: QuerySet) -> QuerySet:
        """Bring along how many codes of each pool were used."""
        for counted in COUNTED:
            queryset = counted(queryset)
        return queryset

    @display(description=_("codes"))
    def count_number(self, pool: CodePool) -> str:
        """Show how many codes it has."""
        return number(pool.count)

    @display(description=_("redeemed"))
    def redeemed_number(self, pool: CodePool) -> str:
        """Show how many were used; what came back whole counts no more."""
        return number(getattr(pool, "redeemed", None))

    @display(description=_("exported"))
    def exported_word(self, pool: CodePool) -> str:
        """Show when the file was taken first."""
        return standing(pool)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show a pool: its figures, who has its codes, what may be done."""
        pool = self.found(request, object_id, Right.VIEW)
        change = self._may(request, Right.CHANGE)
        figures = [
            Figure(10, gettext("Codes"), number(pool.count)),
            *(figure for make in FIGURES for figure in make(pool)),
        ]
        return self._render(
            request,
            "pool_page",
            pool=pool,
            state=standing(pool),
            figures=sorted(figures, key=lambda figure: figure.place),
            facts=_facts(pool),
            walks=list(pool.walks.select_related("job").order_by("-job__created_at")[:SHOWN]),
            may_export=change and not pool.released_at,
            may_release=change and not pool.released_at and not pool.exported_at,
            steps=STEPS if change and not pool.released_at else (),
            title=str(pool),
        )

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask before the codes are taken away; then send them as a file."""
        pool = self.found(request, pk, Right.CHANGE)
        form = ExportForm(_sent(request), is_again=pool.exported_at is not None)
        if request.method == "POST" and form.is_valid():
            try:
                job = pooling.export(
                    pool=pool,
                    again=form.cleaned_data.get("again", False),
                    format=form.cleaned_data["format"],
                    language=get_language() or "en",
                    by=staff_actor(request.user),
                    at=clock.now(request),
                )
            except HexiaoError as error:
                show_error(request=request, error=error)
                return self._page(pool)
            return sent(job=job)
        taken = {"who": who(pool.exported_by), "when": when(pool.exported_at)}
        return self._render(
            request,
            "pool_export",
            pool=pool,
            form=form,
            taken=taken if pool.exported_at else None,
            title=gettext("Take the codes away: %(pool)s") % {"pool": pool},
        )

    def release_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask before the codes go back to the coupon; then give them back."""
        pool = self.found(request, pk, Right.CHANGE)
        if request.method == "POST":
            try:
                pooling.release(pool=pool, by=staff_actor(request.user), at=clock.now(request))
            except HexiaoError as error:
                show_error(request=request, error=error)
            else:
                messages.success(request, gettext("The codes are the coupon's again."))
            return self._page(pool)
        return sure_page(
            model_admin=self,
            request=request,
            title=gettext("Release the codes: %(pool)s") % {"pool": pool},
            effect=_(
                "Codes that nobody has used go back to the coupon and can be reserved again. Used "
                "ones stay in the pool."
            ),
            label=_("Release the codes"),
            back=self._page(pool).url,
        )

    def _page(self, pool: CodePool) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:coupons_codepool_change", args=[pool.pk]))

    def _render(self, request: HttpRequest, template: str, **context: Any) -> TemplateResponse:
        return console_page(model_admin=self, request=request, template=template, **context)


class ReserveForm(forms.Form):
    """For whom codes are set aside, and how many."""

    partner = forms.CharField(label=_("Partner"), max_length=100, widget=UnfoldAdminTextInputWidget)
    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("What they are for, such as an autumn mailing."),
    )
    count = forms.IntegerField(
        label=_("Number of codes"),
        min_value=1,
        initial=100,
        widget=UnfoldAdminIntegerFieldWidget,
    )


class ExportForm(FormatForm):
    """Asks once more where somebody has the file already."""

    again = forms.BooleanField(label=_("Take the same codes once more"), widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, is_again: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_again:
            del self.fields["again"]


def reserve_view(request: HttpRequest, pk: int, model_admin: Any) -> HttpResponse:
    """Set codes of a coupon aside for a partner."""
    is_allowed = may(role=request.role, area=Area.PARTNERS, right=Right.CHANGE)
    coupon = model_admin.get_object(request, str(pk)) if is_allowed else None
    if coupon is None:
        raise Http404
    form = ReserveForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            pool = pooling.reserve(
                coupon=coupon,
                by=staff_actor(request.user),
                at=clock.now(request),
                **form.cleaned_data,
            )
        except HexiaoError as error:
            tell_errors(error=error, form=form)
        else:
            messages.success(request, gettext("The codes are set aside."))
            return HttpResponseRedirect(reverse("admin:coupons_codepool_change", args=[pool.pk]))
    title = gettext("Reserve codes for a partner: %(name)s") % {"name": coupon.name}
    return model_admin._render(request, "pool_reserve", coupon=coupon, form=form, title=title)


def pools_panel(coupon: Coupon, request: HttpRequest) -> Panel | None:
    """List a coupon's newest pools on its page, where it has codes to set aside."""
    if not may(role=request.role, area=Area.PARTNERS, right=Right.VIEW):
        return None
    pools = list(CodePool.objects.filter(coupon=coupon).order_by("-id")[:SHOWN])
    is_shared = coupon.codes.filter(shared=True).exists()
    if not pools and (is_shared or not coupon.counter.issued):
        return None
    change = may(role=request.role, area=Area.PARTNERS, right=Right.CHANGE)
    may_reserve = change and coupon.state != State.ENDED
    address = reverse("admin:coupons_coupon_reserve", args=[coupon.pk])
    return Panel(
        title=gettext("Partner pools"),
        headers=[gettext("Partner"), gettext("Purpose"), gettext("Exported"), gettext("Codes")],
        rows=[[_named(pool), pool.purpose, standing(pool), number(pool.count)] for pool in pools],
        empty=gettext("No codes are set aside for a partner."),
        more_url=address if may_reserve else "",
        more_label=gettext("Reserve codes for a partner"),
    )


def standing(pool: CodePool) -> str:
    """Show how far its codes are out, in a word."""
    if pool.released_at:
        return badge("released", gettext("Back at the coupon"))
    if pool.exported_at:
        return badge("active", gettext("Exported %(when)s") % {"when": when(pool.exported_at)})
    return badge("plain", gettext("Not exported"))


def _sent(request: HttpRequest) -> QueryDict | None:
    """Return the form that was sent, which may have no field at all."""
    return request.POST if request.method == "POST" else None


def _named(pool: CodePool) -> str:
    address = reverse("admin:coupons_codepool_change", args=[pool.pk])
    return format_html('<a href="{}">{}</a>', address, pool.partner)


def _facts(pool: CodePool) -> list[tuple[str, Any]]:
    coupon = reverse("admin:coupons_coupon_change", args=[pool.coupon_id])
    taken = f"{who(pool.exported_by)}, {when(pool.exported_at)}" if pool.exported_at else ""
    facts = [
        (gettext("Partner"), pool.partner),
        (gettext("Purpose"), pool.purpose),
        (gettext("Coupon"), format_html('<a href="{}">{}</a>', coupon, pool.coupon.name)),
        (gettext("Reserved"), f"{who(pool.created_by)}, {when(pool.created_at)}"),
        (gettext("Exported"), taken),
        (gettext("Back at the coupon"), when(pool.released_at) if pool.released_at else ""),
    ]
    return [(label, value) for label, value in facts if value]


PANELS.append(pools_panel)
PAGES.append(("reserve", "coupons_coupon_reserve", reserve_view))
