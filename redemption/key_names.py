"""The API keys that a coupon's definition names: offered to choose from, and looked up."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from coupons.errors import FieldError
from coupons.models import Merchant
from redemption.models import ApiKey, KeyMethod


def named(*, definition: Mapping[str, Any]) -> list[str]:
    """Return the keys that may redeem a coupon by API, as it names them; none is every key."""
    settings = definition.get("method_settings") or {}
    keys: list[str] = settings.get("api", {}).get("keys", [])
    return keys


def offered(*, merchant: Merchant, at: datetime) -> QuerySet[ApiKey]:
    """Return the working keys that redeem by API, by name; of each line the newest."""
    unended = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    working = ApiKey.objects.of(merchant).filter(
        unended, revoked_at__isnull=True, successor__isnull=True, method=KeyMethod.API
    )
    return working.order_by("name", "pk")


def unknown(
    merchant: Merchant, canonical: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Iterable[FieldError]:
    """Tell the keys that the merchant does not have; those named `before` may stay."""
    wanted = named(definition=canonical)
    fresh = set(wanted) - set(named(definition=before or {}))
    if not fresh:
        return
    found = ApiKey.objects.of(merchant).filter(prefix__in=fresh).values_list("prefix", "origin")
    origins = dict(found)
    for i, prefix in enumerate(wanted):
        place = f"method_settings.api.keys.{i}"
        if prefix in fresh and prefix not in origins:
            yield FieldError(place, f"There is no API key {prefix}.")
        elif origins.get(prefix):
            yield FieldError(place, f"Name the key that it replaced, {origins[prefix]}.")
