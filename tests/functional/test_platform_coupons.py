"""The platform's coupons: usable in every shop, counted once over all, told to each its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from campaigns.models import Customer
from coupons import platform
from coupons.models import (
    Code,
    Coupon,
    CouponCounter,
    CouponDay,
    JournalEntry,
    Merchant,
)
from redemption import reconciling
from redemption.models import (
    CustomerCounter,
    Redemption,
    RefusedAttempt,
    Use,
    UseLine,
    WebhookDelivery,
)
from redemption.webhooks import addresses, endpoints, folding
from tests.shop import NOW, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER = {"stacking_group": "all", "stacks_with": ["all"]}
LIMITS = {"uses": 9, "uses_per_day": 9, "uses_per_customer": 1, "budget": {"USD": "95.00"}}


@pytest.fixture
def mall() -> Shop:
    """Open the platform's own shop."""
    mall = Shop.open("mall")
    platform.appoint(merchant=mall.merchant, by="system", at=NOW)
    return mall


@pytest.fixture
def acme(mall: Shop) -> Shop:
    return Shop.open("acme")


@pytest.fixture
def harbour(mall: Shop) -> Shop:
    return Shop.open("harbour")


def redeemed(shop: Shop, *codes: str, ref: str = "O-1", **changes: Any) -> dict[str, Any]:
    done = shop.api.post("redemptions", order(*codes, ref=ref, **changes))
    assert done.status == 201, done
    return done.body


def reasons(shop: Shop, *codes: str, **changes: Any) -> list[str]:
    return [
        row["reason"]
        for row in shop.api.post("validations", cart(*codes, **changes)).body["rejected"]
    ]


def no_differences() -> None:
    assert reconciling.differences() == []
    for merchant in Merchant.objects.all():
        assert reconciling.differences(merchant=merchant) == []


def test_a_published_coupon_of_the_platform_works_in_every_shop(
    mall: Shop, acme: Shop, harbour: Shop
) -> None:
    mall.coupon("mall-ten", limits=LIMITS)
    for shop in (acme, harbour, mall):
        quote = shop.api.post("validations", cart("mall-ten", customer="C-0"))
        assert [row["coupon"] for row in quote.body["applied"]] == ["mall-ten"]
        done = redeemed(shop, "mall-ten", customer="C-1")
        assert done["discount"] == "10.00"
    assert [row.merchant.slug for row in Redemption.objects.order_by("pk")] == [
        "acme",
        "harbour",
        "mall",
    ]
    counter = CouponCounter.objects.get()
    assert (counter.uses, counter.budget_used_minor) == (3, 3_000)
    day = CouponDay.objects.get()
    assert (day.merchant, day.uses) == (mall.merchant, 3)
    # Each shop's customer C-1 is another person.
    assert [(row.merchant.slug, row.uses) for row in CustomerCounter.objects.order_by("pk")] == [
        ("acme", 1),
        ("harbour", 1),
        ("mall", 1),
    ]
    assert reasons(acme, "mall-ten", customer="C-1") == ["customer_limit_reached"]
    assert reasons(acme, "mall-ten", customer="C-2") == []
    no_differences()


def test_one_limit_holds_over_all_shops(mall: Shop, acme: Shop, harbour: Shop) -> None:
    mall.coupon("two", limits={"uses": 2})
    mall.coupon("once-a-day", limits={"uses_per_day": 1})
    mall.coupon("poor", limits={"budget": {"USD": "15.00"}})
    mall.coupon("own", code=None)
    mall.codes("own", "UNIQUE1")
    for i, code in enumerate(("two", "once-a-day", "poor", "unique1")):
        redeemed(acme, code, ref=f"A-{i}")
    redeemed(harbour, "two", ref="H-0")
    for code, reason in {
        "two": "usage_limit_reached",
        "once-a-day": "daily_limit_reached",
        "poor": "budget_exhausted",
        "unique1": "already_redeemed",
    }.items():
        with nothing_changes():
            refused = harbour.api.post("redemptions", order(code, ref="H-9"))
        assert refused.code == "coupon_rejected"
        assert refused.body["rejected"][0]["reason"] == reason
    no_differences()


