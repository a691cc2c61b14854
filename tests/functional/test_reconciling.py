"""Counters recounted from the ledger: clean after any life, and every drift found."""

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F

from campaigns.models import Customer
from coupons.models import Code, Coupon, CouponCounter, CouponDay, Job, Merchant, Prize
from redemption import holds, reconciling
from redemption.models import (
    CustomerCounter,
    Order,
    Redemption,
    Reversal,
    ReversalLine,
    Use,
    UseLine,
)
from redemption.reconciling import Compared, Difference
from tests.shop import NOW, Answer, Shop, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

LIMITS = {"uses": 50, "uses_per_day": 50, "uses_per_customer": 50, "budget": {"USD": "999.00"}}
POLICIES: dict[str, dict[str, Any]] = {
    "restore": {"return_policy": "restore_if_valid"},
    "never": {"return_policy": "never"},
    "extend": {"return_policy": "restore_and_extend", "extend_days": 5},
    "reissue": {"return_policy": "reissue"},
}
TOGETHER = {"stacking_group": "all", "stacks_with": ["all"]}


@pytest.fixture
def shop(settings: Any) -> Shop:
    settings.HEXIAO_TEST_CLOCK = True
    return Shop.open()


def at(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def call(shop: Shop, path: str, body: Any = None, *, minute: float = 0) -> Answer:
    answer = shop.api.post(path, body, X_Test_Clock=at(minute))
    assert answer.status in (200, 201, 202), answer.body
    return answer


def redeem(shop: Shop, *codes: str, minute: float = 0, **changes: Any) -> str:
    body = order(*codes, **{"customer": "C-1", **changes})
    return str(call(shop, "redemptions", body, minute=minute).body["id"])


def returned(shop: Shop, redemption: str, **lines: int) -> None:
    body = {"lines": [{"id": ref[1:], "quantity": count} for ref, count in lines.items()]}
    call(shop, f"redemptions/{redemption}/reversals", body if lines else {}, minute=60)


def live(shop: Shop) -> None:
    """Let a shop live through all that moves a counter."""
    _sells(shop)
    shop.api.put("customers/C-test", {"is_test": True})
    redeem(shop, "shared", "OWN1", ref="O-1")
    redeem(shop, "open", ref="O-guest", customer=None)
    redeem(shop, "shared", ref="O-test", customer="C-test")
    confirmed = redeem(shop, "shared", "OWN2", ref="O-2", hold=True)
    call(shop, f"redemptions/{confirmed}/confirmation", minute=1)
    _confirmed_in_part(shop)
    call(shop, f"redemptions/{redeem(shop, 'OWN3', ref='O-3', hold=True)}/release", minute=1)
    redeem(shop, "OWN4", ref="O-4", hold=True)
    assert holds.release_lapsed(at=NOW + timedelta(minutes=20)) == 1
    redeem(shop, "OWN5", ref="O-5", hold=True)
    redeem(shop, "OWN6", ref="O-6", hold=True, minute=99)
    for policy in POLICIES:
        part = redeem(shop, f"{policy}-1", ref=f"part-{policy}")
        returned(shop, part, l1=1)
        whole = redeem(shop, f"{policy}-2", "shared", ref=f"whole-{policy}")
        returned(shop, whole, l1=1)
        returned(shop, whole)
    redeem(shop, "draw", ref="O-draw", lines=[])
    redeem(shop, "draw", ref="O-drawn", lines=[], customer="C-test")
    paid = {"order": "P-1", "currency": "USD", "total": "9.00"}
    event = {"id": "e1", "type": "order.paid", "customer": "C-1", "occurred_at": at(0)}
    call(shop, "events", {"events": [{**event, "data": paid}]})


def _sells(shop: Shop) -> None:
    def out(slug: str, **definition: Any) -> None:
        body = {"starts_at": at(-60), "limits": LIMITS, **TOGETHER, **definition}
        shop.coupon(slug, **body)

    out("shared")
    out("open", limits={"uses": 50})
    out("fifty", min_spend={"USD": "50.00"})
    out("ship", kind="free_shipping")
    out("own", code=None)
    shop.codes("own", *(f"OWN{n}" for n in range(1, 7)))
    for policy, definition in POLICIES.items():
        out(policy, code=None, **definition)
        shop.codes(policy, f"{policy}-1", f"{policy}-2")
    shop.coupon("won", code=None, starts_at=at(-60))
    prizes = [{"name": "Prize", "coupon": "won", "weight": 1}]
    shop.coupon("draw", kind="draw", prizes=prizes, starts_at=at(-60))


def _confirmed_in_part(shop: Shop) -> None:
    """Confirm a hold for a smaller cart, which leaves two of its codes out; return it all."""
    held = redeem(shop, "fifty", "ship", "shared", ref="O-less", hold=True, shipping="5.00")
    cheap = [{"id": "1", "sku": "SHOE", "quantity": 1, "unit_price": "19.99"}]
    body = {"currency": "USD", "lines": cheap, "partial": True}
    call(shop, f"redemptions/{held}/confirmation", body, minute=1)
    returned(shop, held)


def test_after_a_mixed_life_no_counter_differs(shop: Shop) -> None:
    live(shop)
    with nothing_changes():
        read = list(reconciling.compare())
    assert [each for each in read if isinstance(each, Difference)] == []
    compared = {each.counter: each.numbers for each in read if isinstance(each, Compared)}
    redemptions, uses = Redemption.objects.count(), Use.objects.count()
    assert compared == {
        "code.uses": Code.objects.filter(shared=False).count(),
        "customer.uses": CustomerCounter.objects.count(),
        "day.uses": CouponDay.objects.count(),
        "coupon.uses": Coupon.objects.count(),
        "coupon.budget": Coupon.objects.count(),
        "coupon.issued": Coupon.objects.count(),
        "prize.drawn": 1,
        "customer.paid_orders": 2,
        "redemption.discount": redemptions,
        "redemption.shipping": redemptions,
        "redemption.uses": redemptions,
        "use.discount": uses,
        "line.returned_units": UseLine.objects.count(),
        "line.returned_amount": UseLine.objects.values("use__redemption", "line_ref")
        .distinct()
        .count(),
        "reversal.amount": Reversal.objects.count(),
    }


def test_a_batch_under_way_has_issued_what_it_has_still_to_make(shop: Shop) -> None:
    shop.coupon("own", code=None)
    batch = shop.api.post("coupons/own/codes", {"count": 10})
    assert batch.status == 202
    assert CouponCounter.objects.get().issued == 10
    Code.objects.all().delete()
    Job.objects.update(status="running", done=0)
    assert reconciling.differences() == []
    Job.objects.update(status="failed", failed=10)
    assert [each.counter for each in reconciling.differences()] == ["coupon.issued"]


def _more(model: Any, field: str, **of: Any) -> Callable[[], None]:
    """Return a drift of one in one row."""

    def plant() -> None:
        row = model.objects.filter(**of).order_by("pk").first()
        model.objects.filter(pk=row.pk).update(**{field: F(field) + 1})

    return plant


def _less_held() -> None:
    Use.objects.filter(redemption__order_ref="O-5").update(held_until=None)


def _lost_counter() -> None:
    CustomerCounter.objects.filter(coupon__slug="shared", customer__ref="C-1").delete()


def _released_alone() -> None:
    Redemption.objects.filter(order_ref="O-5").update(status="released")


def _given_back_twice() -> None:
    Use.objects.filter(order_ref="O-1", coupon__slug="shared").update(standing=False, taken=False)


DRIFTS: dict[str, tuple[Callable[[], None], dict[str, int]]] = {
    "a code": (_more(Code, "uses", text="OWN4"), {"code.uses OWN4": 1}),
    "a customer": (
        _more(CustomerCounter, "uses", coupon__slug="own"),
        {"customer.uses own · C-1": 1},
    ),
    "a customer's counter that is lost": (_lost_counter, {"customer.uses shared · C-1": -2}),
    "a day": (_more(CouponDay, "uses", coupon__slug="own"), {"day.uses own · 2026-03-04": 1}),
    "uses": (_more(CouponCounter, "uses", coupon__slug="own"), {"coupon.uses own": 1}),
    "budget": (
        _more(CouponCounter, "budget_used_minor", coupon__slug="own"),
        {"coupon.budget own": 1},
    ),
    "issued": (_more(CouponCounter, "issued", coupon__slug="own"), {"coupon.issued own": 1}),
    "a prize": (_more(Prize, "drawn"), {"prize.drawn draw · won": 1}),
    "paid orders": (_more(Customer, "paid_orders", ref="C-1"), {"customer.paid_orders C-1": 1}),
    "an order that is no longer paid": (
        lambda: Order.objects.update(status="placed"),
        {"customer.paid_orders C-1": 1},
    ),
    "a discount": (
        _more(Redemption, "discount_minor", order_ref="O-guest"),
        {"redemption.discount O-guest": 1},
    ),
    "a shipping discount": (
        _more(Redemption, "shipping_discount_minor", order_ref="O-guest"),
        {"redemption.shipping O-guest": 1},
    ),
    "a use's discount": (
        _more(Use, "discount_minor", order_ref="O-guest"),
        {"use.discount O-guest": 1, "redemption.discount O-guest": -1},
    ),
    "a hold without an end": (_less_held, {"redemption.uses O-5": -1}),
    "a release without its uses": (_released_alone, {"redemption.uses O-5": -1}),
    "a use given back alone": (
        _given_back_twice,
        {
            "coupon.budget shared": 1000,
            "coupon.uses shared": 1,
            "customer.uses shared · C-1": 1,
            "day.uses shared · 2026-03-04": 1,
        },
    ),
    "units returned": (
        _more(UseLine, "returned_quantity", use__order_ref="part-never", line_ref="1"),
        {"line.returned_units part-never · 1": 1},
    ),
    "an amount returned": (
        _more(UseLine, "returned_minor", use__order_ref="part-never", line_ref="1"),
        {"line.returned_amount part-never · 1": 1},
    ),
    "a return's lines": (
        _more(ReversalLine, "amount_minor", reversal__redemption__order_ref="part-never"),
        {"line.returned_amount part-never · 1": -1, "reversal.amount part-never": -1},
    ),
}  # fmt: skip


def _put_back(model: Any, rows: list[Any]) -> None:
    key = model._meta.pk.name
    others = [field.name for field in model._meta.concrete_fields if field.name != key]
    model.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=[key], update_fields=others
    )


