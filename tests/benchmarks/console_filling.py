"""A merchant of many years: copies of rows that the verbs wrote, made by single statements."""

import os
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.utils import timezone

from campaigns.models import Customer
from coupons.models import (
    Category,
    Code,
    CodeBatch,
    Coupon,
    CouponCounter,
    CouponVersion,
    Job,
    JournalEntry,
    Merchant,
    Product,
    Reach,
    Review,
    User,
)
from redemption.models import (
    CustomerCounter,
    Order,
    OrderLine,
    RefusedAttempt,
    Use,
    UseLine,
    WebhookDelivery,
)
from reports.models import DailyFigure
from tests.benchmarks.filling import fill, tidy
from tests.everything import shop_with_everything
from tests.shop import Shop, order

#: Smaller for trying; the goals are for 1.
SCALE = float(os.environ.get("BENCH_SCALE", "1"))


def scaled(number: int) -> int:
    """Return a size on this run's scale."""
    return max(int(number * SCALE), 20)


COUPONS = max(scaled(10_000), 400)
CATEGORIES = scaled(1_000)
PRODUCTS = scaled(100_000)
CUSTOMERS = scaled(1_000_000)
#: Of the biggest coupon, and of each of the forty batches beside it.
BIGGEST_CODES, OTHER_CODES, OTHER_BATCHES = scaled(1_000_000), scaled(100_000), 40
ORDERS = scaled(200_000)
JOURNAL = scaled(500_000)
REFUSED = scaled(50_000)
DELIVERIES = scaled(50_000)
#: Coupons that have figures for each of 365 days.
WITH_FIGURES = scaled(500)

#: One coupon of each kind, which the others are copies of.
KINDS: dict[str, dict[str, Any]] = {
    "amount_off": {"limits": {"uses": 1_000, "budget": {"USD": "50000.00"}}},
    "percent_off": {"percent": "10", "stacks_with": ["order"], "stacking_group": "order"},
    "free_shipping": {"value": None},
    "gift": {"value": None, "gifts": [{"sku": "MUG", "quantity": 1}]},
    "tiered": {"value": None, "tiers": [{"min_spend": {"USD": "50"}, "value": {"USD": "5"}}]},
    "buy_x_get_y": {"value": None, "buy_quantity": 2, "get_quantity": 1, "get_percent": "100"},
    "pass": {"value": None},
    "draw": {"value": None, "prizes": [{"name": "Ten", "weight": 1, "coupon": "prize"}]},
}
#: The state of every twentieth coupon, and when it starts and ends.
STATE = """(ARRAY['draft','draft','testing','in_review','approved','approved','paused','ended',
    'ended','ended','live','live','live','live','live','live','live','live','live','live'
])[n % 20 + 1]"""
STARTS = """CASE WHEN n % 20 IN (10, 11) THEN now() + (n % 30 + 1) * interval '1 day'
    WHEN n % 20 < 6 THEN NULL ELSE now() - (n % 300 + 40) * interval '1 day' END"""
ENDS = """CASE WHEN n % 20 IN (10, 11) THEN now() + interval '90 days'
    WHEN n % 20 BETWEEN 12 AND 14 THEN now() - (n % 39 + 1) * interval '1 day'
    WHEN n % 20 BETWEEN 15 AND 17 THEN now() + (n % 60 + 1) * interval '1 day' END"""


@dataclass(frozen=True)
class Filled:
    """The shop, and what the pages are opened with."""

    shop: Shop
    biggest: Coupon
    batch: CodeBatch


def copy(row: Model, number: int, **columns: str) -> int:
    """Copy a row so many times and return the key before the first copy's.

    Each column is an SQL expression in which `n` counts from 1; the others stay the row's.
    """
    meta, pk = row._meta, row._meta.pk
    is_counted = pk.get_internal_type() == "BigAutoField"
    before = 0
    if is_counted:
        before = type(row)._base_manager.order_by("-pk").values_list("pk", flat=True).first()
        columns.setdefault(pk.column, f"{before} + n")
    elif pk.get_internal_type() == "UUIDField":
        columns.setdefault(pk.column, "uuidv7()")
    names = [f.column for f in meta.concrete_fields if f.column != "xid"]
    values = [columns.pop(name, f'p."{name}"') for name in names]
    assert not columns, f"{meta.label} has no {list(columns)}"
    quoted = ", ".join(f'"{name}"' for name in names)
    sql = (
        # Our own tables, and expressions that stand below.
        f'INSERT INTO "{meta.db_table}" ({quoted}) SELECT {", ".join(values)} '  # noqa: S608
        f'FROM "{meta.db_table}" p, generate_series(1, {number}) AS n '
        f'WHERE p."{pk.column}" = '
    )
    fill([sql.replace("%", "%%") + "%(pk)s"], pk=row.pk)
    if is_counted:
        fill([f"SELECT setval('{meta.db_table}_{pk.column}_seq', {before + number})"])
    return before


