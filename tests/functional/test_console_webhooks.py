"""Webhooks in the console: made, tried, switched off, sent again, and nobody else's."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from coupons.models import JournalEntry, Role
from redemption.models import WebhookDelivery, WebhookEndpoint
from redemption.webhooks import addresses, endpoints, posting
from tests.people import People, person
from tests.shop import NOW

pytestmark = pytest.mark.django_db

URL = "https://hooks.example/in"
STEPS = ("secret", "again", "off", "on", "delete")


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def endpoint(people: People) -> WebhookEndpoint:
    return endpoints.create(
        merchant=people.acme,
        address=addresses.Looked(url=URL, problem=None),
        types=["coupon.paused"],
        coupon=None,
        by="staff:alice",
        at=NOW,
    )


def add() -> str:
    return reverse("admin:redemption_webhookendpoint_add")


def page(endpoint: WebhookEndpoint) -> str:
    return reverse("admin:redemption_webhookendpoint_change", args=[endpoint.pk])


def step(endpoint: WebhookEndpoint, slug: str) -> str:
    return reverse("admin:redemption_webhook_step", args=[endpoint.pk, slug])


def failed(endpoint: WebhookEndpoint, **values: Any) -> WebhookDelivery:
    row = endpoints.send_test(endpoint=endpoint, at=NOW)
    values = {"state": "failed", "attempts": 10, "last_ms": 12, **values}
    WebhookDelivery.objects.filter(pk=row.pk).update(**values)
    return row


def test_an_owner_makes_an_endpoint_and_sees_its_secret_once(people: People) -> None:
    people.alice.get(add())
    answer = people.alice.post(add(), url=URL, types=["redemption.created"], coupon="")
    row = WebhookEndpoint.objects.get()
    assert (row.merchant, row.url, row.types, row.coupon) == (
        people.acme, URL, ["redemption.created"], None,
    )  # fmt: skip
    assert row.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert row.secret not in people.alice.get(page(row)).content.decode()
    assert row.created_by == "staff:alice"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "http://hooks.example/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": URL, "types": ["nonsense"]}, "types"),
        ({"url": URL, "coupon": "nowhere"}, "coupon"),
    ],
)
def test_a_form_that_makes_no_sense_says_where(
    people: People, form: dict[str, Any], field: str
) -> None:
    answer = people.alice.post(add(), **form)
    assert list(answer.context["form"].errors) == [field]
    assert WebhookEndpoint.objects.count() == 0


def test_a_test_event_is_on_its_way_at_a_click(people: People, endpoint: WebhookEndpoint) -> None:
    path = reverse("admin:redemption_webhook_test", args=[endpoint.pk])
    assert people.alice.get(path).status_code == 404
    assert people.alice.post(path)["Location"] == page(endpoint)
    row = WebhookDelivery.objects.get()
    assert (row.state, json.loads(row.body)["type"]) == ("pending", "webhook.test")
    assert "Test event" in people.alice.get(page(endpoint)).content.decode()


def test_each_step_says_what_it_does_and_does_it(people: People, endpoint: WebhookEndpoint) -> None:
    old = endpoint.secret
    for slug in STEPS:
        assert people.alice.get(step(endpoint, slug)).status_code == 200
    endpoint.refresh_from_db()
    assert (endpoint.secret, endpoint.disabled_at) == (old, None)

    shown = people.alice.post(step(endpoint, "secret"))
    endpoint.refresh_from_db()
    assert endpoint.secret != endpoint.previous_secret == old
    assert endpoint.secret in shown.content.decode()
    people.alice.post(step(endpoint, "off"))
    endpoint.refresh_from_db()
    assert endpoint.disabled_because == "by_hand"
    assert "Off: switched off here" in people.alice.get(page(endpoint)).content.decode()
    people.alice.post(step(endpoint, "on"))
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None
    failed(endpoint)
    people.alice.post(step(endpoint, "delete"))
    assert (WebhookEndpoint.objects.count(), WebhookDelivery.objects.count()) == (0, 0)
    types = JournalEntry.objects.filter(type__startswith="webhook").order_by("id")
    assert list(types.values_list("type", flat=True)) == [
        f"webhook.{what}"
        for what in ("created", "secret_changed", "disabled", "enabled", "deleted")
    ]
    assert people.alice.get(step(endpoint, "nonsense")).status_code == 404


def test_what_failed_is_shown_with_its_answer_and_sent_again(
    people: People, endpoint: WebhookEndpoint
) -> None:
    one = failed(endpoint, last_status=500, last_answer="<b>broken</b>")
    two = failed(endpoint, last_status=None, last_answer=posting.TIMED_OUT)
    address = reverse("admin:redemption_webhookdelivery_change", args=[one.pk])
    seen = people.alice.get(address).content.decode()
    assert "&lt;b&gt;broken&lt;/b&gt;" in seen
    assert "HTTP 500 · 12 ms" in seen
    listed = people.alice.get(reverse("admin:redemption_webhookdelivery_changelist"))
    assert posting.TIMED_OUT in listed.content.decode()

    again = reverse("admin:redemption_webhookdelivery_again", args=[one.pk])
    assert people.alice.get(again).status_code == 404
    people.alice.post(again)
    assert state(one) == ("pending", 0)
    assert state(two) == ("failed", 10)
    people.alice.post(step(endpoint, "again"))
    assert state(two) == ("pending", 0)


def state(row: WebhookDelivery) -> tuple[str, int]:
    return WebhookDelivery.objects.values_list("state", "attempts").get(pk=row.pk)


def test_deliveries_are_filtered_by_state_endpoint_and_type(
    people: People, endpoint: WebhookEndpoint
) -> None:
    failed(endpoint)
    endpoints.send_test(endpoint=endpoint, at=NOW)
    path = reverse("admin:redemption_webhookdelivery_changelist")

    def count(**query: Any) -> int:
        return len(people.alice.get(path, **query).context["cl"].result_list)

    assert count() == 2
    assert count(state__exact="failed") == 1
    assert count(to=str(endpoint.pk)) == 2
    assert count(to="nonsense") == 0
    assert count(about="webhook.test") == 2
    assert count(about="coupon.paused") == 0


def test_strangers_and_those_without_the_settings_do_nothing(
    people: People, endpoint: WebhookEndpoint
) -> None:
    row = failed(endpoint)
    analyst = person("ann", people.acme, Role.ANALYST)
    for someone in (people.charlie, analyst, people.bob):
        for slug in STEPS:
            assert someone.post(step(endpoint, slug)).status_code == 404
            assert someone.get(step(endpoint, slug)).status_code == 404
        for name, key in (("webhook_test", endpoint.pk), ("webhookdelivery_again", row.pk)):
            path = reverse(f"admin:redemption_{name}", args=[key])
            assert someone.post(path).status_code == 404
    for someone in (analyst, people.bob):
        assert someone.post(add(), url=URL).status_code == 403
    endpoint.refresh_from_db()
    assert endpoint.disabled_at is None
    assert state(row) == ("failed", 10)
    filters = people.charlie.get(reverse("admin:redemption_webhookdelivery_changelist"))
    assert URL not in filters.content.decode()


def test_private_addresses_are_taken_where_they_are_allowed(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "HEXIAO_ALLOW_PRIVATE_WEBHOOKS", True)
    people.alice.post(add(), url="http://127.0.0.1:9/")
    assert WebhookEndpoint.objects.get().url == "http://127.0.0.1:9/"