def test_every_drift_is_found_and_mended_by_nobody(shop: Shop) -> None:
    live(shop)
    other = Shop.open("other")
    for name, (plant, expected) in DRIFTS.items():
        kept = {model: list(model.objects.all()) for model in TOUCHED}
        plant()
        with nothing_changes():
            found = reconciling.differences(merchant=shop.merchant)
        told = {f"{each.counter} {each.subject}": each.kept - each.counted for each in found}
        assert told == expected, name
        assert {each.merchant for each in found} == {"acme"}
        assert reconciling.differences(merchant=other.merchant) == []
        for model, rows in kept.items():
            _put_back(model, rows)
        assert reconciling.differences() == [], name


TOUCHED = (
    Code, CustomerCounter, CouponDay, CouponCounter, Prize, Customer, Order, Redemption, Use,
    UseLine, ReversalLine,
)  # fmt: skip


def test_a_difference_names_the_row_whose_page_shows_it(shop: Shop) -> None:
    shop.coupon("own", code=None)
    shop.codes("own", "OWN1")
    Code.objects.update(uses=1)
    assert reconciling.differences() == [
        Difference(
            counter="code.uses",
            merchant="acme",
            subject="OWN1",
            key=str(Code.objects.get().pk),
            kept=1,
            counted=0,
        )
    ]


