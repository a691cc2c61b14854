"""The platform in the console: its queue and shops, its coupons by shop, and what shops see."""

import pytest

from coupons import lifecycle, platform, reviewing_rights
from coupons.models import Coupon, JournalEntry, Membership, Merchant, Role
from redemption.models import Redemption
from reports import rollups
from tests.people import Person, person
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mall() -> Shop:
    mall = Shop.open("mall")
    platform.appoint(merchant=mall.merchant, by="system", at=NOW)
    mall.merchant.refresh_from_db()
    return mall


@pytest.fixture
def acme(mall: Shop) -> Shop:
    """Open a shop that the platform reviews."""
    acme = Shop.open("acme")
    platform.set_review(merchant=acme.merchant, reviewed=True, by="system", at=NOW)
    acme.merchant.refresh_from_db()
    return acme


@pytest.fixture
def dora(mall: Shop) -> Person:
    """Let Dora in, who reviews for the platform."""
    return person("dora", mall.merchant, Role.REVIEWER)


@pytest.fixture
def alice(acme: Shop) -> Person:
    return person("alice", acme.merchant, Role.OWNER)


def submitted(shop: Shop, slug: str = "summer") -> Coupon:
    shop.coupon(slug, publish=False, description="For everyone.")
    coupon = Coupon.objects.get(merchant=shop.merchant, slug=slug)
    return lifecycle.submit(coupon=coupon, by="staff:alice", at=NOW)


# --- the review ---


def test_a_reviewed_shop_cannot_publish_by_itself(acme: Shop, alice: Person) -> None:
    coupon = submitted(acme)
    with nothing_changes():
        refused = acme.api.post("coupons/summer/publish")
    assert (refused.status, refused.code) == (422, "not_publishable")
    told = {"field": "review", "message": "The platform has to approve this coupon first."}
    assert refused.body["errors"] == [told]
    page = alice.client.post(f"/coupons/coupon/{coupon.pk}/publish/confirm/", follow=True)
    assert "The platform has to approve this coupon first." in page.content.decode()
    coupon.refresh_from_db()
    assert coupon.state == "in_review"


def test_the_shop_cannot_switch_the_review_off(acme: Shop, alice: Person) -> None:
    page = f"/coupons/merchant/{acme.merchant.pk}/change/"
    assert "reviewed by the platform" in alice.get(page).content.decode().lower()
    form = {
        "name": "Acme", "currency": "USD", "time_zone": "UTC", "languages": "en",
        "warn_above_percent": "50",
    }  # fmt: skip
    assert alice.post(page, **form, reviewed_by_platform="", is_platform="on").status_code == 302
    acme.merchant.refresh_from_db()
    assert (acme.merchant.reviewed_by_platform, acme.merchant.is_platform) == (True, False)


def test_the_platform_reads_the_rules_approves_and_the_coupon_is_out(
    acme: Shop, dora: Person
) -> None:
    coupon = submitted(acme)
    listed = dora.get("/platform/review/").content.decode()
    assert "Summer" in listed
    assert "Acme" in listed
    page = dora.get(f"/platform/review/{coupon.pk}/").content.decode()
    for text in ("10.00 USD", "For everyone.", "Approve"):
        assert text in page
    answer = dora.client.post(
        f"/platform/review/{coupon.pk}/approve/", {"seen_version": 1}, follow=True
    )
    assert "“Summer” of Acme is approved. The shop may publish it now." in answer.content.decode()
    assert "Nothing waits." in answer.content.decode()
    coupon.refresh_from_db()
    assert coupon.state == "approved"
    assert acme.api.post("coupons/summer/publish").status == 200
    entry = JournalEntry.objects.get(type="coupon.approved")
    assert (entry.merchant, entry.actor) == (acme.merchant, "staff:dora")
    # It is the shop's: the platform has no page of it.
    assert dora.get(f"/coupons/coupon/{coupon.pk}/change/").status_code in (302, 404)


def test_the_platform_refuses_with_a_reason_that_the_shop_reads(
    acme: Shop, alice: Person, dora: Person
) -> None:
    coupon = submitted(acme)
    address = f"/platform/review/{coupon.pk}/refuse/"
    assert "alice" in dora.get(f"/platform/review/{coupon.pk}/").content.decode()
    with nothing_changes(but=("coupons_user",)):
        for reason in ("", "  ", "x" * 1_001):
            answer = dora.post(address, reason=reason, seen_version=1)
            assert list(answer.context["form"].errors) == ["reason"]
        stale = dora.client.post(address, {"reason": "So.", "seen_version": 2}, follow=True)
        assert "Somebody else changed this coupon meanwhile" in stale.content.decode()
        assert dora.get(address).status_code == 405
    answer = dora.client.post(address, {"reason": "Too dear.", "seen_version": 1}, follow=True)
    assert "“Summer” of Acme is a draft again." in answer.content.decode()
    coupon.refresh_from_db()
    assert coupon.state == "draft"
    entry = JournalEntry.objects.get(type="coupon.refused")
    told = (entry.merchant, entry.actor, entry.data)
    assert told == (acme.merchant, "staff:dora", {"reason": "Too dear."})
    assert "Too dear." in alice.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()


