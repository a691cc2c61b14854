"""The demo's data: there once, whatever breaks off in the middle."""

import hashlib
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from campaigns.models import Customer
from config.demo import orders, replay, source
from coupons.models import (
    Category,
    Coupon,
    CouponCounter,
    CouponVersion,
    JournalEntry,
    Membership,
    Merchant,
    Product,
    User,
)
from redemption.models import Order, OrderLine, Redemption, Use, UseLine
from tests.integration.slice import load, rows

pytestmark = pytest.mark.django_db(transaction=True)

LOADED = (
    *(Merchant, User, Membership, Category, Product, Customer, Order, OrderLine),
    *(Coupon, CouponVersion, CouponCounter, JournalEntry, Redemption, Use, UseLine),
)


def fingerprint() -> dict[str, str]:
    """Hash every loaded row: nothing may change unseen."""
    found = {}
    with connection.cursor() as cursor:
        for model in LOADED:
            cursor.execute(f"SELECT t::text FROM {model._meta.db_table} t ORDER BY 1")  # noqa: S608
            lines = "\n".join(row[0] for row in cursor.fetchall())
            found[model.__name__] = hashlib.sha256(lines.encode()).hexdigest()
    return found


def test_everything_is_there_once_and_a_second_run_changes_nothing() -> None:
    loaded = load()

    lines = list(rows("transactions"))
    links = {(link["campaign_id"], link["coupon_upc"]) for link in rows("coupons")}
    uses = list(rows("coupon_redemptions"))
    wanted = {line["product_id"] for line in lines}
    wanted |= {link["product_id"] for link in rows("coupons")}
    products = len([each for each in rows("products") if each["product_id"] in wanted])
    assert Product.objects.count() == products
    assert Customer.objects.count() == 3
    assert Order.objects.count() == len({line["basket_id"] for line in lines})
    assert OrderLine.objects.count() == len(lines)
    assert Coupon.objects.count() == len(links) == 209 + 33
    assert [stage.rows for stage in loaded.stages] == [
        {"categories": Category.objects.count(), "products": products},
        {"customers": 3, "invitations": len(list(rows("campaigns")))},
        {"orders": Order.objects.count(), "order lines": len(lines)},
        {"coupons": 242},
    ]
    assert loaded.replayed.total() == loaded.replayed.fresh == len(uses)
    assert loaded.replayed.total(redeemed=True) == Use.objects.count()

    before = fingerprint()
    again = load()

    assert fingerprint() == before
    assert [stage.rows for stage in again.stages] == [{}, {}, {}, {}]
    assert again.replayed.outcomes == loaded.replayed.outcomes
    assert again.replayed.discount == loaded.replayed.discount
    assert authenticate(username="operator", password="not-a-secret") is not None


def test_a_run_that_breaks_off_is_completed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    class PulledPlug(Exception):
        pass

    def breaking(times: int, real: Any) -> Any:
        left = [times]

        def call(**arguments: Any) -> Any:
            if not left[0]:
                raise PulledPlug
            left[0] -= 1
            return real(**arguments)

        return call

    # In the middle of the orders: they are all gone, what came before stays.
    with monkeypatch.context() as patch:
        patch.setattr(orders, "_load_piece", breaking(2, orders._load_piece))
        with pytest.raises(PulledPlug):
            load()
    assert (Customer.objects.count(), Order.objects.count()) == (3, 0)
    # In the middle of the replay: the uses redeemed so far stay.
    with monkeypatch.context() as patch:
        patch.setattr(replay, "redeem", breaking(2, replay.redeem))
        with pytest.raises(PulledPlug):
            load()
    assert Redemption.objects.count() == 2
    early = set(Redemption.objects.values_list("pk", flat=True))

    resumed = load()

    lines = list(rows("transactions"))
    assert OrderLine.objects.count() == len(lines)
    assert resumed.replayed.total() == len(list(rows("coupon_redemptions")))
    assert resumed.replayed.total(redeemed=True) == Use.objects.count()
    assert early < set(Redemption.objects.values_list("pk", flat=True))
    assert resumed.replayed.fresh < resumed.replayed.total()


def test_staff_of_another_merchant_keep_their_log_in() -> None:
    User.objects.create_user(username="owner", password="theirs")

    load(only=source.Slice(households=frozenset({712}), campaigns=frozenset()))

    assert authenticate(username="owner", password="theirs") is not None
    assert Membership.objects.filter(user__username="owner").count() == 0
    assert Membership.objects.get(role="owner").user.username == "journey-owner"


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PACKAGE", "completejourney_that_is_not_there")

    with pytest.raises(CommandError, match="is not installed"):
        call_command("load_journey", password="not-a-secret")

    assert Merchant.objects.count() == 0
