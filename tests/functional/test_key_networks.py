"""Keys that may be used from certain addresses only."""

from typing import Any

import pytest

from coupons.errors import Invalid
from redemption import keys, networks
from redemption.models import ApiKey
from tests.shop import NOW, Answer, Api, Shop, cart

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


def only_from(shop: Shop, *allowed: str) -> Api:
    return shop.with_scopes("checkout", "manage", allowed_networks=allowed)


def priced(api: Api, *, remote: str = "127.0.0.1", **headers: str) -> Answer:
    api.client.defaults["REMOTE_ADDR"] = remote
    return api.post("validations", cart("ten-off"), **headers)


@pytest.mark.parametrize(
    ("allowed", "remote", "status"),
    [
        ([], "203.0.113.9", 200),
        ([], "", 200),
        ([], "garbage", 200),
        (["203.0.113.9"], "203.0.113.9", 200),
        (["203.0.113.9"], "203.0.113.10", 403),
        (["203.0.113.0/24", "2001:db8::/32"], "203.0.113.77", 200),
        (["203.0.113.0/24", "2001:db8::/32"], "2001:db8:1::5", 200),
        (["203.0.113.0/24", "2001:db8::/32"], "2001:db9::5", 403),
        (["203.0.113.0/24"], "::ffff:203.0.113.5", 200),
        (["::ffff:203.0.113.0/120"], "203.0.113.5", 200),
        (["203.0.113.0/24"], "203.0.113.5:55123", 200),
        (["2001:db8::/32"], "[2001:db8::1]:55123", 200),
        (["fe80::/64"], "fe80::1%eth0", 200),
        (["203.0.113.0/24"], "", 403),
        (["203.0.113.0/24"], "garbage", 403),
        (["0.0.0.0/0"], "2001:db8::1", 403),
    ],
)
def test_a_key_works_from_its_networks_only_remembered_or_not(
    shop: Shop, allowed: list[str], remote: str, status: int
) -> None:
    api = only_from(shop, *allowed)
    for _ in range(3):
        answer = priced(api, remote=remote)
        assert answer.status == status, answer
    if status == 403:
        assert answer.code == "ip_not_allowed"
        assert api.get("coupons").code == "ip_not_allowed"


def test_a_change_of_the_networks_counts_at_once_for_a_remembered_key(shop: Shop) -> None:
    api = only_from(shop)
    row = ApiKey.objects.latest("pk")
    assert priced(api).status == 200

    def move(*allowed: str) -> None:
        keys.limit(key=row, allowed_networks=allowed, rate_per_minute=None, by="system", at=NOW)

    move("198.51.100.0/24")
    for _ in range(2):
        assert priced(api).code == "ip_not_allowed"
    move("198.51.100.0/24", "127.0.0.1")
    for _ in range(2):
        assert priced(api).status == 200
    # Remembered with networks, refused by them, and let in again by what is written now.
    move()
    assert priced(api, remote="203.0.113.9").status == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, "203.0.113.9", 403),
        (1, "203.0.113.9", 200),
        (1, "203.0.113.9, 198.51.100.1", 403),
        (1, "198.51.100.1, 203.0.113.9", 200),
        (1, "garbage", 403),
        (1, ",", 403),
        (1, "", 403),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", 200),
        (2, "203.0.113.9, 198.51.100.1, 10.0.0.1", 403),
        (2, "203.0.113.9", 200),
    ],
)
def test_a_forwarded_address_counts_only_behind_as_many_proxies_as_are_trusted(
    shop: Shop, settings: Any, proxies: int, forwarded: str, status: int
) -> None:
    settings.HEXIAO_TRUSTED_PROXIES = proxies
    api = only_from(shop, "203.0.113.9")
    for _ in range(2):
        assert priced(api, X_Forwarded_For=forwarded).status == status


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "anywhere",
            "300.1.1.1",
            "1.2.3",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "2001:db8::/129",
        ),
        *("10.0.0.1/8", "2001:db8::1/32", "1.2.3.4/", "/24", "10.0.0.0/8/8", "fe80::1%eth0", "\0"),
        *("1.2.3.4 5.6.7.8", "１.2.3.4", "x" * 1_000, "fe80::%" + "y" * 100),
    ],
)
def test_what_is_no_network_is_refused_by_its_place_and_changes_nothing(
    shop: Shop, text: str
) -> None:
    before = ApiKey.objects.count()
    with pytest.raises(Invalid) as refused:
        only_from(shop, "10.0.0.0/8", text)
    assert [each.field for each in refused.value.errors] == ["allowed_networks.1"]
    assert ApiKey.objects.count() == before


def test_networks_are_kept_in_their_shortest_form_each_once() -> None:
    assert networks.normal(
        [" 10.0.0.0/8", "10.0.0.0/255.0.0.0", "2001:DB8:0::/32", "192.0.2.7", "::ffff:192.0.2.7"]
    ) == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"]


def test_there_are_at_most_fifty_networks() -> None:
    fifty = [f"10.0.{n}.0/24" for n in range(50)]
    assert networks.normal(fifty) == fifty
    with pytest.raises(Invalid):
        networks.normal([*fifty, "10.1.0.0/16"])