def test_nobody_at_a_reviewed_shop_judges_its_coupons(acme: Shop, alice: Person) -> None:
    coupon = submitted(acme)
    rita = person("rita", acme.merchant, Role.REVIEWER)
    with nothing_changes(but=("coupons_user",)):
        for step in ("approve", "refuse"):
            sent = {"reason": "So.", "seen_version": 1}
            page = f"/coupons/coupon/{coupon.pk}/{step}/confirm/"
            answer = rita.client.post(page, sent, follow=True)
            told = [str(each) for each in answer.context["messages"]]
            assert told == ["The platform has to approve this coupon first."]


def test_the_queue_is_the_platforms_staffs_alone(mall: Shop, acme: Shop, alice: Person) -> None:
    coupon = submitted(acme)
    analyst = person("ann", mall.merchant, Role.ANALYST)
    for someone in (alice, analyst):
        with nothing_changes(but=("coupons_user",)):
            assert someone.get("/platform/review/").status_code == 404
            assert someone.get(f"/platform/review/{coupon.pk}/").status_code == 404
            for step in ("approve", "refuse"):
                address = f"/platform/review/{coupon.pk}/{step}/"
                assert someone.post(address, reason="So.").status_code == 404
            assert someone.get("/platform/shops/").status_code == 404
            assert (
                someone.post(
                    f"/platform/shops/{acme.merchant.pk}/review/", reviewed="no"
                ).status_code
                == 404
            )
        assert "/platform/" not in someone.get("/").content.decode()


def test_only_what_waits_in_a_reviewed_shop_is_shown(acme: Shop, mall: Shop, dora: Person) -> None:
    free = Shop.open("free")
    draft = acme.coupon("draft", publish=False)
    others = [submitted(free, "of-free"), Coupon.objects.get(slug=draft)]
    waits = submitted(acme)
    listed = dora.get("/platform/review/").content.decode()
    assert f"/platform/review/{waits.pk}/" in listed
    for other in others:
        assert f"/platform/review/{other.pk}/" not in listed
        assert dora.get(f"/platform/review/{other.pk}/").status_code == 404
        assert dora.post(f"/platform/review/{other.pk}/approve/").status_code == 404
    assert dora.get(f"/platform/review/{waits.pk}/approve/").status_code == 405


def test_who_may_approve(mall: Shop, acme: Shop, alice: Person, dora: Person) -> None:
    free = Shop.open("free")
    Membership.objects.create(merchant=free.merchant, user=alice.user, role=Role.OPERATOR)
    ann = person("ann", mall.merchant, Role.ANALYST)
    root = person("root", None, None, is_superuser=True)
    may = {
        (shop.merchant.slug, who.user.username)
        for shop in (acme, free, mall)
        for who in (alice, dora, ann, root)
        if reviewing_rights.may_approve(merchant=shop.merchant, user=who.user)
    }
    assert may == {
        ("acme", "dora"),
        ("free", "alice"),
        ("mall", "dora"),
        ("acme", "root"),
        ("free", "root"),
        ("mall", "root"),
    }
    for actor in ("key:AbCdEfGh", "system", "staff:nobody", "staff:alice"):
        assert not reviewing_rights.actor_may_approve(merchant=acme.merchant, actor=actor)
    dora.user.is_active = False
    assert not reviewing_rights.may_approve(merchant=acme.merchant, user=dora.user)
    platform.dismiss(merchant=mall.merchant, by="system", at=NOW)
    dora.user.is_active = True
    assert not reviewing_rights.may_approve(merchant=acme.merchant, user=dora.user)


