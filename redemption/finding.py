"""Finding at the desk what was redeemed by hand, as far as the person may know of it."""

from django.db.models import Exists, OuterRef, Q

from campaigns.models import Customer
from coupons import redeemers
from coupons.caller import staff_actor
from coupons.models import Merchant
from redemption.desk import Checked, Clerk
from redemption.models import Method, Redemption, Use

#: How many are shown, the newest first.
MOST = 10
#: Customers who share a phone number.
MOST_CUSTOMERS = 5


def last_use(*, clerk: Clerk, checked: Checked) -> Use | None:
    """Return the last standing use of a code that is one shopper's; none of a shared one."""
    if checked.code is None or checked.code.shared or not checked.code.uses:
        return None
    uses = Use.objects.of(clerk.merchant).filter(code=checked.code, standing=True)
    uses = uses.filter(redemption__method=Method.MANUAL).select_related("redemption")
    return uses.order_by("-created_at").first()


def redeemed_on(*, clerk: Clerk, typed: str) -> list[Redemption]:
    """Return what was redeemed by hand on an order, or by a customer or a phone number.

    Only what is the person's own, or of coupons that they may redeem.
    """
    merchant = clerk.merchant
    rows = Redemption.objects.of(merchant).filter(
        Q(order_ref=typed) | Q(customer__in=_customers(merchant=merchant, typed=typed)),
        method=Method.MANUAL,
    )
    mine = redeemers.redeemable_by(user=clerk.user, merchant=merchant).values("pk")
    strange = Use.objects.filter(redemption=OuterRef("pk")).exclude(coupon__in=mine)
    rows = rows.filter(Q(actor=staff_actor(clerk.user)) | ~Exists(strange))
    return list(rows.select_related("customer").order_by("-created_at", "-id")[:MOST])


def _customers(*, merchant: Merchant, typed: str) -> list[int]:
    # Looked up first: the indexes of orders and customers then answer.
    own = Customer.objects.of(merchant)
    named = list(own.filter(ref=typed).values_list("pk", flat=True))
    called = own.filter(phone=typed).order_by("pk").values_list("pk", flat=True)
    return [*named, *called[:MOST_CUSTOMERS]]