def merchant_of_years(*, merchant: Merchant, user: User) -> Filled:
    """Fill a merchant with everything, up to the sizes above."""
    shop = shop_with_everything(merchant=merchant, user=user)
    shop.coupon("prize", code=None)
    for kind, more in KINDS.items():
        shop.coupon(kind.replace("_", "-"), kind=kind, **more)
    shop.coupon("biggest", code=None, limits={"issued": 2_000_000})
    shop.codes("biggest", "BIGGEST-1")
    biggest = Coupon.objects.get(slug="biggest")
    used = order("AMOUNT-OFF", ref="PAST", customer="PAST-C")
    assert shop.api.post("redemptions", used).status == 201
    _goods(merchant)
    before = copy(
        Customer.objects.get(ref="PAST-C"), CUSTOMERS, ref="'C-' || n", phone="'+4917' || n",
        email="'c' || n || '@example.com'", tags="ARRAY['t' || n % 50]", country="'DE'",
    )  # fmt: skip
    _coupons(user)
    _codes(merchant, biggest)
    _orders(before, biggest)
    _told(merchant, biggest)
    tidy()
    return Filled(shop, biggest, CodeBatch.objects.filter(coupon=biggest).latest("pk"))


def _goods(merchant: Merchant) -> None:
    category = Category.objects.create(merchant=merchant, path="branch")
    path = "'branch-' || n % 20 || '/leaf-' || n"
    before = copy(category, CATEGORIES, path=path)
    product = Product.objects.create(merchant=merchant, sku="SKU", currency="USD")
    word = "(ARRAY['Ocean','Forest','Desert','Summer','Winter'])[n % 5 + 1]"
    copy(
        product, PRODUCTS, sku="'SKU-' || n", name=f"{word} || ' shoe ' || n",
        category_id=f"{before} + 1 + n % {CATEGORIES}",
        price_minor="1000 + n * 7919::bigint % 90000",
        cost_minor="500 + n * 104729::bigint % 400", on_sale="n % 10 = 0", stock="n % 100",
    )  # fmt: skip


