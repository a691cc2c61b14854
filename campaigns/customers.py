"""The merchant's customers, as a program tells us of them."""

import zoneinfo
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from babel.core import get_global
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from campaigns.models import Customer
from coupons.catalogue import Upserted
from coupons.errors import FieldError, Invalid
from coupons.models import Merchant

#: What a call may set; what it leaves out stays.
FIELDS = (
    "email",
    "phone",
    "country",
    "language",
    "time_zone",
    "tags",
    "tier",
    "birthday",
    "source",
    "registered_at",
    "is_test",
    "consents",
)


def named(*, rows: QuerySet, typed: str) -> QuerySet:
    """Keep the customers whose identifier, address or number that is, each found by its index."""
    by_phone = Q(phone=typed) & ~Q(phone="")
    return rows.filter(Q(ref=typed) | (Q(email=typed) & ~Q(email="")) | by_phone)


def stored_values(*, given: Mapping[str, Any]) -> dict[str, Any]:
    """Check what is to be set of a customer's `FIELDS`; `Invalid` names what is wrong."""
    values = dict(given)
    errors = []
    if email := values.get("email"):
        try:
            validate_email(email)
        except ValidationError:
            errors.append(FieldError("email", "This is not an e-mail address."))
    if (country := values.get("country")) and country not in _countries():
        errors.append(FieldError("country", "An ISO 3166 country code such as DE."))
    if (zone := values.get("time_zone")) and zone not in _time_zones():
        errors.append(FieldError("timezone", "An IANA time zone such as Europe/Berlin."))
    registered = values.get("registered_at")
    if registered is not None and not 1900 <= registered.year <= 9000:
        errors.append(FieldError("registered_at", "A time in the years 1900 to 9000."))
    if errors:
        raise Invalid(errors=errors)
    if "tags" in values:
        values["tags"] = sorted(set(values["tags"]))
    return values


@cache
def _countries() -> frozenset[str]:
    codes = get_global("territory_languages")
    # ZZ stands for a region that nobody knows.
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - {"ZZ"}


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def put_customers(
    *, merchant: Merchant, changes: Mapping[str, Mapping[str, Any]], at: datetime
) -> Upserted:
    """Create or update customers by the merchant's own id, all in one transaction.

    `changes` maps an id to what is to be set of `FIELDS`.
    """
    with transaction.atomic():
        known = {
            customer.ref: customer
            for customer in Customer.objects.of(merchant)
            .filter(ref__in=changes)
            .order_by("ref")
            .select_for_update()
        }
        fresh = []
        for ref, change in changes.items():
            customer = known.get(ref)
            if customer is None:
                customer = Customer(merchant=merchant, ref=ref, created_at=at)
                fresh.append(customer)
            for name, value in change.items():
                setattr(customer, name, value)
        # Somebody may create the same customer meanwhile: then ours is the later word.
        Customer.objects.bulk_create(
            fresh, update_conflicts=True, unique_fields=["merchant", "ref"], update_fields=FIELDS
        )
        Customer.objects.bulk_update(known.values(), FIELDS, batch_size=500)
    return Upserted(created=len(fresh), updated=len(known))


def known_or_new(*, merchant: Merchant, refs: Collection[str], at: datetime) -> dict[str, int]:
    """Return our ids of these customers, those not seen before created, all locked in one order.

    Call it in a transaction, before anything else is written for them: the rows that refer to
    a customer lock it too, and in no order.
    """
    ids = _locked(merchant=merchant, refs=refs)
    missing = sorted(set(refs) - ids.keys())
    if missing:
        Customer.objects.bulk_create(
            [Customer(merchant=merchant, ref=ref, created_at=at) for ref in missing],
            ignore_conflicts=True,
        )
        ids |= _locked(merchant=merchant, refs=missing)
    return ids


def _locked(*, merchant: Merchant, refs: Collection[str]) -> dict[str, int]:
    rows = Customer.objects.of(merchant).filter(ref__in=refs).order_by("ref")
    return dict(rows.select_for_update(no_key=True).values_list("ref", "pk"))


COUNT_PAID = """
UPDATE campaigns_customer AS c
   SET paid_orders = c.paid_orders + d.change
  FROM unnest(%(customers)s::bigint[], %(changes)s::bigint[]) AS d (customer, change)
 WHERE c.merchant_id = %(merchant)s AND c.id = d.customer
"""


def count_paid_orders(*, merchant: Merchant, changes: Mapping[int, int]) -> None:
    """Count paid orders up or down, by customer; in the transaction in which the orders change."""
    moved = {customer: change for customer, change in changes.items() if change}
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(
                COUNT_PAID,
                {
                    "merchant": merchant.pk,
                    "customers": list(moved),
                    "changes": list(moved.values()),
                },
            )
