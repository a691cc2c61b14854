"""A shop with a row of everything, each telling by its text that it is nobody else's."""

import io

from django.core.files.base import ContentFile

from campaigns.models import Customer
from coupons import importing, pooling, saved_filters, staff_groups
from coupons.caller import Caller
from coupons.models import (
    Category,
    Channel,
    Coupon,
    ExchangeRates,
    Merchant,
    Product,
    TaxRate,
    User,
)
from redemption import batches
from redemption.models import Order, Reconciliation, Redemption, RefusedAttempt
from redemption.webhooks import addresses, endpoints
from tests.shop import NOW, Shop, order


def shop_with_everything(*, merchant: Merchant, user: User) -> Shop:
    """Give a merchant one row at least of every model that has a page."""
    shop = Shop(merchant, Shop.open("unused").api)
    shop.api = shop.with_scopes("redeem", "manage", "publish", "codes", "customers")
    shop.coupon("secret-coupon")
    shop.coupon("many-codes", code=None)
    shop.codes("many-codes", "SECRETCODE1", "SECRETCODE2")
    used = order("SECRET-COUPON", ref="SECRET-O", customer="SECRET-C")
    assert shop.api.post("redemptions", used).status == 201
    RefusedAttempt.objects.create(
        merchant=merchant, at=NOW, order_ref="SECRET-R", customer_ref="SECRET-C",
        actor="system", method="automatic", reason="expired", codes=["SECRETCOUPON"],
        told=[["SECRETCOUPON", ["expired"]]], evidence=Redemption.objects.get().evidence,
    )  # fmt: skip
    pooling.reserve(
        coupon=Coupon.objects.get(slug="many-codes"), partner="SECRET PARTNER",
        purpose="SECRET PURPOSE", count=1, by="staff:alice", at=NOW,
    )  # fmt: skip
    held = order("SECRETCODE1", ref="SECRET-H", hold=True)
    assert shop.api.post("redemptions", held).status == 201
    shop.coupon("secret-submitted", publish=False)
    assert shop.api.post("coupons/secret-submitted/submit").status == 200
    _rest(merchant)
    staff_groups.create(merchant=merchant, name="SECRET GROUP", members=[user], by="system", at=NOW)
    saved_filters.keep(
        merchant=merchant, user=user, page="coupons.coupon", name="SECRET FILTER", query="q=x"
    )
    return shop


def _rest(merchant: Merchant) -> None:
    batches.start(
        caller=Caller(merchant=merchant, actor="staff:alice"),
        file=io.BytesIO(b"code,order,amount\nSECRETCODE2,SECRET-B,1.00\n"),
        name="SECRET-FILE.csv",
        at=NOW,
    )
    Reconciliation.objects.create(
        merchant=merchant, at=NOW, actor="staff:alice", numbers=1, different=1,
        compared=[{"counter": "code.uses", "numbers": 1, "different": 1}],
        differences=[
            {"counter": "code.uses", "subject": "SECRETCODE1", "key": "1", "kept": 1, "counted": 0}
        ],
    )  # fmt: skip
    category = Category.objects.create(merchant=merchant, path="secret-category")
    Product.objects.create(merchant=merchant, sku="SECRET-SKU", currency="USD", category=category)
    Channel.objects.create(merchant=merchant, slug="secret-channel", name="SECRET CHANNEL")
    ExchangeRates.objects.create(
        merchant=merchant, quoted_on=NOW.date(), base="USD", rates={"XAF": "SECRET"}
    )
    TaxRate.objects.create(merchant=merchant, country="DE", category="secret-taxed", rate=19_000)
    Order.objects.get_or_create(
        merchant=merchant,
        ref="SECRET-ORDER",
        defaults={
            "customer": Customer.objects.get(ref="SECRET-C"), "status": "paid",
            "currency": "USD", "total_minor": 100, "placed_at": NOW,
        },
    )  # fmt: skip
    importing.upload(
        merchant=merchant, sheet="customers", by="staff:alice", at=NOW,
        file=ContentFile(b"id,email\nSECRET-9,nobody\n", name="SECRET-file.csv"),
    )  # fmt: skip
    endpoint = endpoints.create(
        merchant=merchant,
        address=addresses.Looked(url="https://SECRET.example/", problem=None),
        types=[],
        coupon=None,
        by="staff:alice",
        at=NOW,
    )
    endpoints.send_test(endpoint=endpoint, at=NOW)
