"""A coupon's redemption methods: which keys may, where it is set, and until when."""

import io
from typing import Any

import pytest

from coupons import redeemers
from coupons.models import Coupon, CouponCounter, CouponVersion, JournalEntry, Role
from coupons.sheets.reading import open_rows
from coupons.sheets.templates import XLSX
from redemption import keys
from redemption.models import ApiKey, RefusedAttempt, WebhookEndpoint
from tests.definitions import fields
from tests.people import People, person
from tests.round_trips import counted
from tests.shop import NOW, Api, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

BY: dict[str, Any] = {"by": "staff:alice", "at": NOW}


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    shop = Shop(people.acme, Shop.open("unused").api)
    shop.api = shop.with_scopes("checkout", "redeem", "manage", "publish", "codes")
    return shop


def till(shop: Shop, **options: Any) -> tuple[ApiKey, Api]:
    row, key = keys.create(
        merchant=shop.merchant,
        name="Till",
        scopes=["checkout", "redeem"],
        method="api",
        **BY,
        **options,
    )
    return row, Api(key)


def named(*prefixes: str) -> dict[str, Any]:
    return {"api": {"keys": sorted(prefixes)}}


def reasons(answer: Any) -> list[str]:
    return [why["reason"] for each in answer.body["rejected"] for why in each["reasons"]]


def page(shop: Shop, slug: str = "ten-off") -> str:
    return f"/coupons/coupon/{Coupon.objects.get(slug=slug).pk}/methods/"


# --- which keys ---


def test_only_the_keys_that_are_named_may_redeem_by_api(shop: Shop) -> None:
    row, mine = till(shop)
    _, other = till(shop)
    shop.coupon(method_settings=named(row.prefix))
    shop.coupon("free")
    refused = other.post("redemptions", order("TENOFF"))
    assert (refused.status, refused.code) == (422, "coupon_rejected")
    assert reasons(refused) == ["method_not_allowed"]
    assert reasons(other.post("validations", cart("TENOFF"))) == ["method_not_allowed"]
    assert other.post("redemptions", order("FREE", ref="O-2")).status == 201
    assert mine.post("redemptions", order("TENOFF", ref="O-3")).status == 201
    # A checkout's key redeems automatically: it is not asked for here.
    assert shop.api.post("redemptions", order("TENOFF", ref="O-4")).status == 201


def test_a_successor_may_what_its_predecessor_might(shop: Shop) -> None:
    row, _ = till(shop)
    shop.coupon(method_settings=named(row.prefix))
    second, _ = keys.rotate(key=row, overlap_hours=1, **BY)
    third, key = keys.rotate(key=second, overlap_hours=1, **BY)
    assert (second.origin, third.origin) == (row.prefix, row.prefix)
    assert Api(key).post("redemptions", order("TENOFF")).status == 201
    told = shop.api.patch("coupons/ten-off", {"method_settings": named(third.prefix)})
    assert (told.status, fields(told)) == (422, ["method_settings.api.keys.0"])
    assert told.body["errors"][0]["message"] == f"Name the key that it replaced, {row.prefix}."


def test_what_a_named_key_holds_a_checkout_confirms(shop: Shop) -> None:
    row, mine = till(shop)
    shop.coupon(method_settings=named(row.prefix))
    held = mine.post("redemptions", order("TENOFF", hold=True))
    assert held.status == 201, held
    lines = [{"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "50.00"}]
    body = {"currency": "USD", "lines": lines}
    confirmed = shop.api.post(f"redemptions/{held.body['id']}/confirmation", body)
    assert (confirmed.status, confirmed.body["discount"]) == (200, "10.00")


def test_naming_keys_costs_no_query(shop: Shop) -> None:
    row, mine = till(shop)
    shop.coupon("plain")
    shop.coupon(method_settings=named(row.prefix))
    for ref, code in (("W-1", "PLAIN"), ("W-2", "TENOFF")):
        assert mine.post("redemptions", order(code, ref=ref)).status == 201
    counts = []
    for ref, code in (("O-1", "PLAIN"), ("O-2", "TENOFF")):
        with counted() as traffic:
            assert mine.post("redemptions", order(code, ref=ref)).status == 201
        counts.append((traffic.round_trips, traffic.queries))
    assert counts[0] == counts[1]


def test_why_tells_which_keys_may_and_which_asked(people: People, shop: Shop) -> None:
    row, _ = till(shop)
    stranger, other = till(shop)
    shop.coupon(method_settings=named(row.prefix))
    assert other.post("redemptions", order("TENOFF")).status == 422
    attempt = RefusedAttempt.objects.get()
    why = people.alice.get(f"/redemption/refusedattempt/{attempt.pk}/change/").content.decode()
    assert row.prefix in why
    assert stranger.prefix in why


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (named("NoSuchK1"), "method_settings.api.keys.0"),
        (named("short"), "method_settings.api.keys.0"),
        ({"api": {"key": []}}, "method_settings.api.key"),
        ({"desk": {}}, "method_settings.desk"),
        ([], "method_settings"),
    ],
)
def test_settings_that_make_no_sense_are_refused(shop: Shop, settings: Any, field: str) -> None:
    shop.coupon(publish=False)
    with nothing_changes():
        answer = shop.api.patch("coupons/ten-off", {"method_settings": settings})
    assert (answer.status, fields(answer)) == (422, [field])