def _coupons(user: User) -> None:
    """Copy the coupon of each kind with all that belongs to one."""
    each = max(COUPONS // len(KINDS), 1)
    for kind in KINDS:
        slug = kind.replace("_", "-")
        coupon = Coupon.objects.select_related("counter").get(slug=slug)
        age = "(n % 1000) * interval '1 day' + n * interval '1 second'"
        before = copy(
            coupon, each, slug=f"'{slug}-' || n", name=f"'Campaign {kind} ' || n", state=STATE,
            starts_at=STARTS, ends_at=ENDS, created_at=f"now() - {age}",
            published_at="CASE WHEN n % 20 >= 6 THEN now() - interval '40 days' END",
        )  # fmt: skip
        own = f"jsonb_build_object('slug', '{slug}-' || n, 'name', 'Campaign {kind} ' || n)"
        copy(
            CouponVersion.objects.get(coupon=coupon), each, coupon_id=f"{before} + n",
            definition=f"p.definition || {own}",
            changed_by=f"CASE WHEN n % 10 = 0 THEN 'staff:{user.username}' ELSE 'system' END",
        )  # fmt: skip
        uses = "(n * 37 % 1000)" if coupon.counter.max_uses else "0"
        copy(coupon.counter, each, coupon_id=f"{before} + n", uses=uses)
        copy(
            Code.objects.get(coupon=coupon, shared=True), each, coupon_id=f"{before} + n",
            text=f"'{slug.upper().replace('-', '')}' || n",
        )  # fmt: skip
        for reach in Reach.objects.filter(coupon=coupon):
            copy(reach, each, coupon_id=f"{before} + n", starts_at="now() - interval '1 day'")
        review = Review(
            merchant=coupon.merchant, coupon=coupon, version=1, author="staff:bob",
            verdict=Review.Verdict.SUBMITTED, text="Please look.", at=timezone.now(),
        )  # fmt: skip
        review.save()
        copy(review, each // 20, coupon_id=f"{before} + 3 + (n - 1) * 20")


def _codes(merchant: Merchant, biggest: Coupon) -> None:
    """Give the biggest coupon its batch of codes, and one to each of forty others."""
    code = Code.objects.filter(coupon=biggest).latest("pk")
    others = list(Coupon.objects.filter(slug__startswith="amount-off-")[:OTHER_BATCHES])
    sizes = [(biggest, BIGGEST_CODES), *((coupon, OTHER_CODES) for coupon in others)]
    for number, (coupon, size) in enumerate(sizes):
        job = Job.objects.create(
            merchant=merchant, status=Job.Status.DONE, total=size, done=size,
            created_by="system", created_at=timezone.now(),
        )  # fmt: skip
        batch = CodeBatch.objects.create(
            merchant=merchant, coupon=coupon, job=job, pattern="########", total=size,
            created_at=timezone.now(),
        )  # fmt: skip
        copy(
            code, size, coupon_id=str(coupon.pk), batch_id=str(batch.pk),
            text=f"upper(substr(md5('{number}-' || n), 1, 14))",
            uses="(n % 5 = 0)::int", state="CASE WHEN n % 50 = 0 THEN 'revoked' ELSE 'active' END",
        )  # fmt: skip
        CouponCounter.objects.filter(coupon=coupon).update(issued=size)


def _orders(customers: int, biggest: Coupon) -> None:
    """Copy the order with its redemption: half of them of the biggest coupon."""
    use = Use.objects.select_related("redemption", "code").get(order_ref="PAST")
    first = Order.objects.get(ref="SECRET-ORDER")
    customer = f"{customers} + n"
    when = "now() - n * interval '2 minutes'"
    before = copy(first, ORDERS, ref="'O-' || n", customer_id=customer, placed_at=when)
    line = OrderLine.objects.create(
        merchant=first.merchant, order=first, ref="1", sku="SKU-1", quantity=1, unit_price_minor=100
    )
    copy(line, ORDERS, order_id=f"{before} + n")
    # A key that can be told from the number, so that uses and lines find it.
    redemption, its_use = (f"md5('{word}' || n)::uuid" for word in ("redemption", "use"))
    held = "n % 100 = 0"
    until = f"CASE WHEN {held} THEN now() + interval '1 day' END"
    copy(
        use.redemption, ORDERS, id=redemption, order_ref="'O-' || n", customer_id=customer,
        created_at=when, status=f"CASE WHEN {held} THEN 'held' ELSE 'redeemed' END",
        expires_at=until, method="(ARRAY['automatic','manual','api','batch'])[n % 4 + 1]",
    )  # fmt: skip
    of = "(SELECT min(id) FROM coupons_code WHERE coupon_id = %s)"
    codes = f"CASE WHEN n % 2 = 0 THEN {of % biggest.pk} + n % {BIGGEST_CODES} ELSE p.code_id END"
    coupon = f"CASE WHEN n % 2 = 0 THEN {biggest.pk} ELSE p.coupon_id + n % {COUPONS // 10} END"
    copy(
        use, ORDERS, id=its_use, redemption_id=redemption, order_ref="'O-' || n",
        customer_id=customer, created_at=when, held_until=until, code_id=codes, coupon_id=coupon,
    )  # fmt: skip
    for each in UseLine.objects.filter(use=use):
        copy(each, ORDERS, use_id=its_use, order_ref="'O-' || n")
    CouponCounter.objects.filter(coupon=biggest).update(uses=ORDERS // 2)
    counter = CustomerCounter.objects.filter(customer__ref="PAST-C").first()
    if counter is not None:
        copy(counter, ORDERS, customer_id=customer)


def _told(merchant: Merchant, biggest: Coupon) -> None:
    """Fill the journal and what is folded from it, and what was refused."""
    told = JournalEntry.objects.filter(type="redemption.created").latest("pk")
    when = "now() - n * interval '1 minute'"
    coupon = f"CASE WHEN n % 2 = 0 THEN {biggest.pk} ELSE p.coupon_id + n % {COUPONS // 10} END"
    copy(told, JOURNAL, at=when, coupon_id=coupon, customer_ref="'C-' || n")
    copy(
        RefusedAttempt.objects.get(), REFUSED, at=when, order_ref="'O-' || n",
        customer_ref="'C-' || n", codes="ARRAY['CODE' || n]",
    )  # fmt: skip
    copy(WebhookDelivery.objects.first(), DELIVERIES, event="uuidv7()", state="'delivered'")
    figure = DailyFigure(
        merchant=merchant, day=timezone.localdate(), currency="USD", redeemed=3, orders=3,
        discount_minor=3000, order_value_minor=9000,
    )  # fmt: skip
    figure.save()
    day = "(current_date - (n - 1) % 365 - 1)::date"
    copy(figure, 365, day=day)
    coupon = f"{biggest.pk} + (n - 1) / 365"
    copy(figure, 365 * WITH_FIGURES, day=day, coupon_id=coupon)
