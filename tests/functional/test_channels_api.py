"""Sales channels over the API."""

from typing import Any

import pytest

from coupons.models import Channel, JournalEntry
from tests.definitions import fields
from tests.shop import Shop, cart
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def journaled() -> tuple[str, Any]:
    """Return what the journal told last."""
    entry = JournalEntry.objects.latest("id")
    return entry.type, entry.data


def test_a_channel_is_created_and_renamed(shop: Shop) -> None:
    made = shop.api.put("channels/web-us", {"name": "Web shop"})
    assert (made.status, made.body) == (201, {"slug": "web-us", "name": "Web shop"})
    assert journaled() == ("channel.created", made.body)
    renamed = shop.api.put("channels/web-us", {"name": "网店"})
    assert (renamed.status, renamed.body) == (200, {"slug": "web-us", "name": "网店"})
    assert journaled() == ("channel.changed", renamed.body)
    assert shop.api.get("channels/web-us").body == renamed.body
    assert Channel.objects.count() == 1


def test_a_channel_without_a_name_is_called_by_its_slug_and_keeps_the_one_it_has(
    shop: Shop,
) -> None:
    assert shop.api.put("channels/till", {}).body == {"slug": "till", "name": "till"}
    shop.api.put("channels/till", {"name": "Till"})
    with nothing_changes():
        assert shop.api.put("channels/till", {}).body["name"] == "Till"
        assert shop.api.put("channels/till", {"name": "Till"}).status == 200


@pytest.mark.parametrize(
    ("slug", "body", "field"),
    [
        ("Till", {}, "slug"),
        ("till_1", {}, "slug"),
        ("a" * 81, {}, "slug"),
        ("till", {"name": ""}, "name"),
        ("till", {"name": " "}, "name"),
        ("till", {"name": "a" * 201}, "name"),
        ("till", {"name": "a\u0007"}, "name"),
        ("till", {"name": 7}, "name"),
    ],
)
def test_a_bad_slug_or_name_is_refused(
    shop: Shop, slug: str, body: dict[str, Any], field: str
) -> None:
    with nothing_changes():
        answer = shop.api.put(f"channels/{slug}", body)
    assert (answer.status, fields(answer)) == (422, [field])


def test_an_unknown_channel_and_another_merchants_are_not_found(shop: Shop) -> None:
    shop.api.put("channels/till", {})
    assert Shop.open("other").api.get("channels/till").code == "not_found"
    assert shop.api.get("channels/web").code == "not_found"


def test_a_coupon_may_be_for_a_channel_that_was_put(shop: Shop) -> None:
    shop.api.put("channels/till", {})
    shop.coupon(channels=["till"])
    assert shop.api.post("validations", cart("ten-off", channel="till")).body["valid"] is True