def test_a_shops_own_code_goes_first(mall: Shop, acme: Shop, harbour: Shop) -> None:
    mall.coupon("welcome")
    acme.coupon("welcome", value={"USD": "3.00"})
    assert redeemed(acme, "welcome")["discount"] == "3.00"
    assert redeemed(harbour, "welcome")["discount"] == "10.00"
    assert Coupon.objects.get(merchant=mall.merchant).counter.uses == 1
    found = acme.api.post("qualifications", cart()).body
    assert [(row["coupon"], row["discount"]) for row in found["usable"]] == [("welcome", "3.00")]


def test_a_coupon_of_the_platform_that_was_never_published_does_not_exist_elsewhere(
    mall: Shop, acme: Shop
) -> None:
    mall.coupon("secret", publish=False)
    assert reasons(acme, "secret") == ["code_not_found"]
    assert acme.api.post("codes/lookup", {"code": "secret"}).code == "not_found"
    assert mall.api.post("codes/lookup", {"code": "secret"}).status == 200
    assert reasons(mall, "secret") != ["code_not_found"]


def test_only_the_platforms_codes_go_abroad(mall: Shop, acme: Shop, harbour: Shop) -> None:
    acme.coupon("acme-only")
    for shop in (mall, harbour):
        assert reasons(shop, "acme-only") == ["code_not_found"]
        assert shop.api.post("codes/lookup", {"code": "acme-only"}).code == "not_found"


def test_a_merchant_is_the_platform_from_the_next_call_on(acme: Shop, harbour: Shop) -> None:
    mall = Merchant.objects.get(slug="mall")
    platform.dismiss(merchant=mall, by="system", at=NOW)
    acme.coupon("acme-ten")
    # The same key, remembered by the process.
    assert reasons(harbour, "acme-ten") == ["code_not_found"]
    platform.appoint(merchant=acme.merchant, by="system", at=NOW)
    assert reasons(harbour, "acme-ten") == []
    platform.dismiss(merchant=acme.merchant, by="system", at=NOW)
    assert reasons(harbour, "acme-ten") == ["code_not_found"]


def test_a_platform_coupon_and_a_shops_own_stack_by_their_groups(mall: Shop, acme: Shop) -> None:
    mall.coupon("mall-ten", **TOGETHER)
    mall.coupon("alone")
    acme.coupon("acme-five", value={"USD": "5.00"}, **TOGETHER)
    done = redeemed(acme, "mall-ten", "acme-five")
    assert [(row["coupon"], row["discount"]) for row in done["applied"]] == [
        ("mall-ten", "10.00"),
        ("acme-five", "5.00"),
    ]
    payers = UseLine.objects.values_list("use__coupon__slug", "funded_by").distinct()
    assert sorted(payers) == [("acme-five", "merchant"), ("mall-ten", "platform")]
    assert reasons(acme, "alone", "acme-five") == ["not_combinable"]
    no_differences()


def test_the_platforms_scope_names_what_the_shops_sell(mall: Shop, acme: Shop) -> None:
    body = {
        "slug": "shoes",
        "name": "Shoes",
        "kind": "percent_off",
        "percent": "50",
        "code": "shoes",
        "scope": {"categories": ["shoes"]},
    }
    # The mall itself has other categories, and no shoes.
    mall.sells({"scope": {"categories": ["books"]}})
    assert mall.api.post("coupons", body).status == 201
    assert mall.api.post("coupons/shoes/publish").status == 200
    assert redeemed(acme, "shoes")["discount"] == "19.99"
    found = acme.api.post("qualifications", cart()).body
    assert [row["coupon"] for row in found["usable"]] == ["shoes"]


