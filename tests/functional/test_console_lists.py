"""The console's lists: never counted, read page by page, found in by exact keys."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Customer
from coupons.models import Code, CodeBatch, CodePool, Coupon, Job, JournalEntry, Product
from redemption.models import (
    Hold,
    Order,
    Reconciliation,
    Redemption,
    RefusedAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.everything import shop_with_everything
from tests.people import People
from tests.shop import NOW, Shop

pytestmark = pytest.mark.django_db

#: Lists over tables without end.
ENDLESS = [
    Coupon, Code, CodeBatch, Job, Customer, Product, Order, Redemption, Hold, RefusedAttempt,
    JournalEntry, WebhookDelivery, Reconciliation, CodePool,
]  # fmt: skip


@pytest.fixture
def people(db: None) -> People:
    return People.meet()


@pytest.fixture
def shop(people: People) -> Shop:
    return shop_with_everything(merchant=people.acme, user=people.alice.user)


def address(model: Any, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def many(people: People, shop: Shop) -> Iterator[None]:
    """Put 120 more rows into what grows."""
    acme, coupon = people.acme, Coupon.objects.get(slug="many-codes")
    batch = CodeBatch.objects.get()
    Code.objects.bulk_create(
        Code(merchant=acme, coupon=coupon, batch=batch, text=f"BULK{i:04}") for i in range(120)
    )
    Customer.objects.bulk_create(
        Customer(merchant=acme, ref=f"BULK{i:04}", created_at=NOW) for i in range(120)
    )
    Product.objects.bulk_create(
        Product(merchant=acme, sku=f"BULK{i:04}", currency="USD") for i in range(120)
    )
    customer = Customer.objects.get(ref="BULK0001")
    Order.objects.bulk_create(
        Order(
            merchant=acme,
            ref=f"BULK{i:04}",
            status="paid",
            currency="USD",
            total_minor=1,
            placed_at=NOW - timedelta(minutes=i // 3),
            customer=customer,
        )
        for i in range(120)
    )
    JournalEntry.objects.bulk_create(
        JournalEntry(merchant=acme, at=NOW, type="code.claimed", actor="system", coupon=coupon)
        for i in range(120)
    )
    endpoint = WebhookEndpoint.objects.get()
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            merchant=acme, endpoint=endpoint, event=uuid.uuid4(), type="coupon.paused",
            body="{}", next_at=NOW, created_at=NOW,
        )
        for i in range(120)
    )  # fmt: skip
    return


@pytest.mark.parametrize("model", ENDLESS, ids=lambda model: model.__name__)
def test_an_endless_list_is_never_counted(
    people: People, shop: Shop, model: Any, request: pytest.FixtureRequest
) -> None:
    people.alice.get(address(model))
    with CaptureQueriesContext(
        connection,
    ) as few:
        people.alice.get(address(model))
    request.getfixturevalue("many")
    with CaptureQueriesContext(connection) as lots:
        people.alice.get(address(model))
    for query in few.captured_queries + lots.captured_queries:
        assert "COUNT(" not in query["sql"].upper()
    assert len(lots) == len(few)


@pytest.mark.parametrize(
    "model",
    [Code, Customer, Product, Order, JournalEntry, WebhookDelivery],
    ids=lambda m: m.__name__,
)
def test_pages_follow_each_other_and_show_every_row_once(
    people: People, shop: Shop, many: None, model: Any
) -> None:
    seen, path = [], address(model)
    for _ in range(9):
        changelist = people.alice.client.get(path).context["cl"]
        seen += [row.pk for row in changelist.result_list]
        if changelist.next_page_url is None:
            break
        path = address(model) + changelist.next_page_url
    assert len(seen) == len(set(seen)) == model.objects.filter(merchant=people.acme).count()


def test_a_filter_outlives_the_page_and_a_bad_place_is_the_beginning(
    people: People, shop: Shop, many: None
) -> None:
    coupon = Coupon.objects.get(slug="many-codes")
    first = people.alice.get(address(Code), coupon__id__exact=coupon.pk).context["cl"]
    second = people.alice.client.get(address(Code) + first.next_page_url).context["cl"]
    assert {row.coupon_id for row in second.result_list} == {coupon.pk}
    for nonsense in ("x", "-1", "99999999999999999999999", "\x00"):
        assert people.alice.get(address(Code), after=nonsense).context["cl"].is_first_page
    assert people.alice.get(address(Redemption), after="nonsense").context["cl"].is_first_page


@pytest.mark.parametrize(
    ("model", "typed", "found"),
    [
        (Code, " secret-code 1", ["SECRETCODE1"]),
        (Code, "ｓecretcode", ["SECRETCODE1", "SECRETCODE2"]),
        (Customer, "SECRET-C", ["SECRET-C"]),
        (Customer, "SECRET", []),
        (Product, "SECRET", ["SECRET-SKU"]),
        (Order, "SECRET-ORDER", ["SECRET-ORDER"]),
        (Redemption, "SECRET-O", ["SECRET-O"]),
        (Redemption, "SECRET-C", ["SECRET-O"]),
        (RefusedAttempt, "SECRET-R", ["SECRET-R"]),
        (RefusedAttempt, "SECRET-C", ["SECRET-R"]),
        (RefusedAttempt, "secret-coupon", ["SECRET-R"]),
        (RefusedAttempt, "SECRET", []),
    ],
)
def test_what_is_typed_is_looked_up(
    people: People, shop: Shop, model: Any, typed: str, found: list[str]
) -> None:
    listed = people.alice.get(address(model), q=typed).context["cl"].result_list
    assert [str(row).split(" ")[0] for row in listed] == found