def test_the_platform_chooses_whom_it_reviews(mall: Shop, acme: Shop) -> None:
    boss = person("boss", mall.merchant, Role.OWNER)
    listed = boss.get("/platform/shops/").content.decode()
    assert "Reviewed by the platform" in listed
    path = f"/platform/shops/{acme.merchant.pk}/review/"
    assert boss.get(path).status_code == 405
    for reviewed in ("no", "no", "yes"):
        assert boss.post(path, reviewed=reviewed).status_code == 302
        acme.merchant.refresh_from_db()
        assert acme.merchant.reviewed_by_platform == (reviewed == "yes")
    told = JournalEntry.objects.filter(type__startswith="platform.review").order_by("id")
    assert [(row.merchant.slug, row.type, row.actor) for row in told] == [
        ("acme", "platform.review_began", "system"),
        ("acme", "platform.review_ended", "staff:boss"),
        ("acme", "platform.review_began", "staff:boss"),
    ]
    own = boss.client.post(
        f"/platform/shops/{mall.merchant.pk}/review/", {"reviewed": "yes"}, follow=True
    )
    assert "Nobody reviews the platform." in own.content.decode()
    assert "No shop has this in its name." in boss.get("/platform/shops/", q="zz").content.decode()


# --- the platform itself ---


def test_a_superuser_makes_one_merchant_the_platform(mall: Shop, acme: Shop) -> None:
    root = person("root", None, None, is_superuser=True)
    form = {
        "name": "Acme", "currency": "USD", "time_zone": "UTC", "languages": "en",
        "warn_above_percent": "50",
    }  # fmt: skip
    page = f"/coupons/merchant/{acme.merchant.pk}/change/"
    refused = root.post(page, **form, is_platform="on")
    assert refused.status_code == 200
    assert "Another merchant is the platform" in refused.content.decode()
    assert platform.current() == mall.merchant
    form["name"] = "Mall"
    assert root.post(f"/coupons/merchant/{mall.merchant.pk}/change/", **form).status_code == 302
    assert platform.current() is None
    form["name"] = "Acme"
    assert root.post(page, **form, is_platform="on").status_code == 302
    acme.merchant.refresh_from_db()
    # Nobody reviews the platform.
    assert (acme.merchant.is_platform, acme.merchant.reviewed_by_platform) == (True, False)
    told = JournalEntry.objects.filter(actor="staff:root").order_by("id")
    assert [row.type for row in told] == ["platform.dismissed", "platform.appointed"]


# --- a platform's coupon, seen from both sides ---


@pytest.fixture
def used(mall: Shop, acme: Shop) -> Coupon:
    """Have a coupon of the platform used in two shops."""
    mall.coupon("mall-ten")
    harbour = Shop.open("harbour", currency="EUR")
    for shop, ref in ((acme, "SECRET-1"), (acme, "SECRET-2"), (harbour, "SECRET-3")):
        done = shop.api.post("redemptions", order("mall-ten", ref=ref, customer="SECRET-C"))
        assert done.status == 201, done
    rollups.catch_up()
    return Coupon.objects.get(slug="mall-ten")


def test_the_platform_reads_how_its_coupon_does_in_each_shop_and_no_orders(
    mall: Shop, used: Coupon
) -> None:
    boss = person("boss", mall.merchant, Role.OWNER)
    page = boss.get(f"/coupons/coupon/{used.pk}/change/")
    panels = {panel.title: panel for panel in page.context["panels"]}
    assert panels["By shop"].rows == [
        ["Acme", "2", "2", "199.96 USD", "20.00 USD"],
        ["Harbour", "1", "1", "99.98 USD", "10.00 USD"],
    ]
    latest = panels["Latest uses"]
    assert [row[1] for row in latest.rows] == ["Harbour", "Acme", "Acme"]
    assert "SECRET" not in page.content.decode()
    for row in Redemption.objects.all():
        assert boss.get(f"/redemption/redemption/{row.pk}/change/").status_code in (302, 404)


def test_a_shops_staff_read_the_coupons_name_and_whose_it_is(alice: Person, used: Coupon) -> None:
    own = Redemption.objects.get(order_ref="SECRET-1")
    for page in ("change", "why"):
        shown = alice.get(f"/redemption/redemption/{own.pk}/{page}/").content.decode()
        assert "Mall-Ten" in shown
        assert "platform coupon" in shown
        assert f"/coupons/coupon/{used.pk}/" not in shown
    front = alice.get("/", period="all").content.decode()
    assert f"/coupons/coupon/{used.pk}/" not in front
    foreign = Redemption.objects.get(order_ref="SECRET-3")
    for page in ("change", "why"):
        answer = alice.get(f"/redemption/redemption/{foreign.pk}/{page}/")
        assert answer.status_code in (302, 404)
    for page in ("change", "edit", "codes", "pause/confirm"):
        answer = alice.get(f"/coupons/coupon/{used.pk}/{page}/")
        assert answer.status_code == 404
    assert Merchant.objects.filter(is_platform=True).count() == 1
