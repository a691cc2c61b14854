"""Webhook endpoints over the API: made, listed, given new secrets, removed."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook

from coupons.models import JournalEntry
from redemption.models import EventType, WebhookEndpoint
from tests.definitions import fields
from tests.shop import Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://hooks.example/coupons"
NOBODY = "0199aaaa-0000-7000-8000-000000000000"


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(shop: Shop) -> None:
    shop.coupon()
    made = shop.api.post(
        "webhook-endpoints",
        {"url": URL, "types": ["coupon.paused", "coupon.ended"], "coupon": "ten-off"},
    )
    assert made.status == 201
    row = WebhookEndpoint.objects.get()
    secret = made.body.pop("secret")
    assert secret == row.secret
    assert secret.startswith("whsec_")
    assert Webhook(secret).sign("x", timezone.now(), "{}").startswith("v1,")
    assert made.body == {
        "id": str(row.pk),
        "url": URL,
        "types": ["coupon.ended", "coupon.paused"],
        "coupon": "ten-off",
        "enabled": True,
        "created_at": row.created_at.isoformat(),
    }
    assert shop.api.get(f"webhook-endpoints/{row.pk}").body == made.body
    listed = shop.api.get("webhook-endpoints").body
    assert listed == {"next": None, "previous": None, "results": [made.body]}
    entry = JournalEntry.objects.get(type="webhook.created")
    assert entry.data == {"endpoint": str(row.pk), "url": URL}


def test_every_type_of_the_contract_may_be_asked_for(shop: Shop) -> None:
    made = shop.api.post("webhook-endpoints", {"url": URL, "types": list(EventType.values)})
    assert (made.status, len(made.body["types"])) == (201, 11)
    assert shop.api.post("webhook-endpoints", {"url": URL}).body["types"] == []


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, ["url"]),
        ({"url": 5}, ["url"]),
        ({"url": "http://hooks.example/"}, ["url"]),
        ({"url": "https://127.0.0.1/"}, ["url"]),
        ({"url": "https://localhost:9000/"}, ["url"]),
        ({"url": "https://[::ffff:10.0.0.1]/"}, ["url"]),
        ({"url": "https://a:b@hooks.example/"}, ["url"]),
        ({"url": URL, "types": ["coupon.paused", "coupon.exploded"]}, ["types"]),
        ({"url": URL, "types": "coupon.paused"}, ["types"]),
        ({"url": URL, "coupon": "nowhere"}, ["coupon"]),
        ({"url": URL, "coupon": ""}, ["coupon"]),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Shop, body: dict[str, Any], wrong: list[str]) -> None:
    with nothing_changes():
        answer = shop.api.post("webhook-endpoints", body)
    assert (answer.status, fields(answer)) == (422, wrong)


def test_another_merchants_coupon_is_none(shop: Shop) -> None:
    Shop.open("other").coupon("theirs")
    answer = shop.api.post("webhook-endpoints", {"url": URL, "coupon": "theirs"})
    assert (answer.status, fields(answer)) == (422, ["coupon"])


def test_private_addresses_are_taken_where_they_are_allowed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HEXIAO_ALLOW_PRIVATE_WEBHOOKS", True)
    for url in ("http://127.0.0.1:9999/hooks", "http://localhost/", "https://10.0.0.1:81/"):
        assert shop.api.post("webhook-endpoints", {"url": url}).status == 201


def test_the_same_key_makes_one_endpoint_and_shows_the_same_secret(shop: Shop) -> None:
    first = shop.api.post("webhook-endpoints", {"url": URL}, Idempotency_Key="k")
    again = shop.api.post("webhook-endpoints", {"url": URL}, Idempotency_Key="k")
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert WebhookEndpoint.objects.count() == 1


def test_a_new_secret_leaves_the_old_one_a_day(shop: Shop) -> None:
    made = shop.api.post("webhook-endpoints", {"url": URL}).body
    changed = shop.api.post(f"webhook-endpoints/{made['id']}/secret")
    assert changed.status == 201
    row = WebhookEndpoint.objects.get()
    assert row.previous_until is not None
    assert changed.body == {
        "id": made["id"],
        "secret": row.secret,
        "previous_until": row.previous_until.isoformat(),
    }
    assert row.secret != row.previous_secret == made["secret"]
    day = timedelta(hours=24)
    assert abs(row.previous_until - timezone.now() - day) < timedelta(minutes=1)
    assert JournalEntry.objects.filter(type="webhook.secret_changed").count() == 1


def test_a_deleted_endpoint_is_gone(shop: Shop) -> None:
    made = shop.api.post("webhook-endpoints", {"url": URL}).body
    assert shop.api.call("DELETE", f"webhook-endpoints/{made['id']}").status == 200
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/secret")):
        answer = shop.api.call(method, f"webhook-endpoints/{made['id']}{path}")
        assert (answer.status, answer.code) == (404, "not_found")
    assert shop.api.get(f"webhook-endpoints/{NOBODY}").status == 404
    types = JournalEntry.objects.filter(type__startswith="webhook.").values_list("type", flat=True)
    assert sorted(types) == ["webhook.created", "webhook.deleted"]
