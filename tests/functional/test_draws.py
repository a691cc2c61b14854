"""Prize draws: what is defined, what a reveal gives, and what is never given."""

from typing import Any

import pytest

from coupons.models import Code, Coupon, CouponCounter, JournalEntry, Prize, Role
from redemption import draws
from redemption.models import Redemption
from tests.definitions import fields
from tests.people import person
from tests.round_trips import counted
from tests.shop import Answer, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

BLANK = {"name": "Next time", "names": {"zh-hans": "谢谢参与"}, "weight": 95}
EMPTY: dict[str, Any] = {"lines": []}


@pytest.fixture
def shop() -> Shop:
    """Open a shop whose prizes are a shared code and codes of one's own."""
    shop = Shop.open()
    shop.coupon("shared-20")
    shop.coupon("own-20", code=None, limits={"issued": 2, "uses_per_code": 3})
    return shop


def prize(coupon: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": "Prize", "coupon": coupon, "weight": 1, **more}


def reveal(shop: Shop, code: str = "draw", ref: str = "O-1", **more: Any) -> Answer:
    return shop.api.post("redemptions", order(code, ref=ref, **EMPTY, **more))


def given(answer: Answer) -> Any:
    assert answer.status == 201, answer
    return answer.body["applied"][0]["prize"]


def refusal(answer: Answer) -> str:
    assert (answer.status, answer.code) == (422, "coupon_rejected")
    return answer.body["rejected"][0]["reason"]


# --- Definition ------------------------------------------------------------------------


def test_a_draw_answers_its_prizes_as_they_are_kept(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20", stock=3), BLANK])
    assert shop.api.get("coupons/draw").body["prizes"] == [
        {"name": "Prize", "names": {}, "coupon": "own-20", "weight": 1, "stock": 3},
        {**BLANK, "coupon": None, "stock": None},
    ]
    rows = Prize.objects.order_by("place").values_list("coupon__slug", "stock", "drawn")
    assert list(rows) == [("own-20", 3, 0), (None, None, 0)]


def test_a_prize_is_a_coupon_of_the_same_merchant(shop: Shop) -> None:
    Shop.open("other").coupon("theirs")
    body = {"slug": "draw", "name": "D", "kind": "draw"}
    with nothing_changes():
        answer = shop.api.post("coupons", {**body, "prizes": [BLANK, prize("theirs")]})
    assert (answer.status, fields(answer)) == (422, ["prizes.1.coupon"])
    with nothing_changes():
        answer = shop.api.post("coupons", {**body, "prizes": [prize("draw")]})
    assert (answer.status, fields(answer)) == (422, ["prizes.0.coupon"])


def test_a_draw_is_published_after_its_prizes(shop: Shop) -> None:
    shop.coupon("later", publish=False)
    shop.coupon("draw", kind="draw", prizes=[BLANK, prize("later")], publish=False)
    refused = shop.api.post("coupons/draw/publish")
    assert (refused.status, fields(refused)) == (422, ["prizes.1.coupon"])
    shop.api.post("coupons/later/publish")
    assert shop.api.post("coupons/draw/publish").status == 200


def test_a_drafts_prizes_are_free(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[BLANK, prize("own-20", stock=3)], publish=False)
    assert shop.api.patch("coupons/draw", {"prizes": [prize("shared-20")]}).status == 200
    rows = Prize.objects.values_list("place", "coupon__slug", "stock")
    assert list(rows) == [(0, "shared-20", None)]
    gone = shop.api.patch("coupons/draw", {"kind": "pass", "prizes": []})
    assert (gone.status, Prize.objects.count()) == (200, 0)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"weight": 2}, ["prizes.0.weight"]),
        ({"coupon": "shared-20"}, ["prizes.0.coupon"]),
        ({"stock": 2}, ["prizes.0.stock"]),
        ({"name": "Other", "names": {"de": "Anderes"}}, []),
        ({"stock": 4}, []),
        ({"stock": None}, []),
    ],
)
def test_once_out_a_prize_gets_other_words_and_more_stock_only(
    shop: Shop, change: dict[str, Any], wrong: list[str]
) -> None:
    first = prize("own-20", stock=3)
    shop.coupon("draw", kind="draw", prizes=[first, BLANK])
    answer = shop.api.patch("coupons/draw", {"prizes": [first | change, BLANK]})
    if wrong:
        assert (answer.status, answer.code, fields(answer)) == (409, "frozen_field", wrong)
    else:
        assert answer.status == 200, answer
    assert Prize.objects.get(place=0).stock == (3 if wrong else change.get("stock", 3))
    shorter = shop.api.patch("coupons/draw", {"prizes": [first]})
    assert fields(shorter) == ["prizes"]