def test_another_merchants_key_cannot_be_named(people: People, shop: Shop) -> None:
    theirs, _ = keys.create(
        merchant=people.other, name="SECRET TILL", scopes=["redeem"], method="api", **BY
    )
    shop.coupon(publish=False)
    with nothing_changes():
        answer = shop.api.patch("coupons/ten-off", {"method_settings": named(theirs.prefix)})
        assert (answer.status, fields(answer)) == (422, ["method_settings.api.keys.0"])
        sent = people.alice.post(page(shop), what="api", keys=[theirs.prefix])
        assert "keys" in sent.context["form"].errors
    assert "SECRET TILL" not in people.alice.get(page(shop)).content.decode()


# --- until when ---


def test_methods_change_until_the_codes_are_handed_out_widely(shop: Shop) -> None:
    row, _ = till(shop)
    shop.coupon()
    CouponCounter.objects.update(uses=10)
    change = {"methods": ["manual"], "method_settings": named(row.prefix)}
    changed = shop.api.patch("coupons/ten-off", change)
    assert (changed.status, changed.body["version"]) == (200, 2)
    entry = JournalEntry.objects.filter(type="coupon.changed").get()
    assert entry.data == {"fields": ["method_settings", "methods"], "version": 2}
    CouponCounter.objects.update(uses=11)
    with nothing_changes():
        refused = shop.api.patch("coupons/ten-off", {"methods": ["api"], "method_settings": None})
    assert (refused.status, refused.code) == (409, "frozen_field")
    assert fields(refused) == ["method_settings", "methods"]


@pytest.mark.parametrize(
    ("issued", "claimed", "is_wide"),
    [(1, 10, False), (1, 11, True), (500, 50, False), (500, 51, True), (9999, 100, False),
     (9999, 101, True)],
)  # fmt: skip
def test_wide_is_a_tenth_of_the_codes_from_10_to_100(
    shop: Shop, issued: int, claimed: int, is_wide: bool
) -> None:
    shop.coupon()
    CouponCounter.objects.update(issued=issued, claimed=claimed)
    changed = shop.api.patch("coupons/ten-off", {"methods": ["api"]})
    assert changed.status == (409 if is_wide else 200)


def test_a_version_from_before_there_were_settings_goes_on(shop: Shop) -> None:
    shop.coupon(publish=False)
    for version in CouponVersion.objects.all():
        del version.definition["method_settings"]
        CouponVersion.objects.filter(pk=version.pk).update(definition=version.definition)
    with nothing_changes():
        same = shop.api.patch("coupons/ten-off", {"name": "Ten-Off"})
    assert (same.status, same.body["version"]) == (200, 1)
    assert shop.api.post("coupons/ten-off/publish").status == 200
    assert till(shop)[1].post("redemptions", order("TENOFF")).status == 201


# --- in the console ---