@pytest.mark.django_db(transaction=False)
def test_nothing_is_compared_inside_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        reconciling.differences()


def run(*arguments: str) -> tuple[str, int]:
    """Run the command; return what it prints, and its exit status."""
    out = io.StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out)
    except SystemExit as ended:
        return out.getvalue(), int(str(ended.code))
    return out.getvalue(), 0


def test_the_command_says_that_nothing_differs(shop: Shop) -> None:
    shop.coupon("own")
    printed, status = run()
    assert status == 0
    assert printed.splitlines()[-1] == "No difference: 3 numbers compared."


def test_the_command_shows_what_differs_and_fails(shop: Shop) -> None:
    shop.coupon("own")
    CouponCounter.objects.update(uses=1200)
    printed, status = run("--merchant", "acme")
    assert status == 1
    assert "coupon.uses" in printed
    assert "+1,200" in printed
    assert printed.splitlines()[-1] == "1 of 3 numbers differ. Nothing was changed."
    Merchant.objects.create(slug="other", name="Other", currency="USD")
    assert run("--merchant", "other")[1] == 0
    with pytest.raises(CommandError, match="no merchant nobody"):
        run("--merchant", "nobody")


def test_the_command_prints_json(shop: Shop) -> None:
    shop.coupon("own")
    CouponCounter.objects.update(uses=1)
    printed, status = run("--json")
    told = json.loads(printed)
    assert status == 1
    assert {"counter": "coupon.uses", "numbers": 1, "different": 1} in told["compared"]
    key = str(Coupon.objects.get().pk)
    assert told["differences"] == [
        {"counter": "coupon.uses", "merchant": "acme", "subject": "own", "key": key}
        | {"kept": 1, "counted": 0}
    ]
