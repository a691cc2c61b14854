"""`X-Request-Id` on every answer of the API, in the journal, and in the log of an error."""

import re

import pytest

from coupons.models import JournalEntry
from tests.shop import Api, Shop, cart, order

pytestmark = pytest.mark.django_db(transaction=True)

OURS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    return shop


def test_every_kind_of_answer_has_an_id_of_its_own(shop: Shop) -> None:
    answers = [
        shop.api.post("validations", cart("ten-off")),
        shop.api.post("validations", cart("ten-off")),
        shop.api.post("redemptions", order("ten-off")),
        shop.api.post("redemptions", order("NONE", ref="O-2")),
        shop.api.post("validations", b"{"),
        shop.api.call("DELETE", "coupons"),
        shop.api.get("coupons/none"),
        shop.api.get("nowhere"),
        shop.api.get("coupons", Host="evil.example"),
        shop.with_scopes("redeem").get("coupons"),
        Api(None).get("coupons"),
        Api(None).get("schema/"),
        Api(None).get("docs/"),
    ]
    assert [a.status for a in answers] == [
        200, 200, 201, 422, 400, 405, 404, 404, 400, 403, 401, 200, 200,
    ]  # fmt: skip
    ids = [a.headers["X-Request-Id"] for a in answers]
    assert all(OURS.fullmatch(each) for each in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("given", ["r-1", "Root=1-6789-ab", "a/b:c+d@e.f_g", "x" * 128])
def test_a_sane_id_of_the_caller_comes_back_and_is_kept_in_the_journal(
    shop: Shop, given: str
) -> None:
    before = JournalEntry.objects.count()
    done = shop.api.post("redemptions", order("ten-off"), X_Request_Id=given)
    assert done.headers["X-Request-Id"] == given
    entries = JournalEntry.objects.order_by("id")[before:]
    assert [(e.type, e.request_id) for e in entries] == [
        ("redemption.created", given),
        ("code.redeemed", given),
    ]


@pytest.mark.parametrize("given", ["", " ", "a b", "x" * 129, "a;b", "<b>", "号", "a\tb"])
def test_any_other_is_replaced_before_it_is_kept(shop: Shop, given: str) -> None:
    before = JournalEntry.objects.count()
    done = shop.api.post("redemptions", order("ten-off"), X_Request_Id=given)
    made = done.headers["X-Request-Id"]
    assert OURS.fullmatch(made)
    kept = JournalEntry.objects.order_by("id").values_list("request_id", flat=True)[before:]
    assert set(kept) == {made}


def test_a_replayed_answer_has_the_id_of_its_own_request(shop: Shop) -> None:
    first = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k", X_Request_Id="a")
    again = shop.api.post("redemptions", order("ten-off"), Idempotency_Key="k", X_Request_Id="b")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (first.headers["X-Request-Id"], again.headers["X-Request-Id"]) == ("a", "b")


def test_the_log_of_an_unexpected_error_has_the_id_and_the_answer_tells_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr("redemption.checkout.validate", broken)
    answer = shop.api.post("validations", cart("ten-off"), X_Request_Id="r-500")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["X-Request-Id"] == "r-500"
    assert "secret" not in str(answer.body)
    errors = [r.msg for r in caplog.records if "unexpected_error" in str(r.msg)]
    assert [e["request_id"] for e in errors] == ["r-500"]
