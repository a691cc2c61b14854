"""What a checkout costs the database, counted on the wire."""

import pytest
from django.db import connection

from coupons.models import Role
from redemption import keys
from tests.people import person
from tests.round_trips import counted
from tests.shop import Shop, cart, order

pytestmark = pytest.mark.django_db(transaction=True)

UNIQUE = [f"UNIQUE{i:04}" for i in range(40)]


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("unique", code=None, limits={"uses": 100, "uses_per_customer": 50})
    shop.codes("unique", *UNIQUE)
    # What a process does once: compile the coupon, plan the statements.
    for code in UNIQUE[:10]:
        assert shop.api.post("validations", cart(code, customer="C-1")).body["valid"]
        warm = shop.api.post("redemptions", order(code, ref=code, customer="C-1"))
        assert warm.status == 201, warm
    return shop


def test_the_count_sees_what_the_database_is_asked(shop: Shop) -> None:
    with counted() as traffic, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    assert (traffic.queries, traffic.round_trips) == (2, 2)


def test_a_validation_takes_two_round_trips_and_one_once_the_key_is_known(shop: Shop) -> None:
    keys._met.clear()
    for round_trips in (2, 1):
        with counted() as traffic:
            quote = shop.api.post("validations", cart(UNIQUE[20], customer="C-1"))
        assert quote.body["valid"]
        assert (traffic.queries, traffic.round_trips) == (round_trips, round_trips)


def test_a_checkout_is_planned_once_and_nothing_else_on_the_same_connection(shop: Shop) -> None:
    def mode() -> tuple[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')"
            )
            return cursor.fetchone()

    for _ in range(30):
        assert shop.api.post("validations", cart(UNIQUE[20], customer="C-1")).body["valid"]
    assert mode() == ("force_generic_plan", "off")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%WITH asked%'"
        )
        assert cursor.fetchall() == [(0,)]
    assert shop.api.get("coupons").status == 200
    assert mode() == ("force_custom_plan", "on")
    assert shop.api.post("validations", cart(UNIQUE[20], customer="C-1")).body["valid"]
    alice = person("alice", shop.merchant, Role.OWNER)
    # A list whose plan were kept would be planned for no value in particular from the sixth
    # time on.
    for _ in range(12):
        assert alice.get("/redemption/redemption/", status__exact="reversed").status_code == 200
    assert mode() == ("force_custom_plan", "on")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements "
            "WHERE statement LIKE '%ORDER BY \"redemption_redemption\".%'"
        )
        assert cursor.fetchall() == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE redemption_apikey SET revoked_at = now()", 401),
        ("UPDATE redemption_apikey SET expires_at = '2020-01-01T00:00Z'", 401),
        ("UPDATE redemption_apikey SET scopes = '{redeem}'", 403),
        ("DELETE FROM redemption_apikey", 401),
        ("UPDATE coupons_merchant SET name = 'Another'", 200),
    ],
)
def test_what_changes_behind_a_remembered_key_counts_at_once(
    shop: Shop, change: str, status: int
) -> None:
    assert shop.api.post("validations", cart(UNIQUE[20])).status == 200
    with connection.cursor() as cursor:
        cursor.execute(change)
    redeemed = {200: 201, 403: 201}.get(status, status)
    for i in range(2):
        assert shop.api.post("validations", cart(UNIQUE[20])).status == status
        done = shop.api.post("redemptions", order(UNIQUE[22 + i], ref=f"after-{i}", customer="C-1"))
        assert done.status == redeemed


def test_a_revoked_key_gets_nothing_that_needs_no_facts_either(shop: Shop) -> None:
    body = order(UNIQUE[30], ref="kept", customer="C-1")
    assert shop.api.post("redemptions", body, Idempotency_Key="kept").status == 201
    assert shop.api.post("redemptions", body, Idempotency_Key="kept").status == 201
    with connection.cursor() as cursor:
        cursor.execute("UPDATE redemption_apikey SET revoked_at = now()")
    for _ in range(2):
        assert shop.api.post("redemptions", body, Idempotency_Key="kept").status == 401
        assert shop.api.post("redemptions", {"nonsense": 1}).status == 401
        assert shop.api.post("validations", {"nonsense": 1}).status == 401


def test_a_redemption_takes_two_round_trips_with_an_idempotency_key(shop: Shop) -> None:
    body = order(UNIQUE[21], ref="counted", customer="C-1")
    with counted() as traffic:
        done = shop.api.post("redemptions", body, Idempotency_Key="k-1")
    assert done.status == 201, done
    assert (traffic.queries, traffic.round_trips) == (2, 2)


def test_a_new_customer_and_three_codes_cost_no_further_round_trip(shop: Shop) -> None:
    for slug in ("item", "other", "third"):
        shop.coupon(slug, stacking_group="all", stacks_with=["all"])
        assert shop.api.post("validations", cart(slug)).body["valid"]
    body = order("item", "other", "third", ref="three", customer="C-new")
    with counted() as traffic:
        done = shop.api.post("redemptions", body, Idempotency_Key="k-2")
    assert done.status == 201, done
    assert len(done.body["applied"]) == 3
    assert traffic.round_trips == 2
