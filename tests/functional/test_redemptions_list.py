"""Looking redemptions up: one, or a list by order, code, customer, status and time."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from coupons.models import Coupon
from redemption.models import Redemption
from tests.shop import NOW, Answer, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

#: What each of the redemptions is for: (order, code, customer), an hour apart.
MADE = [
    ("O-1", "ten-off", "C-1"),
    ("O-2", "UNIQUE1", "C-1"),
    ("O-3", "ten-off", None),
    ("O-4", "UNIQUE2", "C-2"),
    ("O/5 ä", "ten-off", "C-2"),
]


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    shop = Shop.open()
    shop.coupon("ten-off", starts_at="2020-01-01T00:00:00Z")
    shop.coupon("unique", code=None, starts_at="2020-01-01T00:00:00Z")
    shop.codes("unique", "UNIQUE1", "UNIQUE2")
    return shop


@pytest.fixture
def made(shop: Shop) -> list[Answer]:
    # Published before the times told below.
    Coupon.objects.update(published_at=NOW - timedelta(days=1))
    answers = []
    for hour, (ref, code, customer) in enumerate(MADE):
        at = (NOW + timedelta(hours=hour)).isoformat()
        answers.append(
            shop.api.post("redemptions", order(code, ref=ref, customer=customer), X_Test_Clock=at)
        )
        assert answers[-1].status == 201, answers[-1]
    return answers


def orders(shop: Shop, query: str) -> list[str]:
    """Return the orders that a query finds, over all pages."""
    path: str | None = f"redemptions?{query}"
    found = []
    while path:
        page = shop.api.get(path)
        assert page.status == 200, page
        found += [row["order"] for row in page.body["results"]]
        path = (page.body["next"] or "").partition("/api/v1/")[2] or None
    return found


def test_one_is_read_as_it_was_answered(shop: Shop, made: list[Answer]) -> None:
    for each in made:
        again = shop.api.get(f"redemptions/{each.body['id']}")
        assert (again.status, again.body) == (200, each.body)


def test_one_has_the_status_of_today(shop: Shop, made: list[Answer]) -> None:
    Redemption.objects.filter(pk=made[0].body["id"]).update(status="reversed")
    again = shop.api.get(f"redemptions/{made[0].body['id']}")
    assert again.body == made[0].body | {"status": "reversed"}


def test_one_that_is_not_there_is_a_404(shop: Shop) -> None:
    answer = shop.api.get("redemptions/0199aaaa-0000-7000-8000-000000000000")
    assert (answer.status, answer.code) == (404, "not_found")


def test_the_list_has_the_newest_first_as_they_were_answered(
    shop: Shop, made: list[Answer]
) -> None:
    page = shop.api.get("redemptions")
    assert page.body == {
        "next": None,
        "previous": None,
        "results": [each.body for each in reversed(made)],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("order=O-2", ["O-2"]),
        (f"order={quote('O/5 ä')}", ["O/5 ä"]),
        ("order=O-9", []),
        ("order=o-2", []),
        ("code=UNIQUE1", ["O-2"]),
        ("code=uni-que%201", ["O-2"]),
        ("code=TEN-OFF", ["O/5 ä", "O-3", "O-1"]),
        ("code=NONE", []),
        ("customer=C-1", ["O-2", "O-1"]),
        ("customer=C-9", []),
        ("customer=C-2&code=ten-off", ["O/5 ä"]),
        ("status=redeemed", ["O/5 ä", "O-4", "O-3", "O-2", "O-1"]),
        ("status=held", []),
        ("created_after=2026-03-04T14:00:00Z", ["O/5 ä", "O-4"]),
        ("created_after=2026-03-04T13:59:59.999999Z", ["O/5 ä", "O-4", "O-3"]),
        ("created_after=2026-03-04T16:00:00%2B02:00", ["O/5 ä", "O-4"]),
        ("created_after=2027-01-01T00:00:00Z", []),
        ("order=&code=&customer=&status=", ["O/5 ä", "O-4", "O-3", "O-2", "O-1"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 500])
def test_filters_find_what_they_ask_for_whatever_the_page_size(
    shop: Shop, made: list[Answer], query: str, found: list[str], size: int
) -> None:
    assert orders(shop, f"{query}&page_size={size}") == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=lost", "status"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-03-04", "created_after"),
        ("created_after=2026-03-04T12:00:00", "created_after"),
        ("created_after=2026-03-04T16:00:00+02:00", "created_after"),
        ("cursor=nonsense", "cursor"),
        ("cursor=bz0tMQ==", "cursor"),
        ("cursor=cD1nYXJiYWdl", "cursor"),
        ("cursor=cD0yMDI2LTAxLTAx", "cursor"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(shop: Shop, query: str, field: str) -> None:
    answer = shop.api.get(f"redemptions?{query}")
    assert (answer.status, answer.code) == (422, "invalid")
    assert [error["field"] for error in answer.body["errors"]] == [field]


def test_pages_lead_on_and_back_and_keep_the_filter(shop: Shop, made: list[Answer]) -> None:
    first = shop.api.get("redemptions?page_size=2&status=redeemed").body
    assert first["previous"] is None
    second = shop.api.get(first["next"].partition("/api/v1/")[2]).body
    assert [r["order"] for r in second["results"]] == ["O-3", "O-2"]
    assert "status=redeemed" in second["next"]
    back = shop.api.get(second["previous"].partition("/api/v1/")[2]).body
    assert back["results"] == first["results"]


def test_what_comes_meanwhile_moves_no_page(shop: Shop, made: list[Answer]) -> None:
    first = shop.api.get("redemptions?page_size=2").body
    shop.api.post(
        "redemptions",
        order("ten-off", ref="O-new"),
        X_Test_Clock=(NOW + timedelta(days=1)).isoformat(),
    )
    second = shop.api.get(first["next"].partition("/api/v1/")[2]).body
    assert [r["order"] for r in second["results"]] == ["O-3", "O-2"]


def test_many_of_one_instant_are_all_listed_once(shop: Shop, made: list[Answer]) -> None:
    for number in range(7):
        done = shop.api.post(
            "redemptions",
            order("ten-off", ref=f"S-{number}"),
            X_Test_Clock=NOW.isoformat(),
        )
        assert done.status == 201
    for size in (1, 2, 3, 5):
        found = orders(shop, f"page_size={size}")
        assert len(found) == len(set(found)) == 12


def test_a_page_has_100_unless_asked_and_500_at_most(shop: Shop, made: list[Answer]) -> None:
    row = Redemption.objects.first()
    assert row is not None
    copies = []
    for number in range(600):
        copies.append(
            Redemption(
                **{
                    f.attname: getattr(row, f.attname)
                    for f in Redemption._meta.concrete_fields
                    if f.attname not in ("id", "created_at")
                },
                created_at=NOW + timedelta(minutes=number),
            )
        )
    Redemption.objects.bulk_create(copies)
    for asked, given in (("", 100), ("page_size=7", 7), ("page_size=9999", 500)):
        assert len(shop.api.get(f"redemptions?{asked}").body["results"]) == given
    for nonsense in ("0", "-1", "many", ""):
        assert len(shop.api.get(f"redemptions?page_size={nonsense}").body["results"]) == 100


def test_reading_writes_nothing(shop: Shop, made: list[Answer]) -> None:
    with nothing_changes():
        shop.api.get("redemptions")
        shop.api.get(f"redemptions/{made[0].body['id']}")