# --- Revealing -------------------------------------------------------------------------


def test_a_validation_draws_nothing_and_reveals_nothing(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20", stock=1)])
    with nothing_changes():
        quote = shop.api.post("validations", cart("draw", **EMPTY)).body
    assert quote["valid"] is True
    assert "prize" not in quote["applied"][0]


def test_a_prize_with_a_shared_code_gives_that_code(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("shared-20", stock=1)])
    won = given(reveal(shop))
    assert won == {"name": "Prize", "coupon": "shared-20", "code": "SHARED20"}
    assert Prize.objects.get().drawn == 1
    assert CouponCounter.objects.get(coupon__slug="shared-20").issued == 1


def test_a_prize_without_one_gives_a_code_of_ones_own_that_works(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20")])
    won = given(reveal(shop))
    code = Code.objects.get(text=won["code"])
    assert (code.coupon.slug, code.shared, code.max_uses, code.batch) == ("own-20", False, 3, None)
    assert len(code.text) == 12
    assert CouponCounter.objects.get(coupon__slug="own-20").issued == 1
    used = shop.api.post("redemptions", order(won["code"], ref="O-2"))
    assert (used.status, used.body["discount"]) == (201, "10.00")


def test_the_same_order_again_answers_the_same_prize(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20"), prize("own-20"), BLANK])
    first = reveal(shop)
    with nothing_changes():
        again = reveal(shop)
    assert (again.status, again.body) == (200, first.body)
    assert shop.api.get(f"redemptions/{first.body['id']}").body == first.body


def test_a_blank_is_told_in_the_carts_language(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[BLANK])
    assert given(reveal(shop, language="zh-CN")) == {
        "name": "谢谢参与",
        "coupon": None,
        "code": None,
    }
    assert given(reveal(shop, ref="O-2", language="fr"))["name"] == "Next time"


def test_a_reveal_stands_in_the_journal(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20")])
    before = JournalEntry.objects.latest("id").pk
    reveal(shop, customer="C-1")
    told = JournalEntry.objects.filter(pk__gt=before).order_by("id")
    assert [entry.type for entry in told] == [
        "redemption.created",
        "code.redeemed",
        "draw.revealed",
        "codes.issued",
    ]
    revealed, issued = told[2], told[3]
    assert (revealed.coupon.slug, revealed.customer_ref) == ("draw", "C-1")
    assert revealed.data == {
        "order": "O-1",
        "prize": "Prize",
        "prize_coupon": "own-20",
        "is_test": False,
    }
    assert issued.coupon.slug == "own-20"
    assert issued.data == {"batch": None, "count": 1, "pattern": ""}


def test_when_all_prizes_are_gone_the_code_is_refused_and_stays_unused(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("shared-20", stock=1), prize(stock=1)])
    assert {given(reveal(shop, ref=f"O-{i}"))["coupon"] for i in range(2)} == {"shared-20", None}
    with nothing_changes():
        quote = shop.api.post("validations", cart("draw", **EMPTY)).body
        assert quote["rejected"][0]["reason"] == "usage_limit_reached"
        assert refusal(reveal(shop, ref="O-3")) == "usage_limit_reached"
    more = [prize("shared-20", stock=1), prize(stock=2)]
    assert shop.api.patch("coupons/draw", {"prizes": more}).status == 200
    assert given(reveal(shop, ref="O-3"))["coupon"] is None


def test_a_prize_that_cannot_be_issued_counts_as_gone(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20", weight=1_000_000), BLANK])
    won = [given(reveal(shop, ref=f"O-{i}"))["coupon"] for i in range(4)]
    assert sorted(won[:2], key=str) == ["own-20", "own-20"]
    assert won[2:] == [None, None]
    assert CouponCounter.objects.get(coupon__slug="own-20").issued == 2


@pytest.mark.parametrize("step", ["pause", "end"])
def test_a_prize_whose_coupon_is_no_longer_out_counts_as_gone(shop: Shop, step: str) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20"), prize("shared-20")])
    for slug in ("own-20", "shared-20"):
        assert shop.api.post(f"coupons/{slug}/{step}").status == 200
    with nothing_changes():
        assert refusal(reveal(shop)) == "usage_limit_reached"


def test_two_draws_of_one_order_never_share_the_last_code(shop: Shop) -> None:
    for slug in ("one", "two", "three"):
        shop.coupon(
            slug, kind="draw", prizes=[prize("own-20")],
            stacking_group="all", stacks_with=["all"],
        )  # fmt: skip
    with nothing_changes():
        body = order("one", "two", "three", **EMPTY)
        answer = shop.api.post("redemptions", body)
    assert (answer.status, answer.code) == (409, "try_again")
    both = shop.api.post("redemptions", order("one", "two", **EMPTY))
    assert both.status == 201, both
    assert len({applied["prize"]["code"] for applied in both.body["applied"]}) == 2


def test_a_test_shopper_sees_a_prize_and_takes_nothing(shop: Shop) -> None:
    shop.api.put("customers/C-test", {"is_test": True})
    shop.coupon("draw", kind="draw", prizes=[prize("own-20", stock=1)])
    for i in range(2):
        won = given(reveal(shop, ref=f"O-{i}", customer="C-test"))
        assert won == {"name": "Prize", "coupon": "own-20", "code": None}
    assert Prize.objects.get().drawn == 0
    assert CouponCounter.objects.get(coupon__slug="own-20").issued == 0
    assert given(reveal(shop, ref="O-9"))["code"]


def test_a_text_that_is_taken_already_is_drawn_anew(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.codes("own-20", "TAKEN")
    shop.coupon("draw", kind="draw", prizes=[prize("own-20")])
    texts = iter(["TAKEN", "FREE"])

    class Pattern:
        def make(self) -> str:
            return next(texts)

    monkeypatch.setattr(draws.coding, "default_pattern", lambda _: Pattern())
    assert given(reveal(shop))["code"] == "FREE"
    assert Redemption.objects.count() == 1
    assert CouponCounter.objects.get(coupon__slug="own-20").issued == 2


def test_a_prizes_codes_keep_their_number_of_uses(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("own-20")])
    reveal(shop)
    answer = shop.api.patch("coupons/own-20", {"limits": {"uses_per_code": 4}})
    assert (answer.code, fields(answer)) == ("frozen_field", ["limits.uses_per_code"])


def test_a_reveal_costs_one_round_trip_for_its_prizes(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[prize("shared-20"), BLANK])
    for i in range(10):
        given(reveal(shop, ref=f"warm-{i}"))
    body = order("draw", ref="counted", **EMPTY)
    with counted() as traffic:
        done = shop.api.post("redemptions", body, Idempotency_Key="k-1")
    assert done.status == 201, done
    assert traffic.round_trips == 3


# --- The console -----------------------------------------------------------------------


def test_the_page_of_a_draw_shows_what_is_left_and_the_chances_now(shop: Shop) -> None:
    shop.coupon("over-20")
    table = [
        prize("own-20", weight=5, stock=1),
        prize("own-20", weight=10, stock=7),
        prize("over-20", weight=10),
        prize("shared-20", weight=15),
        BLANK,
    ]
    shop.coupon("draw", kind="draw", prizes=table)
    assert shop.api.post("coupons/over-20/end").status == 200
    Prize.objects.filter(place=0).update(drawn=1)
    bob = person("bob", shop.merchant, Role.OPERATOR)
    draw = Coupon.objects.get(slug="draw")
    answer = bob.get(f"/coupons/coupon/{draw.pk}/change/")
    gives = "Prize (3.7%), Prize (7.4%), Prize (7.4%), Prize (11.11%), Next time (70.37%)"
    assert ("Gives", gives) in answer.context["facts"]
    panel = answer.context["panels"][0]
    assert panel.headers == ["Prize", "Coupon", "Chance now", "Left", "Drawn"]
    assert panel.rows == [
        ["Prize", "Own-20", "0%", "0", "1"],
        ["Prize", "Own-20", "8.33%", "2", "0"],
        ["Prize", "Over-20", "0%", "0", "0"],
        ["Prize", "Shared-20", "12.5%", "Unlimited", "0"],
        ["Next time", "–", "79.16%", "Unlimited", "0"],
    ]


def test_the_form_suggests_the_merchants_other_coupons(shop: Shop) -> None:
    Shop.open("other").coupon("theirs")
    shop.coupon("draw", kind="draw", prizes=[BLANK])
    bob = person("bob", shop.merchant, Role.OPERATOR)
    draw = Coupon.objects.get(slug="draw")
    page = bob.get(f"/coupons/coupon/{draw.pk}/edit/").content.decode()
    assert '<option value="own-20">Own-20</option>' in page
    assert '<option value="draw">' not in page
    assert '<option value="theirs">' not in page


def test_a_draw_without_prizes_is_redeemed_and_gives_nothing(shop: Shop) -> None:
    shop.coupon("draw", kind="draw")
    done = shop.api.post("redemptions", order("draw", lines=[]))
    assert done.status == 201
    assert "prize" not in done.body["applied"][0]


def test_nobody_holds_a_draw(shop: Shop) -> None:
    shop.coupon("draw", kind="draw", prizes=[BLANK])
    with nothing_changes():
        refused = shop.api.post("redemptions", order("draw", lines=[], hold=True))
    assert (refused.status, refused.body["errors"][0]["field"]) == (422, "hold")