def test_open_coupons_of_the_platform_are_offered_beside_the_shops_own(
    mall: Shop, acme: Shop, harbour: Shop
) -> None:
    mall.coupon("mall-ten")
    acme.coupon("acme-twenty", value={"USD": "20.00"})
    harbour.coupon("harbour-thirty", value={"USD": "30.00"})
    with nothing_changes():
        found = acme.api.post("qualifications", cart())
    assert [row["coupon"] for row in found.body["usable"]] == ["acme-twenty", "mall-ten"]
    assert found.body["complete"]


def test_a_text_that_is_both_hides_the_platforms_coupon_only(mall: Shop, acme: Shop) -> None:
    mall.coupon("both")
    mall.coupon("free")
    acme.coupon("both", publish=False)
    found = acme.api.post("qualifications", cart()).body
    assert [row["coupon"] for row in found["usable"]] == ["free"]
    assert found["unusable"] == []


def test_holds_confirmations_and_releases_count_for_the_platform(mall: Shop, acme: Shop) -> None:
    mall.coupon("mall-ten", limits=LIMITS)
    first = redeemed(acme, "mall-ten", ref="O-1", hold=True, customer="C-1")["id"]
    second = redeemed(acme, "mall-ten", ref="O-2", hold=True, customer="C-2")["id"]
    third = redeemed(acme, "mall-ten", ref="O-3", hold=True, customer="C-3")["id"]
    confirmed = acme.api.post(f"redemptions/{first}/confirmation")
    assert (confirmed.status, confirmed.body["status"]) == (200, "redeemed")
    other = acme.api.post(f"redemptions/{second}/confirmation", cart("mall-ten"))
    assert other.status == 200, other
    assert acme.api.post(f"redemptions/{third}/release").status == 200
    assert CouponCounter.objects.get().uses == 2
    assert sum(CustomerCounter.objects.values_list("uses", flat=True)) == 2
    no_differences()


def test_what_is_held_stays_held_though_the_shop_makes_the_same_code_or_the_platform_goes(
    mall: Shop, acme: Shop
) -> None:
    mall.coupon("mall-ten", limits=LIMITS)
    first = redeemed(acme, "mall-ten", ref="O-1", hold=True, customer="C-1")["id"]
    second = redeemed(acme, "mall-ten", ref="O-2", hold=True, customer="C-2")["id"]
    acme.coupon("mall-ten", value={"USD": "1.00"})
    done = acme.api.post(f"redemptions/{first}/confirmation", cart("mall-ten"))
    assert done.status == 200, done.body
    assert done.body["discount"] == "10.00"
    platform.dismiss(merchant=mall.merchant, by="system", at=NOW)
    Code.objects.filter(merchant=acme.merchant).update(text="ANOTHER")
    done = acme.api.post(f"redemptions/{second}/confirmation", cart("mall-ten"))
    assert done.status == 200, done.body
    assert done.body["discount"] == "10.00"
    back = acme.api.post(f"redemptions/{second}/reversals", {})
    assert back.body["coupons"][0]["returned"] == "restored"
    assert CouponCounter.objects.get(coupon__merchant=mall.merchant).uses == 1
    no_differences()


def test_a_hold_of_another_shop_past_its_time_is_in_nobodys_way(
    mall: Shop, acme: Shop, harbour: Shop, settings: Any
) -> None:
    settings.HEXIAO_TEST_CLOCK = True
    mall.coupon("once", limits={"uses": 1})
    clock = {"X_Test_Clock": NOW.isoformat()}
    later = {"X_Test_Clock": (NOW + timedelta(days=2)).isoformat()}
    Coupon.objects.update(starts_at=NOW - timedelta(days=1), published_at=NOW - timedelta(days=1))
    held = acme.api.post("redemptions", order("once", hold=True), **clock)
    assert held.status == 201, held
    refused = harbour.api.post("redemptions", order("once"), **clock)
    assert refused.code == "coupon_rejected"
    taken = harbour.api.post("redemptions", order("once"), **later)
    assert taken.status == 201, taken
    assert Redemption.objects.get(merchant=acme.merchant).status == "released"
    no_differences()


