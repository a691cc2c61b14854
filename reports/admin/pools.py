"""What the roll-ups know of a partner pool, on its page and in the list."""

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from coupons.admin.coupon_page import Figure
from coupons.admin.shown import money, number
from coupons.models import CodePool
from reports.models import PoolFigure


def figures(pool: CodePool) -> list[Figure]:
    """Show what was used, what came back whole, and the discount given in each currency."""
    rows = list(PoolFigure.objects.filter(pool=pool).order_by("currency"))
    given = " · ".join(
        money(row.discount_minor, row.currency) for row in rows if row.discount_minor
    )
    shown = [
        Figure(20, _("Redeemed"), number(sum(row.redeemed for row in rows))),
        Figure(30, _("Reversed"), number(sum(row.reversed for row in rows))),
    ]
    if given:
        shown.append(Figure(40, _("Discount given"), given, _("less returns")))
    return shown


def counted(pools: QuerySet) -> QuerySet:
    """Bring along how many codes of each pool were used and have not come back whole."""
    used = PoolFigure.objects.filter(pool=OuterRef("pk")).order_by().values("pool")
    used = used.annotate(used=Sum(F("redeemed") - F("reversed"))).values("used")
    return pools.annotate(redeemed=Coalesce(Subquery(used), 0))
