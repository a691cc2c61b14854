"""A clerk's day: what was redeemed by hand, its totals, the workbook, and who may see whose."""

import io
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest

from coupons.models import Merchant, Role
from redemption import clerk_day
from redemption.models import Redemption
from tests.desk import allow, press
from tests.people import People, Person, person
from tests.shop import Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(settings: Any) -> People:
    settings.HEXIAO_TEST_CLOCK = True
    settings.HEXIAO_DESK_IDLE_MINUTES = 0
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("manage", "publish", "redeem", "codes")
    shop.coupon("ten-off", name="=cmd|' /C calc'!A0", value={"USD": "10.00", "EUR": "9.00"})
    return shop


@pytest.fixture
def cleo(people: People, shop: Shop) -> Person:
    return clerk(people, "cleo")


def clerk(people: People, name: str) -> Person:
    made = person(name, people.acme, Role.CLERK)
    allow(made.user)
    return made


def redeem(who: Person, ref: str, at: datetime | None = None, **more: Any) -> str:
    """Redeem at the desk, and return the address of what was redeemed."""
    shown = who.post("/desk/check/", code="ten-off", **{"total": "50", "order": ref, **more})
    address = press(who, shown)["Location"]
    if at is not None:
        Redemption.objects.filter(order_ref=ref).update(created_at=at)
    return address


def undo(who: Person, address: str) -> None:
    assert who.post(address.replace("redeemed", "undo")).status_code == 303


def day(who: Person, **query: Any) -> Any:
    return who.get("/desk/day/", **query)


def refs(page: Any) -> list[str]:
    return [row["order"] for row in page.context["rows"]]


def test_a_clerk_sees_their_own_day_with_totals_and_what_was_undone(
    people: People, shop: Shop, cleo: Person
) -> None:
    Merchant.objects.filter(pk=people.acme.pk).update(currencies=["EUR"])
    dora = clerk(people, "dora")
    redeem(cleo, "A-1")
    redeem(cleo, "A-2", total="70")
    redeem(cleo, "A-3", currency="EUR")
    undo(cleo, redeem(cleo, "A-4"))
    redeem(dora, "B-1")
    shop.api.post("redemptions", order("ten-off", ref="P-1"))
    page = day(cleo)
    assert refs(page) == ["A-4", "A-3", "A-2", "A-1"]
    assert page.context["totals"] == [
        {"currency": "EUR", "count": 1, "undone": 0,
         "order_value": "50.00 EUR", "discount": "9.00 EUR"},
        {"currency": "USD", "count": 2, "undone": 1,
         "order_value": "120.00 USD", "discount": "20.00 USD"},
    ]  # fmt: skip
    assert [row["is_undone"] for row in page.context["rows"]] == [True, False, False, False]
    assert page.content.decode().count('<tr class="undone">') == 1


def test_a_day_is_the_merchants_own(people: People, shop: Shop, cleo: Person) -> None:
    Merchant.objects.filter(pk=people.acme.pk).update(time_zone="Asia/Shanghai")
    redeem(cleo, "LATE", at=datetime(2026, 3, 4, 15, 59, 59, tzinfo=UTC))
    redeem(cleo, "NEXT", at=datetime(2026, 3, 4, 16, 0, tzinfo=UTC))
    assert refs(day(cleo, on="2026-03-04")) == ["LATE"]
    assert refs(day(cleo, on="2026-03-05")) == ["NEXT"]
    clock = {"X-Test-Clock": "2026-03-04T16:30:00+00:00"}
    assert refs(cleo.client.get("/desk/day/", headers=clock)) == ["NEXT"]


def test_an_empty_day_says_what_to_do(cleo: Person) -> None:
    page = day(cleo)
    assert b"Check a code at the desk, then redeem it." in page.content
    assert (page.context["rows"], page.context["totals"]) == ([], [])


def test_a_supervisor_sees_everybodys_day_or_one_persons(
    people: People, shop: Shop, cleo: Person
) -> None:
    dora = clerk(people, "dora")
    redeem(cleo, "A-1")
    redeem(dora, "B-1")
    page = day(people.bob, clerk=0)
    assert refs(page) == ["B-1", "A-1"]
    assert [name for _, name in page.context["team"]] == ["alice", "bob", "cleo", "dora"]
    assert refs(day(people.bob, clerk=dora.user.pk)) == ["B-1"]
    assert refs(day(people.bob)) == []


@pytest.mark.parametrize("page", ["day/", "day/sheet/"])
def test_a_clerk_sees_nobody_elses_day_and_nobody_another_merchants(
    people: People, shop: Shop, cleo: Person, page: str
) -> None:
    redeem(cleo, "A-1")
    dora = clerk(people, "dora")
    with nothing_changes():
        for who, whose in (
            (dora, cleo.user.pk),
            (dora, 0),
            (people.charlie, cleo.user.pk),
            (people.bob, people.charlie.user.pk),
            (people.bob, 987_654_321),
        ):
            assert who.get(f"/desk/{page}", clerk=whose).status_code == 404
    assert refs(day(people.charlie, clerk=0)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"on": "yesterday"}, {"on": "2026-13-01"}, {"on": "2026-02-30"}, {"on": "0001-01-01"},
        {"on": "9999-12-31"}, {"clerk": "x"}, {"clerk": "-1"}, {"clerk": "9" * 40}, {"on": "\x00"},
    ],
)  # fmt: skip
def test_nonsense_is_not_found(people: People, shop: Shop, query: dict[str, str]) -> None:
    assert people.bob.get("/desk/day/", **query).status_code == 404


def test_the_workbook_has_the_day_and_runs_nothing(
    people: People, shop: Shop, cleo: Person
) -> None:
    redeem(cleo, "=1+1")
    undo(cleo, redeem(cleo, "A-2"))
    answer = cleo.get("/desk/day/sheet/")
    assert answer["Content-Disposition"].startswith('attachment; filename="desk-20')
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == [
        "When", "Clerk", "Order", "Coupon", "Code", "Status", "Currency", "Order value",
        "Discount",
    ]  # fmt: skip
    assert [row[1:2] + row[4:] for row in rows[1:]] == [
        ["cleo", "TENOFF", "Redeemed", "USD", 50, 10],
        ["cleo", "TENOFF", "Reversed", "USD", 50, 10],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    assert rows[1][2].lstrip("'") == "=1+1"
    assert not any(str(cell).startswith("=") for row in rows for cell in row)


def test_a_long_day_is_cut_on_the_page_and_whole_in_the_workbook(
    people: People, shop: Shop, cleo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerk_day, "SHOWN", 2)
    for n in range(3):
        redeem(cleo, f"A-{n}")
    page = day(cleo)
    assert (refs(page), page.context["day"].is_cut) == (["A-2", "A-1"], True)
    assert page.context["totals"][0]["count"] == 3
    sheet = openpyxl.load_workbook(io.BytesIO(cleo.get("/desk/day/sheet/").content)).active
    assert sheet.max_row == 4