@pytest.mark.parametrize("policy", ["restore_if_valid", "reissue", "never"])
def test_goods_come_back_and_the_coupon_as_its_policy_says(
    mall: Shop, acme: Shop, harbour: Shop, policy: str
) -> None:
    mall.coupon("own", code=None, limits=LIMITS, return_policy=policy, extend_days=None)
    mall.codes("own", "UNIQUE1")
    redemption = redeemed(acme, "unique1", customer="C-1")["id"]
    one = {"lines": [{"id": "1", "quantity": 1}]}
    assert acme.api.post(f"redemptions/{redemption}/reversals", one).status == 201
    whole = acme.api.post(f"redemptions/{redemption}/reversals", {})
    assert whole.status == 201, whole
    (coupon,) = whole.body["coupons"]
    expected = {"restore_if_valid": "restored", "reissue": "reissued", "never": "not_returned"}
    assert coupon["returned"] == expected[policy]
    usable = {"restore_if_valid": "unique1", "reissue": coupon["new_code"]}.get(policy)
    if usable:
        assert redeemed(harbour, usable, customer="C-1")["discount"] == "10.00"
    assert set(Code.objects.values_list("merchant__slug", flat=True)) == {"mall"}
    no_differences()


def test_a_draw_gives_a_code_of_the_platforms(mall: Shop, acme: Shop, harbour: Shop) -> None:
    mall.coupon("prize", code=None)
    mall.coupon(
        "draw", kind="draw", prizes=[{"name": "Ten", "weight": 1, "coupon": "prize", "stock": 1}]
    )
    won = redeemed(acme, "draw", customer="C-1")["applied"][0]["prize"]
    assert won["coupon"] == "prize"
    (issued,) = JournalEntry.objects.filter(type="codes.issued", coupon__slug="prize")
    # The platform learns that a code is out, not who has it in which shop.
    assert (issued.merchant, issued.actor) == (mall.merchant, "system")
    assert (issued.customer_ref, issued.redemption_ref) == ("", None)
    assert redeemed(harbour, won["code"])["discount"] == "10.00"
    no_differences()


def test_each_shop_reads_its_own_redemptions_and_no_other(
    mall: Shop, acme: Shop, harbour: Shop
) -> None:
    mall.coupon("mall-ten")
    own = {
        shop.merchant.slug: redeemed(shop, "mall-ten", ref=f"{shop.merchant.slug}-1")["id"]
        for shop in (acme, harbour)
    }
    for shop in (acme, harbour, mall):
        expected = [own[shop.merchant.slug]] if shop is not mall else []
        for query in ("", "?code=mall-ten"):
            rows = shop.api.get(f"redemptions{query}").body["results"]
            assert [row["id"] for row in rows] == expected
        looked_up = shop.api.post("codes/lookup", {"code": "mall-ten"}).body
        assert (looked_up["coupon"], looked_up["coupon_state"]) == ("mall-ten", "live")
        told = [row["redemption"] for row in looked_up["history"] if row["redemption"]]
        assert told == expected
    for theirs in (own["harbour"],):
        for way in ("", "/release", "/reversals", "/confirmation"):
            with nothing_changes():
                call = acme.api.post if way else acme.api.get
                assert call(f"redemptions/{theirs}{way}").code == "not_found"


def test_a_shop_cannot_see_or_change_the_platforms_coupon(mall: Shop, acme: Shop) -> None:
    mall.coupon("mall-ten")
    assert acme.api.get("coupons").body["results"] == []
    for path in ("coupons/mall-ten", "coupons/mall-ten/codes"):
        assert acme.api.get(path).code == "not_found"
    with nothing_changes():
        assert acme.api.patch("coupons/mall-ten", {"name": "Mine"}).code == "not_found"
        for step in ("pause", "end", "publish"):
            assert acme.api.post(f"coupons/mall-ten/{step}").code == "not_found"
        codes = acme.api.post("coupons/mall-ten/codes", {"codes": ["MINE1"]})
        assert codes.code == "not_found"


