"""Whoever tries too many wrong codes is not answered for a while."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connections

from coupons import valkey
from coupons.models import Code
from redemption import checkout, guessing
from redemption.models import ApiKey, Redemption
from tests.shop import Answer, Api, Shop, cart, order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(guessing, "_refused", {})
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


@pytest.fixture
def another_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Forget whom this process has refused, as another process does not know it."""
    return lambda: monkeypatch.setattr(guessing, "_refused", {})


def guess(shop: Shop, times: int, **who: str) -> list[Answer]:
    return [shop.api.post("validations", cart(f"WRONG{n}", **who)) for n in range(times)]


def statuses(answers: list[Answer]) -> list[int]:
    return [answer.status for answer in answers]


@pytest.mark.parametrize(
    ("who", "most"),
    [
        ({"customer": "C-1"}, 10),
        ({"device": "D-1"}, 20),
        ({"ip": "203.0.113.9"}, 50),
        ({"ip": "no address at all"}, 50),
        ({"customer": "C-1", "device": "D-1", "ip": "203.0.113.9"}, 10),
    ],
)
def test_so_many_wrong_codes_are_answered_and_then_none_wrong_or_right(
    shop: Shop, who: dict[str, str], most: int
) -> None:
    answers = guess(shop, most + 2, **who)
    assert statuses(answers) == [200] * most + [429, 429]
    for path, body in (
        ("validations", cart("ten-off", **who)),
        ("qualifications", cart("ten-off", **who)),
        ("redemptions", order("ten-off", **who)),
    ):
        refused = shop.api.post(path, body)
        assert refused.code == "too_many_attempts"
        assert 1 <= int(refused.headers["Retry-After"]) <= 601
        assert "rejected" not in refused.body
    assert not Redemption.objects.exists()
    assert shop.api.post("validations", cart(**who)).status == 200
    assert shop.api.post("qualifications", cart(**who)).status == 200
    somebody_else = {name: value + "9" for name, value in who.items()}
    assert shop.api.post("redemptions", order("ten-off", **somebody_else)).status == 201


