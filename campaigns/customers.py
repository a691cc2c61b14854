"""The merchant's customers, as a program tells us of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.models import Customer
from coupons.catalogue import Upserted
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
