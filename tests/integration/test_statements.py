"""Several writes as one statement: one after the other, and none after a take that took nothing."""

import pytest
from django.db import connection, transaction

from coupons.models import Code, CouponCounter
from redemption import ledger, taking
from redemption.errors import TakeLost
from redemption.statements import Statements, chained
from tests.shop import Shop, order

pytestmark = pytest.mark.django_db(transaction=True)

WRITE_DOWN = "INSERT INTO notes (text) SELECT %s WHERE {after}"
#: Takes only where there is such a note.
MARK = "UPDATE notes SET text = text || '!' WHERE text = %s AND {after}"


@pytest.fixture
def notes() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE notes (id serial, text text)")
        yield
        cursor.execute("DROP TABLE notes")


def written() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM notes ORDER BY id")
        return [text for (text,) in cursor.fetchall()]


@pytest.mark.usefixtures("notes")
def test_parts_do_their_work_in_their_order() -> None:
    statements = Statements()
    for text in "fcaebd":
        statements.add(WRITE_DOWN, [text])
    statements.run()
    assert written() == [*"fcaebd"]


@pytest.mark.usefixtures("notes")
def test_nothing_stays_where_a_take_takes_nothing() -> None:
    statements = Statements()
    statements.add(WRITE_DOWN, ["before"])
    statements.take(MARK, ["nobody wrote this"])
    statements.take(WRITE_DOWN, ["after"])
    with pytest.raises(TakeLost):
        statements.run()
    assert written() == []


@pytest.mark.usefixtures("notes")
def test_several_statements_are_one_transaction() -> None:
    statements = Statements()
    statements.take(WRITE_DOWN, ["before"], row=1)
    statements.take(MARK, ["nobody wrote this"], row=1)
    with pytest.raises(TakeLost):
        statements.run()
    assert written() == []


@pytest.mark.usefixtures("notes")
def test_a_part_after_a_lost_take_does_not_even_try() -> None:
    sql = chained(
        (
            (MARK, True),
            ("INSERT INTO notes (text) SELECT (1 / (random() * 0)::int)::text WHERE {after}", True),
        )
    )
    # Had the second tried, the first division by zero would be its own, before any count.
    plan = sql.replace("SELECT 1 / count(*)", "SELECT count(*)")
    with connection.cursor() as cursor:
        cursor.execute(plan, {"v0": "nobody wrote this"})
        assert cursor.fetchone() == (0,)


@pytest.mark.usefixtures("notes")
def test_a_second_change_of_a_row_is_a_statement_of_its_own() -> None:
    statements = Statements()
    statements.add(WRITE_DOWN, ["a"])
    statements.run()
    statements = Statements()
    with transaction.atomic():
        statements.take("UPDATE notes SET text = 'b' WHERE text = %s AND {after}", ["a"], row=1)
        statements.take("UPDATE notes SET text = 'c' WHERE text = %s AND {after}", ["b"], row=1)
        statements.run()
    assert written() == ["c"]


def test_two_codes_of_one_coupon_take_two_uses_of_it() -> None:
    shop = Shop.open()
    budget = {"USD": "30.00"}
    shop.coupon(
        "unique",
        code=None,
        value={"USD": "3.00"},
        stacking_group="all",
        stacks_with=["all"],
        limits={"uses": 2, "uses_per_customer": 2, "uses_per_day": 2, "budget": budget},
    )
    shop.codes("unique", "ONE0000001", "TWO0000002", "SIX0000006")
    both = shop.api.post("redemptions", order("ONE0000001", "TWO0000002", customer="C-1"))
    assert both.status == 201, both
    counter = CouponCounter.objects.get()
    assert (counter.uses, counter.budget_used_minor) == (2, 600)
    assert list(Code.objects.order_by("text").values_list("uses", flat=True)) == [1, 0, 1]
    third = shop.api.post("redemptions", order("SIX0000006", ref="O-2", customer="C-1"))
    assert (third.status, third.body["code"]) == (422, "coupon_rejected")


def test_every_part_waits_for_the_one_before_it() -> None:
    templates = {
        f"{module.__name__}.{name}": value
        for module in (ledger, taking)
        for name, value in vars(module).items()
        if name.startswith(("TAKE_", "GIVE_", "SETTLE_", "WRITE_"))
    }
    assert len(templates) == 13
    assert [name for name, sql in templates.items() if sql.count("{after}") != 1] == []