def test_the_journal_and_the_webhooks_tell_the_shop_alone(
    mall: Shop, acme: Shop, harbour: Shop
) -> None:
    for shop in (mall, acme, harbour):
        endpoints.create(
            merchant=shop.merchant,
            address=addresses.looked_at(url="https://192.0.2.1/hooks", private=True),
            types=["redemption.created"],
            coupon=None,
            by="system",
            at=NOW,
        )
    mall.coupon("mall-ten")
    redeemed(acme, "mall-ten")
    while folding.fold(at=NOW):
        pass
    assert [row.merchant.slug for row in WebhookDelivery.objects.all()] == ["acme"]
    assert '"coupon":"mall-ten"' in WebhookDelivery.objects.get().body
    told = JournalEntry.objects.filter(type__in=["redemption.created", "code.redeemed"])
    assert {row.merchant.slug for row in told} == {"acme"}


def test_a_refused_attempt_belongs_to_the_shop(mall: Shop, acme: Shop) -> None:
    mall.coupon("far", min_spend={"USD": "500.00"})
    refused = acme.api.post("redemptions", order("far"))
    assert refused.code == "coupon_rejected"
    attempt = RefusedAttempt.objects.get()
    assert (attempt.merchant, attempt.codes) == (acme.merchant, ["FAR"])


def test_amounts_are_converted_at_the_shops_own_rates(mall: Shop) -> None:
    tokyo = Shop.open("tokyo", currency="JPY")
    for shop, yen in ((tokyo, "200"), (mall, "100")):
        rates = {"date": datetime.now(UTC).date().isoformat(), "base": "USD", "rates": {"JPY": yen}}
        assert shop.api.put("exchange-rates", rates).status == 200
    mall.coupon("mall-ten", convert=True, limits={"budget": {"USD": "50.00"}})
    lines = [{"id": "1", "sku": "HAT", "quantity": 1, "unit_price": "6000"}]
    done = redeemed(tokyo, "mall-ten", currency="JPY", lines=lines)
    assert done["discount"] == "2000"
    assert CouponCounter.objects.get().budget_used_minor == 1_000
    no_differences()


def test_a_test_customer_takes_nothing_from_the_platform(mall: Shop, acme: Shop) -> None:
    mall.coupon("mall-ten", limits={"uses": 1})
    assert acme.api.put("customers/C-test", {"is_test": True}).status in (200, 201)
    redeemed(acme, "mall-ten", customer="C-test")
    assert Customer.objects.get().is_test
    assert CouponCounter.objects.get().uses == 0
    no_differences()


def test_the_command_appoints_one_platform_and_says_who_it_is(acme: Shop, capsys: Any) -> None:
    call_command("platform")
    assert capsys.readouterr().out == "mall is the platform.\n"
    with pytest.raises(Exception, match="Another merchant is the platform"):
        call_command("platform", "acme")
    assert platform.current() == Merchant.objects.get(slug="mall")
    call_command("platform", "--none")
    call_command("platform", "acme")
    assert capsys.readouterr().out == "There is no platform.\nacme is the platform.\n"
    assert platform.current() == acme.merchant
    with pytest.raises(Exception, match="There is no merchant nobody"):
        call_command("platform", "nobody")
    told = JournalEntry.objects.filter(type__startswith="platform.").order_by("id")
    assert [(row.merchant.slug, row.type) for row in told] == [
        ("mall", "platform.appointed"),
        ("mall", "platform.dismissed"),
        ("acme", "platform.appointed"),
    ]
    assert Use.objects.count() == 0
