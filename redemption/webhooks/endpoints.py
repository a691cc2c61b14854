"""Webhook endpoints: made, given new secrets, switched off and on, tried, removed."""

import base64
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from coupons import journal
from coupons.errors import FieldError, Invalid
from coupons.models import Coupon, Merchant, new_id
from redemption.models import DisabledBecause, EventType, WebhookDelivery, WebhookEndpoint
from redemption.models.webhook import TEST_TYPE
from redemption.webhooks import events
from redemption.webhooks.addresses import Looked

#: How long the secret before a rotation goes on signing.
OVERLAP = timedelta(hours=24)
SECRET_BYTES = 32


def create(
    *,
    merchant: Merchant,
    address: Looked,
    types: Iterable[str],
    coupon: str | None,
    by: str,
    at: datetime,
) -> WebhookEndpoint:
    """Make an endpoint with a secret of its own; it hears of what happens from now on.

    `coupon` is a slug. Raises `Invalid` for an address, a type or a coupon that is none.
    """
    if address.problem is not None:
        raise address.problem
    wanted = sorted(set(types))
    if unknown := set(wanted) - set(EventType.values):
        raise Invalid(errors=[FieldError("types", f"Unknown: {', '.join(sorted(unknown))}.")])
    of = Coupon.objects.of(merchant).filter(slug=coupon).first() if coupon is not None else None
    if coupon is not None and of is None:
        raise Invalid(errors=[FieldError("coupon", "There is no such coupon.")])
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.create(
            merchant=merchant,
            url=address.url,
            types=wanted,
            coupon=of,
            secret=new_secret(),
            created_at=at,
            created_by=by,
        )
        _record("created", endpoint=endpoint, by=by, at=at)
    return endpoint


def new_secret() -> str:
    """Make a secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def rotate(*, endpoint: WebhookEndpoint, by: str, at: datetime) -> WebhookEndpoint:
    """Give it a new secret; the one it had signs too for a day, an older one no more."""
    with transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
            secret=new_secret(), previous_secret=F("secret"), previous_until=at + OVERLAP
        )
        _record("secret_changed", endpoint=endpoint, by=by, at=at)
    endpoint.refresh_from_db()
    return endpoint


def disable(
    *,
    endpoint: WebhookEndpoint,
    by: str,
    at: datetime,
    because: DisabledBecause = DisabledBecause.BY_HAND,
) -> bool:
    """Switch it off: it hears of nothing new, and what is on its way waits. False if it was off."""
    with transaction.atomic():
        done = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(
            disabled_at=at, disabled_because=because
        )
        if done:
            _record("disabled", endpoint=endpoint, by=by, at=at, because=because.value)
    return bool(done)


def enable(*, endpoint: WebhookEndpoint, by: str, at: datetime) -> bool:
    """Switch it on again; what waited is sent. False if it was on."""
    with transaction.atomic():
        done = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=False).update(
            disabled_at=None, disabled_because=""
        )
        if done:
            _record("enabled", endpoint=endpoint, by=by, at=at)
    return bool(done)


def delete(*, endpoint: WebhookEndpoint, by: str, at: datetime) -> None:
    """Remove it and its deliveries; what is being sent right now still arrives."""
    with transaction.atomic():
        _record("deleted", endpoint=endpoint, by=by, at=at)
        WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()


def send_test(*, endpoint: WebhookEndpoint, at: datetime) -> WebhookDelivery:
    """Put a test event on its way, whatever types the endpoint wants."""
    from redemption.tasks import send_webhooks

    event = new_id()
    data = {"endpoint": str(endpoint.pk), "message": "It works."}
    with transaction.atomic():
        transaction.on_commit(send_webhooks.delay, robust=True)
        return WebhookDelivery.objects.create(
            merchant_id=endpoint.merchant_id,
            endpoint=endpoint,
            event=event,
            type=TEST_TYPE,
            body=events.body(id=event, type=TEST_TYPE, at=at.isoformat(), data=data),
            next_at=at,
            created_at=at,
        )


def _record(what: str, *, endpoint: WebhookEndpoint, by: str, at: datetime, **data: str) -> None:
    journal.record(
        merchant=endpoint.merchant,
        type=f"webhook.{what}",
        actor=by,
        at=at,
        data={"endpoint": str(endpoint.pk), "url": endpoint.url, **data},
    )