def test_each_method_is_set_on_its_own(people: People, shop: Shop) -> None:
    row, _ = till(shop)
    shop.coupon()
    cleo = person("cleo", people.acme, Role.CLERK)
    address, bob = page(shop), people.bob
    assert bob.post(address, what="methods", methods=["manual", "api"]).status_code == 302
    assert bob.post(address, what="api", keys=[row.prefix]).status_code == 302
    assert bob.post(address, what="manual", people=[cleo.user.pk]).status_code == 302
    definition = shop.api.get("coupons/ten-off").body
    assert definition["methods"] == ["manual", "api"]
    assert definition["method_settings"] == named(row.prefix)
    coupon = Coupon.objects.select_related("merchant").get()
    assert redeemers.may_redeem(user=cleo.user, coupon=coupon)
    seen = bob.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    assert address in seen
    assert row.prefix in seen
    with nothing_changes():
        none = bob.post(address, what="methods")
        assert "methods" in none.context["form"].errors
    assert bob.post(address, what="api").status_code == 302
    assert shop.api.get("coupons/ten-off").body["method_settings"] is None
    assert bob.post(address, what="manual").status_code == 302
    assert not redeemers.may_redeem(user=cleo.user, coupon=coupon)


def test_a_widely_handed_out_coupon_says_so_and_keeps_its_methods(
    people: People, shop: Shop
) -> None:
    shop.coupon()
    CouponCounter.objects.update(uses=11)
    address = page(shop)
    assert "handed out widely" in people.bob.get(address).content.decode()
    with nothing_changes():
        refused = people.bob.post(address, what="methods", methods=["manual"])
    assert refused.status_code == 200
    assert refused.context["form"].errors
    # Who may redeem it by hand may always change.
    assert people.bob.post(address, what="manual", people=[people.bob.user.pk]).status_code == 302


def test_the_page_is_for_those_who_may_change_the_coupon(people: People, shop: Shop) -> None:
    shop.coupon()
    address = page(shop)
    clerk = person("cleo", people.acme, Role.CLERK)
    analyst = person("ann", people.acme, Role.ANALYST)
    with nothing_changes():
        for who in (people.charlie, clerk, analyst):
            assert who.get(address).status_code == 404
            assert who.post(address, what="methods", methods=["api"]).status_code == 404
            assert who.get(f"{address}template/").status_code == 404
        assert people.bob.post(address, what="else").status_code == 404
        stranger = people.bob.post(address, what="manual", people=[people.charlie.user.pk])
        assert "people" in stranger.context["form"].errors


def test_a_callback_address_of_the_coupon_is_shown_to_who_may_see_it(
    people: People, shop: Shop
) -> None:
    shop.coupon()
    coupon = Coupon.objects.get()
    WebhookEndpoint.objects.create(
        merchant=people.acme, url="https://till.example/", coupon=coupon, secret="s",
        created_at=NOW, created_by="staff:alice",
    )  # fmt: skip
    seen = people.alice.get(page(shop)).content.decode()
    assert "https://till.example/" in seen
    assert "/redemption/webhookendpoint/add/?coupon=ten-off" in seen
    assert "https://till.example/" not in people.bob.get(page(shop)).content.decode()
    form = people.alice.get("/redemption/webhookendpoint/add/", coupon="ten-off").context["form"]
    assert form["coupon"].value() == "ten-off"


@pytest.mark.parametrize(
    ("language", "heads", "remark"),
    [
        ("en", "Code,Order,Amount,Redeemed at,Note", "# Code: The code that was used. Needed."),
        ("zh-hans", "券码,订单,金额,核销时间,备注", "# 券码: 已使用的券码，必填。"),
    ],
)
def test_the_template_is_in_the_readers_language(
    people: People, shop: Shop, language: str, heads: str, remark: str
) -> None:
    shop.coupon()
    people.bob.client.cookies["django_language"] = language
    sent = people.bob.get(f"{page(shop)}template/")
    assert sent["Content-Type"] == "text/csv; charset=utf-8"
    assert sent.content.startswith(b"\xef\xbb\xbf")
    first, *others = sent.content.decode("utf-8-sig").splitlines()
    assert first == heads
    assert [line for line in others if line.startswith(remark)]
    assert all(line.startswith("# ") for line in others)


def test_the_template_comes_as_a_workbook_too(people: People, shop: Shop) -> None:
    shop.coupon()
    sent = people.bob.get(f"{page(shop)}template/", **{"as": "xlsx"})
    assert sent["Content-Type"] == XLSX
    assert sent["Content-Disposition"] == 'attachment; filename="redeemed-codes.xlsx"'
    rows = list(open_rows(file=io.BytesIO(sent.content), name="redeemed-codes.xlsx"))
    assert rows == [(1, ["Code", "Order", "Amount", "Redeemed at", "Note"])]
