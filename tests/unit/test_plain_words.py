"""What a shopper reads of a coupon, kind by kind and condition by condition, in two languages."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons import colors
from coupons.definition import parse, read
from coupons.plain_words import Names, languages, plain_words
from tests.definitions import WHOLE

NAMES = Names(products={"MUG": "Mug"}, channels={"web-us": "US web shop"})
BASE = {"slug": "s", "name": "S"}
AMOUNT = {**BASE, "kind": "amount_off", "value": {"USD": "10.00"}}
YUAN = {**BASE, "kind": "amount_off", "value": {"CNY": "30"}, "min_spend": {"CNY": "200"}}
PERCENT = {**BASE, "kind": "percent_off", "percent": "20"}
TIERS = {
    **BASE,
    "kind": "tiered",
    "tiers": [
        {"min_spend": {"CNY": "100"}, "value": {"CNY": "10"}},
        {"min_spend": {"CNY": "200"}, "percent": "15"},
    ],
}
EVERY = {
    **BASE,
    "kind": "tiered",
    "every": {"step": {"CNY": "100"}, "value": {"CNY": "10"}, "max_times": 3},
}
GROUP = {**BASE, "kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1}
GIFT = {**BASE, "kind": "gift", "gifts": [{"sku": "MUG", "quantity": 2}]}
SHIPPING = {**BASE, "kind": "free_shipping"}
DRAW = {
    **BASE,
    "kind": "draw",
    "prizes": [
        {"name": "20 off", "names": {"zh-hans": "八折券"}, "coupon": "x", "weight": 5},
        {"name": "Next time", "weight": 95},
    ],
}


def words(body: dict[str, Any], language: str) -> Any:
    return plain_words(parse(body, time_zone="Asia/Shanghai"), language=language, names=NAMES)


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        (AMOUNT, "$10 off", "立减US$10"),
        ({**AMOUNT, "value": {"CNY": "30"}}, "CN¥30 off", "立减30元"),
        (YUAN, "CN¥30 off when you spend CN¥200", "满200减30"),
        ({**AMOUNT, "value": {"EUR": "9", "USD": "9.5"}}, "€9 / $9.50 off", "立减€9 / US$9.50"),
        ({**AMOUNT, "value": {"KWD": "1.250"}}, "1.250 KWD off", "立减1.250 KWD"),
        (PERCENT, "20% off", "8折"),
        ({**PERCENT, "percent": "12.5"}, "12.5% off", "8.75折"),
        ({**PERCENT, "percent": "95"}, "95% off", "0.5折"),
        ({**PERCENT, "percent": "100"}, "100% off", "全免"),
        (
            {**PERCENT, "min_spend": {"USD": "50"}},
            "20% off when you spend $50",
            "满US$50享8折",
        ),
        (SHIPPING, "Free shipping", "免运费"),
        ({**SHIPPING, "cap": {"USD": "8"}}, "Free shipping, up to $8", "免运费，最高减US$8"),
        (GIFT, "Free gift: 2 × Mug", "赠2 × Mug"),
        (TIERS, "CN¥10 off from CN¥100, 15% off from CN¥200", "满100减10、满200享8.5折"),
        (EVERY, "CN¥10 off every CN¥100", "每满100减10"),
        (GROUP, "3 for 2", "买2送1"),
        ({**GROUP, "get_scope": {"products": ["MUG"]}}, "Buy 2, get 1 free", "买2送1"),
        ({**GROUP, "get_percent": "50"}, "Buy 2, get 1 at 50% off", "买2件，另1件享5折"),
        ({**BASE, "kind": "pass"}, "Admission", "入场凭证"),
        (DRAW, "Win: 20 off", "抽奖赢八折券"),
    ],
)
def test_the_headline_says_what_it_gives(body: dict[str, Any], english: str, chinese: str) -> None:
    assert words(body, "en").headline == english
    assert words(body, "zh-hans").headline == chinese


@pytest.mark.parametrize(
    ("change", "english", "chinese"),
    [
        ({}, "Valid on everything in the shop.", "全场通用。"),
        ({}, "Cannot be combined with other coupons.", "不可与其他优惠券同时使用。"),
        ({}, "Each code works once.", "每个券码限用一次。"),
        (
            {"scope": {"categories": ["shoes/running"], "products": ["MUG", "B2"]}},
            "Valid on: shoes › running, Mug, B2.",
            "适用范围：shoes › running、Mug、B2。",
        ),
        (
            {"scope": {"products": [f"P{n}" for n in range(12)]}},
            "Valid on: P0, P1, P2, P3, P4 and 7 more.",
            "适用范围：P0、P1、P2、P3、P4 等，另有 7 项。",
        ),
        (
            {"scope": {"exclude_products": ["MUG"], "exclude_sale_items": True}},
            "Not valid on: Mug.",
            "以下除外：Mug。",
        ),
        ({"scope": {"exclude_sale_items": True}}, "Not valid on sale items.", "特价商品除外。"),
        ({"min_spend": {"USD": "1500"}}, "Minimum spend: $1,500.", "满 US$1,500 可用。"),
        (
            {"min_spend": {"USD": "50"}, "threshold_after_discounts": True},
            "Minimum spend: $50, after all other discounts.",
            "减去其他优惠后须满 US$50。",
        ),
        ({"min_quantity": 2}, "Buy at least 2 items.", "至少购买 2 件。"),
        ({"min_quantity": 1}, "Buy at least 1 item.", "至少购买 1 件。"),
        (
            {"convert": True},
            "In other currencies the amounts are converted at the day's rate.",
            "以其他币种结算时，金额按当日汇率换算。",
        ),
        ({}, "For orders in USD.", "限以 USD 结算的订单。"),
        (
            {"starts_at": "2026-11-27T00:00:00+08:00", "ends_at": "2027-01-01T00:00:00+08:00"},
            "Valid from November 27, 2026 to December 31, 2026 (China Time).",
            "有效期：2026年11月27日至2026年12月31日（中国时间）。",
        ),
        (
            {"ends_at": "2026-11-27T18:30:00+08:00"},
            "Valid until November 27, 2026, 6:30 PM (China Time).",
            "有效期至2026年11月27日 18:30（中国时间）。",
        ),
        (
            {"starts_at": "2026-11-27T09:00:00Z", "time_zone": "UTC"},
            "Valid from November 27, 2026, 9:00 AM on (UTC).",
            "自2026年11月27日 09:00起有效（UTC）。",
        ),
        ({"valid_days": 7}, "Valid for 7 days once you have claimed it.", "领取后 7 天内有效。"),
        ({"starts_after_days": 1}, "Usable 1 day after you claim it.", "领取 1 天后可用。"),
        (
            {"weekly_windows": [{"days": ["mon", "tue", "wed"], "from": "09:00", "to": "18:00"}]},
            "Only at these hours: Mon–Wed from 9:00 AM to 6:00 PM (China Time).",
            "限以下时段使用：星期一至星期三 09:00 至 18:00（中国时间）。",
        ),
        (
            {"weekly_windows": [{"days": ["sat", "sun"], "from": "22:00", "to": "02:00"}]},
            "Only at these hours: Sat, Sun from 10:00 PM to 2:00 AM on the next day (China Time).",
            "限以下时段使用：星期六、星期日 22:00 至次日 02:00（中国时间）。",
        ),
        (
            {"weekly_windows": [{"days": ["sat"], "from": "00:00", "to": "00:00"}]},
            "Only at these hours: Sat, all day (China Time).",
            "限以下时段使用：星期六 全天（中国时间）。",
        ),
        (
            {"customers": {"who": "new"}},
            "For new customers only, on their first order.",
            "限新客户首单使用。",
        ),
        (
            {"customers": {"who": "returning"}},
            "For customers who have ordered before.",
            "限老客户使用（曾下单并付款）。",
        ),
        ({"customers": {"tiers": ["gold"]}}, "For members of: gold.", "限以下等级会员：gold。"),
        ({"customers": {"tags": ["vip"]}}, "For selected customers only.", "限指定客户使用。"),
        (
            {"countries": ["US", "CA"]},
            "Only for orders to: United States, Canada.",
            "限以下国家或地区的订单：美国、加拿大。",
        ),
        ({"channels": ["web-us"]}, "Only in: US web shop.", "限以下渠道使用：US web shop。"),
        (
            {"payment_methods": ["paypal"]},
            "Only when you pay by: paypal.",
            "限以下支付方式：paypal。",
        ),
        (
            {"partners": ["blog"]},
            "Only for orders that come through: blog.",
            "限经由以下合作方下单：blog。",
        ),
        ({"limits": {"uses_per_customer": 1}}, "Once per customer.", "每人限用一次。"),
        ({"limits": {"uses_per_customer": 3}}, "Up to 3 times per customer.", "每人限用 3 次。"),
        (
            {"limits": {"uses_per_code": 2}},
            "Each code works up to 2 times.",
            "每个券码最多可用 2 次。",
        ),
        (
            {"limits": {"claims_per_customer": 1}},
            "Each customer can claim it once.",
            "每人限领一张。",
        ),
        (
            {"limits": {"claims_per_device": 2}},
            "It can be claimed up to 2 times on a device.",
            "每台设备限领 2 张。",
        ),
        ({"limits": {"uses": 5000}}, "There are 5,000 in all.", "总共限用 5,000 次，用完即止。"),
        ({"limits": {"uses_per_day": 10}}, "There are 10 a day.", "每天限用 10 次。"),
        ({"limits": {"issued": 9}}, "9 codes are given out.", "共发放 9 张。"),
        (
            {"limits": {"budget": {"USD": "5000"}}},
            "It may end early, once its budget is spent.",
            "活动预算用完即止，可能提前结束。",
        ),
        (
            {"stacks_with": ["shop"]},
            "Can be combined with some other coupons.",
            "可与部分其他优惠券叠加使用。",
        ),
        (
            {"member_prices": "better_of"},
            "You get the better of your member price and this coupon.",
            "与会员价不同享，取优惠较大者。",
        ),
        (
            {"member_prices": "refuse"},
            "Not valid together with member prices.",
            "不可与会员价同享。",
        ),
        ({"claim_required": True}, "Claim it before you use it.", "须先领取后使用。"),
        (
            {"code": "SALE20"},
            "Enter the code SALE20 at checkout, or show it at the till.",
            "结账时输入券码 SALE20，或到店出示。",
        ),
        (
            {"code": "SALE20", "methods": ["automatic"]},
            "Enter the code SALE20 at checkout.",
            "结账时输入券码 SALE20。",
        ),
        ({"methods": ["manual"]}, "Show your own code at the till.", "到店出示您的专属券码。"),
        (
            {"methods": ["batch"]},
            "You need not do anything: we redeem it for you.",
            "无需操作，由我们为您核销。",
        ),
        (
            {"risk_level": "high"},
            "You may be asked to confirm that it is you.",
            "使用时可能需要验证身份。",
        ),
        (
            {},
            "If you return the whole order while the coupon is valid, you get it back.",
            "整单退货时，优惠券仍在有效期内的予以退回。",
        ),
        (
            {"return_policy": "restore_and_extend", "extend_days": 3},
            "If you return the whole order, you get the coupon back for at least 3 days.",
            "整单退货后退回优惠券，至少还可用 3 天。",
        ),
        (
            {"return_policy": "reissue"},
            "If you return the whole order, you get a new code.",
            "整单退货后，补发一个新券码。",
        ),
        (
            {"return_policy": "never"},
            "Once used, the coupon does not come back when you return the order.",
            "优惠券一经使用，退货时不予退回。",
        ),
        (
            {"claw_back": True},
            "If what you keep no longer meets the conditions, the discount is taken back.",
            "部分退货后，若保留的商品不再满足使用条件，将扣回已享优惠。",
        ),
    ],
)
def test_each_condition_is_a_sentence(change: dict[str, Any], english: str, chinese: str) -> None:
    assert english in words({**AMOUNT, **change}, "en").sentences
    assert chinese in words({**AMOUNT, **change}, "zh-hans").sentences


@pytest.mark.parametrize(
    ("body", "english", "chinese"),
    [
        (
            {**PERCENT, "cap": {"USD": "50"}},
            "20% off, at most $50.",
            "8折，最高减 US$50。",
        ),
        (
            TIERS,
            "From CN¥100: CN¥10 off; from CN¥200: 15% off.",
            "满 100元：减 10元；满 200元：8.5折。",
        ),
        (
            EVERY,
            "CN¥10 off for every CN¥100, at most 3 times.",
            "每满 100元 减 10元，最多 3 次。",
        ),
        (GIFT, "You get 2 × Mug for free.", "赠送2 × Mug。"),
        (
            {**GROUP, "get_scope": {"products": ["MUG"]}, "max_times": 2},
            "Buy 2, get 1 free, out of Mug, at most 2 times.",
            "买 2 件，赠 1 件，限 Mug，最多 2 次。",
        ),
        ({**BASE, "kind": "pass"}, "Show it to be let in.", "凭券入场。"),
        (
            DRAW,
            "Each use draws one prize: 20 off (5%), Next time (95%).",
            "每次使用抽取一份奖品：八折券 (5%)、Next time (95%)。",
        ),
    ],
)
def test_the_first_sentence_says_it_in_full(
    body: dict[str, Any], english: str, chinese: str
) -> None:
    assert words(body, "en").sentences[0] == english
    assert words(body, "zh-hans").sentences[0] == chinese


def test_what_the_headline_has_said_is_not_said_again() -> None:
    assert words(AMOUNT, "en").sentences[0] == "Valid on everything in the shop."


def test_neither_tags_nor_names_of_customers_are_told_to_shoppers() -> None:
    body = {**AMOUNT, "customers": {"tags": ["churn-risk"], "segments": ["poor"], "ids": ["C-1"]}}
    told = " ".join(words(body, "en").sentences)
    assert not any(word in told for word in ("churn-risk", "poor", "C-1"))


def test_a_coupon_is_said_in_the_languages_of_its_merchant_and_of_its_texts() -> None:
    assert languages(["en"], {"names": {}}) == ["en"]
    assert languages(["zh-CN", "de"], {"names": {}}) == ["zh-hans"]
    assert languages(["en"], {"names": {"zh-hans": "券"}}) == ["en", "zh-hans"]
    assert languages(["de"], {"names": {"fr": "x"}}) == ["en"]


garbage = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.data())
def test_whatever_was_typed_can_be_shown(data: Any) -> None:
    body = dict(WHOLE)
    body["kind"] = data.draw(st.sampled_from(["", "tiered", "gift", "draw", "buy_x_get_y"]))
    for key in data.draw(st.lists(st.sampled_from(sorted(WHOLE)), max_size=8)):
        body[key] = data.draw(garbage)
    shown, _wrong = read(body)
    for language in ("en", "zh-hans"):
        assert isinstance(plain_words(shown, language=language).headline, str)


def test_the_end_of_time_can_be_said() -> None:
    times = {"starts_at": "0001-01-01T00:00:00Z", "ends_at": "9999-12-31T23:59:00Z"}
    for zone in ("America/New_York", "Asia/Shanghai"):
        shown, wrong = read({**AMOUNT, **times, "time_zone": zone})
        assert wrong == []
        assert plain_words(shown, language="en").validity.startswith("Valid from")


@pytest.mark.parametrize("color", [*colors.PALETTE.values(), "#777777", "#0000ff", "#ffff00"])
def test_text_stands_out_on_every_colour(color: str) -> None:
    assert colors.contrast(colors.ink_on(color), color) >= Decimal("4.5")


def test_contrast_is_that_of_the_guidelines() -> None:
    assert round(colors.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colors.contrast("#777777", "#ffffff"), 2) == Decimal("4.48")
