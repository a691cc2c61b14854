"""The demo's data: all of it, at the right price, at its own time."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from campaigns.models import Customer
from config.demo import journey, offers, orders, source
from coupons.models import (
    Coupon,
    CouponCounter,
    CouponVersion,
    JournalEntry,
)
from redemption.models import Order, OrderLine, Redemption, Use
from tests.integration.slice import NEW_YORK, cents, load, rows, wall

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def loaded(kept: None) -> journey.Loaded:
    """Have the slice loaded once, for tests that only read."""
    return load()


def test_every_line_has_its_shelf_total_and_its_card_discount() -> None:
    stored = {
        (line.order.ref, line.ref): (
            line.quantity,
            line.unit_price_minor,
            line.member_discount_minor,
        )
        for line in OrderLine.objects.select_related("order")
    }
    singles = 0
    for line in rows("transactions"):
        total = cents(line["sales_value"], line["retail_disc"], line["coupon_match_disc"])
        quantity = line["quantity"]
        if quantity == 0 or total % quantity:
            singles += quantity != 1
            quantity = 1
        key = (str(line["basket_id"]), str(line["product_id"]))
        assert stored.pop(key) == (quantity, total // quantity, cents(line["retail_disc"]))
    assert stored == {}
    assert singles > 50  # the slice does show the rule


def test_a_line_is_counted_only_where_its_total_divides_to_whole_cents() -> None:
    piece = source.pa.table(
        {
            "household_id": [1, 1, 1, 1],
            "basket_id": [7, 7, 7, 7],
            "product_id": [10, 11, 12, 13],
            # three for 1.00; two for 3.00 with 0.50 off by card and 0.20 by match; none
            "quantity": [3, 2, 0, 0],
            "sales_value": [1.0, 2.3, 0.0, 1.29],
            "retail_disc": [0.0, 0.5, 0.0, 0.0],
            "coupon_match_disc": [0.0, 0.2, 0.0, 0.0],
            "transaction_timestamp": source.pa.array([0, 0, 0, 0], source.pa.timestamp("ns")),
        }
    )

    priced = orders.priced(piece)

    assert priced["quantity"].to_pylist() == [1, 2, 1, 1]
    assert priced["unit_price"].to_pylist() == [100, 150, 0, 129]
    assert priced["member_discount"].to_pylist() == [0, 50, 0, 0]


def test_orders_are_paid_at_the_time_of_their_baskets_and_counted_for_their_customers() -> None:
    placed = {str(line["basket_id"]): line for line in rows("transactions")}
    for order in Order.objects.select_related("customer", "channel"):
        line = placed.pop(order.ref)
        assert order.placed_at == wall(line["transaction_timestamp"])
        assert order.customer.ref == str(line["household_id"])
        assert (order.status, order.currency, order.channel.slug) == ("paid", "USD", "store")
        value = sum(
            each.quantity * each.unit_price_minor - each.member_discount_minor
            for each in order.lines.all()
        )
        assert order.total_minor == value
    assert placed == {}
    for customer in Customer.objects.all():
        assert customer.paid_orders == customer.orders.count()
        assert customer.registered_at == customer.orders.earliest("placed_at").placed_at


def test_coupons_are_live_in_their_window_for_those_who_were_invited() -> None:
    skus: dict[str, set[str]] = {}
    for link in rows("coupons"):
        slug = f"campaign-{link['campaign_id']}-{link['coupon_upc']}"
        skus.setdefault(slug, set()).add(str(link["product_id"]))
    windows = {each["campaign_id"]: each for each in rows("campaign_descriptions")}
    for coupon in Coupon.objects.all():
        number = int(coupon.slug.split("-")[1])
        first, last = (
            date(1970, 1, 1) + timedelta(seconds=windows[number][end])
            for end in ("start_date", "end_date")
        )
        midnight = datetime(first.year, first.month, first.day, tzinfo=NEW_YORK)
        last_moment = datetime(last.year, last.month, last.day, 23, 59, 59, tzinfo=NEW_YORK)
        assert (coupon.state, coupon.starts_at, coupon.published_at) == ("live", midnight, midnight)
        assert coupon.ends_at == last_moment + timedelta(seconds=1)
        definition = coupon.versions.get().definition
        assert set(definition["scope"]["products"]) == skus[coupon.slug]
        assert definition["customers"]["tags"] == [f"campaign-{number}"]
        assert definition["funded_by"] == "partner"
        assert definition["stacking_group"] in definition["stacks_with"]
        assert definition["code"] == f"C{number:02d}{coupon.slug.split('-')[2]}"
    invited = {(each["household_id"], each["campaign_id"]) for each in rows("campaigns")}
    tagged = {
        (int(customer.ref), int(tag.removeprefix("campaign-")))
        for customer in Customer.objects.all()
        for tag in customer.tags
    }
    assert tagged == invited


def test_a_coupon_is_worth_the_median_of_the_uses_seen_else_a_dollar() -> None:
    lines: dict[tuple[int, date], list[dict[str, Any]]] = {}
    for line in rows("transactions"):
        day = (line["household_id"], wall(line["transaction_timestamp"]).date())
        lines.setdefault(day, []).append(line)
    skus: dict[tuple[int, int], set[int]] = {}
    for link in rows("coupons"):
        skus.setdefault((link["campaign_id"], link["coupon_upc"]), set()).add(link["product_id"])
    seen: dict[int, list[int]] = {}
    for use in rows("coupon_redemptions"):
        day = (use["household_id"], date(1970, 1, 1) + timedelta(seconds=use["redemption_date"]))
        for line in lines.get(day, ()):
            if line["coupon_disc"] > 0 and any(
                line["product_id"] in products
                for (_, upc), products in skus.items()
                if upc == use["coupon_upc"]
            ):
                seen.setdefault(use["coupon_upc"], []).append(cents(line["coupon_disc"]))
    by_slug = {
        version.coupon.slug: version.definition["value"]["USD"]
        for version in CouponVersion.objects.select_related("coupon")
    }
    checked = 0
    for campaign, upc in skus:
        value = by_slug[f"campaign-{campaign}-{upc}"]
        if upc not in seen:
            assert value == "1.00"
        elif len(seen[upc]) == 1:
            checked += 1
            assert cents(float(value)) == seen[upc][0]
    assert checked > 0


@pytest.mark.parametrize(
    ("seen", "median"), [([100], 100), ([100, 50, 75], 75), ([75, 50], 63), ([40, 50], 45)]
)
def test_the_median_is_in_whole_cents(seen: list[int], median: int) -> None:
    assert offers._median(seen) == median


def test_uses_go_through_redeem_at_their_own_time(loaded: journey.Loaded) -> None:
    outcomes = loaded.replayed.outcomes
    assert {way for way, _ in outcomes} == {"automatic", "manual"}
    assert outcomes["automatic", "no_applicable_items"] == 1  # goods that cost nothing
    methods = Counter(Use.objects.values_list("redemption__method", flat=True))
    assert methods == {
        "automatic": outcomes["automatic", "redeemed"],
        "manual": outcomes["manual", "redeemed"],
    }
    for redemption in Redemption.objects.select_related("customer"):
        if redemption.method == "automatic":
            order = Order.objects.get(ref=redemption.order_ref)
            assert redemption.created_at == order.placed_at
            assert redemption.customer == order.customer
        else:
            assert redemption.order_ref.startswith("manual-")
            assert redemption.created_at.astimezone(NEW_YORK).hour == 12
            assert redemption.actor == "staff:clerk"
        assert redemption.discount_minor == sum(
            line.discount_minor for use in redemption.uses.all() for line in use.lines.all()
        )
    entries = Counter(JournalEntry.objects.values_list("type", flat=True))
    assert entries["redemption.created"] == Redemption.objects.count()
    assert entries["code.redeemed"] == Use.objects.count()
    assert entries["coupon.created"] == entries["coupon.published"] == Coupon.objects.count()
    assert sum(CouponCounter.objects.values_list("uses", flat=True)) == Use.objects.count()
