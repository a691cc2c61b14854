"""What an answer says: a refusal in full, or a redemption that took."""

from typing import Any

from tests.shop import Answer, Shop, cart, order
from tests.unchanged import nothing_changes


def refused(answer: Answer, status: int, code: str, *fields: str) -> None:
    """Check that an answer is a whole problem, with exactly these fields at fault."""
    assert answer.status == status, answer
    assert answer.code == code, answer
    assert len(answer.headers["X-Request-Id"]) == 36
    assert answer.body["status"] == status
    assert answer.body["type"] == f"urn:hexiao:problem:{code}"
    assert answer.body["title"]
    assert answer.body["detail"]
    assert [error["field"] for error in answer.body.get("errors", [])] == list(fields)
    assert all(error["message"] for error in answer.body.get("errors", []))


def reasons(answer: Answer, code: int = 0) -> list[str]:
    """Return all the reasons why a code was rejected."""
    rejected = answer.body["rejected"][code]
    assert rejected["reason"] == rejected["reasons"][0]["reason"]
    assert all(each["message"] for each in rejected["reasons"])
    return [each["reason"] for each in rejected["reasons"]]


def redeem(shop: Shop, *codes: str, ref: str, at: str | None = None, **changes: Any) -> Answer:
    headers = {} if at is None else {"X_Test_Clock": at}
    return shop.api.post("redemptions", order(*codes, ref=ref, **changes), **headers)


def takes(shop: Shop, *codes: str, ref: str, **changes: Any) -> Answer:
    """Redeem, and check that it worked."""
    answer = redeem(shop, *codes, ref=ref, **changes)
    assert answer.status == 201, answer
    return answer


def refuses(shop: Shop, *codes: str, why: str, ref: str = "O-no", **changes: Any) -> None:
    """Check that price and redemption both say why not, and that nothing changes."""
    at = changes.pop("at", None)
    headers = {} if at is None else {"X_Test_Clock": at}
    with nothing_changes():
        quote = shop.api.post("validations", cart(*codes, **changes), **headers)
        assert quote.status == 200, quote
        assert quote.body["valid"] is False
        assert why in reasons(quote), quote.body
        answer = redeem(shop, *codes, ref=ref, at=at, **changes)
        assert (answer.status, answer.code) == (422, "coupon_rejected")
        assert why in reasons(answer)