def test_carts_that_name_nobody_count_for_the_key(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    assert statuses(guess(shop, 5)) == [200] * 4 + [429]
    assert shop.api.post("validations", cart("ten-off")).status == 429
    assert shop.api.post("validations", cart("ten-off", customer="C-1")).status == 200
    assert shop.with_scopes("checkout").post("validations", cart("ten-off")).status == 200


def test_a_limit_of_zero_is_none(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_CUSTOMER = 0
    assert statuses(guess(shop, 12, customer="C-1")) == [200] * 12


def test_the_same_wrong_code_again_and_again_is_one_attempt(shop: Shop) -> None:
    for _ in range(25):
        for code in ("MISTYPED", " mistyped"):
            assert shop.api.post("validations", cart(code, "ten-off", customer="C-1")).status == 200
    assert statuses(guess(shop, 10, customer="C-1")) == [200] * 9 + [429]


def test_codes_that_exist_are_no_attempts_whatever_is_in_their_way(shop: Shop) -> None:
    for n in range(15):
        shop.coupon(f"over{n}", ends_at="2020-01-01T00:00:00Z", publish=False)
        quote = shop.api.post("validations", cart(f"over{n}", customer="C-1"))
        assert quote.body["rejected"][0]["reason"] == "not_published"


def test_withdrawn_codes_are_attempts(shop: Shop) -> None:
    shop.coupon("unique", code=None)
    codes = [f"GONE{n:04}" for n in range(12)]
    shop.codes("unique", *codes)
    Code.objects.filter(text__startswith="GONE").update(state="revoked")
    answers = [shop.api.post("validations", cart(code, customer="C-1")) for code in codes]
    assert answers[0].body["rejected"][0]["reason"] == "code_revoked"
    assert statuses(answers) == [200] * 10 + [429] * 2


def test_all_wrong_codes_of_one_cart_count(shop: Shop) -> None:
    wrong = [f"WRONG{n}" for n in range(11)]
    refused = shop.api.post("validations", cart(*wrong, customer="C-1"))
    assert refused.code == "too_many_attempts"


@pytest.mark.parametrize("key", [{}, {"Idempotency_Key": "again"}])
def test_redemptions_count_and_their_refusal_is_not_kept(
    shop: Shop, another_process: Callable[[], None], key: dict[str, str]
) -> None:
    for n in range(9):
        body = order(f"WRONG{n}", ref=f"O-{n}", customer="C-1")
        assert shop.api.post("redemptions", body).code == "coupon_rejected"
    qualified = shop.api.post("qualifications", cart("WRONGTOO", customer="C-1"))
    assert qualified.body["unusable"][0]["reason"] == "code_not_found"
    body = order("WRONG", customer="C-1")
    assert shop.api.post("redemptions", body, **key).code == "too_many_attempts"
    another_process()
    assert shop.api.post("redemptions", body, **key).code == "too_many_attempts"
    another_process()
    valkey.asked(lambda pipeline: pipeline.flushdb() and None)
    assert shop.api.post("redemptions", body, **key).code == "coupon_rejected"


def test_what_a_partial_redemption_took_is_told_and_the_next_is_refused(shop: Shop) -> None:
    guess(shop, 9, customer="C-1")
    wrong = ["WRONGER", "WRONGEST"]
    body = order("ten-off", *wrong, customer="C-1", partial=True)
    assert shop.api.post("redemptions", body).status == 201
    again = order("ten-off", ref="O-2", customer="C-1")
    assert shop.api.post("redemptions", again).code == "too_many_attempts"
    assert Redemption.objects.count() == 1


def test_an_answer_kept_for_an_idempotency_key_is_given_to_a_guesser_too(shop: Shop) -> None:
    body = order("ten-off", customer="C-1")
    assert shop.api.post("redemptions", body, Idempotency_Key="k").status == 201
    guess(shop, 11, customer="C-1")
    assert shop.api.post("redemptions", body, Idempotency_Key="k").status == 201


def test_an_ipv6_subscriber_has_one_count_and_mapped_addresses_have_their_own(
    shop: Shop, settings: Any
) -> None:
    settings.HEXIAO_GUESSES_PER_IP = 3
    answers = [
        shop.api.post("validations", cart(f"WRONG{n}", ip=f"2001:db8::{n:x}")) for n in range(5)
    ]
    assert statuses(answers) == [200] * 3 + [429] * 2
    assert shop.api.post("validations", cart("ten-off", ip="2001:db8:0:1::1")).status == 200
    for n in range(5):
        mapped = shop.api.post("validations", cart(f"WRONG{n}", ip=f"::ffff:203.0.113.{n}"))
        assert mapped.status == 200


@pytest.mark.parametrize("text", ["%s {} \\ \n", "客人", "a" * 100, " ", "x\ty"])
def test_strange_names_are_counted_like_others(shop: Shop, text: str) -> None:
    assert statuses(guess(shop, 11, customer=text))[-2:] == [200, 429]


def test_another_process_tells_no_further_miss(
    shop: Shop, another_process: Callable[[], None]
) -> None:
    guess(shop, 10, customer="C-1")
    another_process()
    assert shop.api.post("validations", cart("STILLWRONG", customer="C-1")).status == 429
    assert shop.api.post("validations", cart("ten-off", customer="C-1")).status == 429


def test_the_refusal_ends_with_the_window(shop: Shop) -> None:
    guess(shop, 11, customer="C-1")
    (end,) = set(guessing._refused.values())
    assert 590 < end - time.time() <= 601
    for one in guessing._refused:
        guessing._refused[one] = time.time() - 1
    assert shop.api.post("validations", cart("ten-off", customer="C-1")).status == 200


def test_valkey_forgets_by_itself_and_holds_nobodys_name(shop: Shop) -> None:
    guess(shop, 3, customer="alice@example.com", ip="203.0.113.9", device="device-of-alice")
    names = valkey.asked(lambda pipeline: pipeline.keys("hexiao:missed:*") and None)[0]
    assert len(names) == 3
    dumped = " ".join(names)
    for name in names:
        members, left = valkey.asked(
            lambda pipeline, name=name: pipeline.smembers(name).ttl(name) and None
        )
        dumped += " ".join(members)
        assert 590 < left <= 600
    for text in ("alice", "203.0.113.9", "device", "WRONG", shop.api.key[:8]):
        assert text not in dumped


def test_right_codes_cost_no_question_to_valkey(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(shop, 9, customer="C-1")
    monkeypatch.setattr(guessing.valkey, "asked", lambda _: pytest.fail("Valkey was asked"))
    monkeypatch.setattr("redemption.metering.call", lambda **_: 0)
    assert shop.api.post("redemptions", order("ten-off", customer="C-1")).status == 201


def test_a_guesser_with_a_revoked_key_is_told_of_the_key(shop: Shop) -> None:
    guess(shop, 11, customer="C-1")
    ApiKey.objects.update(revoked_at="2026-01-01T00:00Z")
    assert shop.api.post("validations", cart("ten-off", customer="C-1")).status == 401


def test_many_at_once_are_told_no_more_misses_than_the_limit(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All look before any has been counted: the worst that can happen."""
    shoppers = 16
    together = threading.Barrier(shoppers)
    first = threading.local()
    validate = checkout.validate

    def validate_together(**asked: Any) -> Any:
        quote = validate(**asked)
        if not hasattr(first, "done"):
            first.done = True
            with suppress(threading.BrokenBarrierError):
                together.wait(20)
        return quote

    monkeypatch.setattr(checkout, "validate", validate_together)

    def call(number: int) -> list[int]:
        try:
            api = Api(shop.api.key)
            bodies = [cart(f"WRONG{number}X{n}", customer="C-1") for n in range(3)]
            return [api.post("validations", body).status for body in bodies]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(shoppers) as pool:
        told = [status for answers in pool.map(call, range(shoppers)) for status in answers]
    assert set(told) == {200, 429}
    # Some of the first sixteen, all of which were looked up; nobody after them.
    assert told.count(200) <= 10
