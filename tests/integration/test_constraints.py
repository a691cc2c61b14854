"""The database is the last guard: each named constraint broken on purpose, by its name."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F
from psycopg import errors as pg

from campaigns.models import Activity, Customer
from coupons import constraints, redeemers, replacing, saved_filters, staff_groups
from coupons.errors import AlreadyExists, Invalid, WrongState
from coupons.models import (
    Category,
    Channel,
    Code,
    CodeBatch,
    CodePool,
    CodeWalk,
    Coupon,
    CouponCounter,
    CouponDay,
    CouponGroup,
    CouponPerson,
    CouponVersion,
    ExchangeRates,
    IdempotentAnswer,
    Job,
    JournalEntry,
    Membership,
    Merchant,
    PinTries,
    Prize,
    Product,
    Reach,
    Replacement,
    Review,
    SavedFilter,
    SheetImport,
    StaffGroup,
    TaxRate,
    User,
)
from redemption.models import (
    ApiKey,
    CustomerCounter,
    MergedOrder,
    Order,
    OrderLine,
    Proof,
    Reconciliation,
    Redemption,
    RedemptionBatch,
    Reversal,
    ReversalLine,
    Use,
    UseLine,
    WebhookDelivery,
    WebhookEndpoint,
)
from reports.models import DailyFigure, PoolFigure
from tests.shop import NOW, Shop, order
from tests.unchanged import nothing_changes, our_models

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shop(kept: None) -> Shop:
    """Open a shop with one row of everything."""
    shop = Shop.open()
    shop.coupon(
        "ten-off", limits={"uses": 5, "issued": 5, "uses_per_day": 5, "uses_per_customer": 5}
    )
    shop.codes("ten-off", "U1")
    assert shop.api.put("products/P-1", {"category": "hats", "price": "1", "cost": "1"}).status
    assert shop.api.post("redemptions", order("U1", customer="C-1")).status == 201
    own = {"merchant": shop.merchant}
    Channel.objects.create(**own, slug="web", name="Web")
    user = User.objects.create(username="alice")
    Membership.objects.create(**own, user=user, role="owner")
    IdempotentAnswer.objects.create(
        **own, caller="c", key="k", request_hash=b"", status=200, body=b"", created_at=NOW
    )
    placed = Order.objects.create(
        **own, ref="O-1", status="paid", currency="USD", total_minor=1, placed_at=NOW
    )
    OrderLine.objects.create(**own, order=placed, ref="1", sku="A", quantity=1, unit_price_minor=1)
    MergedOrder.objects.create(**own, order_ref="O-2", redemption=Redemption.objects.get())
    came_back = Reversal.objects.create(
        **own,
        redemption=Redemption.objects.get(),
        reference="R-1",
        asked_hash=b"",
        amount_minor=0,
        shipping_amount_minor=0,
        answer={},
        created_at=NOW,
    )
    ReversalLine.objects.create(**own, reversal=came_back, line_ref="1", quantity=1, amount_minor=0)
    hook = WebhookEndpoint.objects.create(**own, url="https://a.example/", created_at=NOW)
    WebhookDelivery.objects.create(
        **own,
        endpoint=hook,
        event=uuid.uuid4(),
        type="redemption.created",
        body={},
        next_at=NOW,
        created_at=NOW,
    )
    # Everybody's rates, whose merchant is null.
    ExchangeRates.objects.create(quoted_on=NOW.date(), base="EUR", rates={"USD": "1.1"})
    Prize.objects.create(**own, draw=Coupon.objects.get(), place=0, stock=2, drawn=1)
    TaxRate.objects.create(**own, country="US", rate=1)
    Activity.objects.create(
        **own, event_id="e1", type="shop.followed", occurred_at=NOW, received_at=NOW
    )
    Reconciliation.objects.create(**own, at=NOW, numbers=1, different=1, compared=[])
    DailyFigure.objects.create(**own, day=NOW.date(), currency="USD")
    _life(shop, user=user)
    _by_hand_and_by_file(shop)
    return shop


def _by_hand_and_by_file(shop: Shop) -> None:
    """Have a pool, a walk over it, an import, a batch to redeem, and a proof asked for."""
    own = {"merchant": shop.merchant}
    made = own | {"created_by": "system", "created_at": NOW}
    coupon = Coupon.objects.earliest("pk")
    works = [Job.objects.create(**made, total=0) for _ in range(3)]
    pool = CodePool.objects.create(**made, coupon=coupon, partner="Sun Travel")
    PoolFigure.objects.create(**own, pool=pool, currency="USD")
    CodeWalk.objects.create(**own, job=works[0], pool=pool)
    file = {"file": "kept/file.csv", "file_name": "file.csv", "digest": "d"}
    SheetImport.objects.create(**made, **file, job=works[1], sheet="codes", on_duplicate="skip")
    RedemptionBatch.objects.create(**made, **file, job=works[2])
    PinTries.objects.create(
        **own, membership=Membership.objects.get(), place="device", tries=1, since=NOW
    )
    Proof.objects.create(
        **own,
        kind="message",
        coupon=coupon,
        customer=Customer.objects.get(),
        asked_by="staff:a",
        asked_at=NOW,
        expires_at=NOW,
        counted_from=NOW,
    )


def _life(shop: Shop, *, user: User) -> None:
    """Have the coupon reviewed, replaced, and redeemed by hand; save a filter."""
    own = {"merchant": shop.merchant}
    coupon = Coupon.objects.get()
    Review.objects.create(
        **own, coupon=coupon, version=1, author="staff:a", verdict="comment", text="Good", at=NOW
    )
    group = staff_groups.create(**own, name="Tills", members=[user], by="system", at=NOW)
    who = redeemers.Redeemers(people=[user], groups=[group], all_clerks=True)
    redeemers.allow(**own, coupons=[coupon], who=who, by="system", at=NOW)
    saved_filters.keep(**own, user=user, page="coupons.coupon", name="Mine", query="show=mine")
    replacing.replace(coupon=coupon, by="system", at=NOW)


def again(model: type[models.Model], **changes: Any) -> Callable[[], object]:
    """Insert the model's row a second time, with another primary key."""

    def insert() -> None:
        row = model._default_manager.order_by("pk").last()
        assert row is not None
        row.pk = uuid.uuid4() if isinstance(row.pk, uuid.UUID) else None
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(force_insert=True)

    return insert


def update(model: type[models.Model], **changes: Any) -> Callable[[], object]:
    """Change the model's rows in place, behind every check of ours."""

    def change() -> None:
        assert model._default_manager.update(**changes) >= 1

    return change


def second_platform() -> None:
    """Have two merchants be the platform."""
    for slug in ("mall", "bazaar"):
        Merchant.objects.create(slug=slug, name=slug, currency="USD", is_platform=True)


#: Name of the constraint: what breaks it, in one way or several.
BREAKS: dict[str, list[Callable[[], object]]] = {
    # coupons
    "merchant_currency_is_iso_code": [
        update(Merchant, currency="usd"),
        update(Merchant, currency="US"),
        update(Merchant, currency=""),
    ],
    "merchant_warns_above_a_percentage": [
        update(Merchant, warn_above_percent=0),
        update(Merchant, warn_above_percent=101),
    ],
    "merchant_platform_is_one": [second_platform],
    "merchant_platform_reviews_others": [
        update(Merchant, is_platform=True, reviewed_by_platform=True),
    ],
    "channel_slug_is_unique": [again(Channel)],
    "category_path_is_unique": [again(Category)],
    "category_path_is_plain": [
        update(Category, path=""),
        update(Category, path="/hats"),
        update(Category, path="hats/"),
    ],
    "product_sku_is_unique": [again(Product)],
    "product_price_is_not_negative": [update(Product, price_minor=-1)],
    "product_cost_is_not_negative": [update(Product, cost_minor=-1)],
    "membership_is_one_per_merchant": [again(Membership)],
    "membership_role_is_known": [update(Membership, role="king")],
    "coupon_slug_is_unique": [again(Coupon)],
    "coupon_window_is_ordered": [
        update(Coupon, starts_at=NOW, ends_at=NOW),
        update(Coupon, starts_at=NOW, ends_at=NOW - timedelta(microseconds=1)),
    ],
    "coupon_kind_is_known": [update(Coupon, kind="lottery")],
    "coupon_state_is_known": [update(Coupon, state="expired"), update(Coupon, state="x")],
    "coupon_is_published_with_a_start": [
        update(Coupon, published_at=None),
        update(Coupon, starts_at=None),
        update(Coupon, state="paused", published_at=None),
    ],
    "coupon_version_is_unique": [again(CouponVersion)],
    "coupon_version_is_whole": [
        update(CouponVersion, definition={}),
        update(CouponVersion, definition={"slug": "", "name": "", "kind": "", "limits": {}}),
    ],
    "coupon_issued_within_limit": [
        update(CouponCounter, issued=6),
        update(CouponCounter, issued=-1),
        update(CouponCounter, max_issued=0),
    ],
    "coupon_uses_within_limit": [
        update(CouponCounter, uses=6),
        update(CouponCounter, uses=-1),
        update(CouponCounter, max_uses=0),
    ],
    "coupon_budget_holds": [
        update(CouponCounter, budget_minor=1, budget_used_minor=2),
        update(CouponCounter, budget_used_minor=-1),
    ],
    "coupon_day_is_unique": [again(CouponDay)],
    "coupon_day_uses_within_limit": [update(CouponDay, uses=6), update(CouponDay, uses=-1)],
    "prize_place_is_unique": [again(Prize)],
    "prize_drawn_within_stock": [
        update(Prize, drawn=3),
        update(Prize, drawn=-1),
        update(Prize, stock=0),
    ],
    "job_counts_up": [
        update(Job, done=-1),
        update(Job, failed=-1),
        update(Job, total=-1),
    ],
    "code_text_is_unique": [again(Code)],
    "coupon_has_one_shared_code": [again(Code, text="OTHER", shared=True, max_uses=None)],
    "code_uses_within_limit": [again(Code, text="O", uses=2), again(Code, text="O", max_uses=0)],
    "code_is_shared_or_bounded": [
        again(Code, text="O", max_uses=None),
        again(Code, text="O", shared=True, max_uses=1),
    ],
    "code_text_is_normal": [
        again(Code, text=""),
        again(Code, text="summer"),
        again(Code, text="A B"),
        again(Code, text="A-B"),
        again(Code, text="A\nB"),
    ],
    "idempotency_key_is_used_once": [again(IdempotentAnswer)],
    # campaigns
    "customer_ref_is_unique": [again(Customer)],
    "customer_has_a_ref": [update(Customer, ref="")],
    "customer_country_is_iso_code": [
        update(Customer, country="us"),
        update(Customer, country="U"),
    ],
    "activity_counts_once": [again(Activity)],
    # redemption
    "api_key_scopes_are_known": [update(ApiKey, scopes=["everything"])],
    "api_key_method_is_known": [update(ApiKey, method="manual")],
    "api_key_rate_is_positive": [update(ApiKey, rate_per_minute=0)],
    "api_key_with_successor_ends": [update(ApiKey, successor=models.F("id"))],
    "reconciliation_differences_are_compared": [
        update(Reconciliation, different=2),
        update(Reconciliation, different=-1),
    ],
    "redemption_status_is_known": [update(Redemption, status="lost")],
    "redemption_method_is_known": [update(Redemption, method="magic")],
    "redemption_discount_within_subtotal": [
        update(Redemption, subtotal_minor=999),
        update(Redemption, discount_minor=-1),
        update(Redemption, shipping_discount_minor=-1),
    ],
    "redemption_hold_has_an_end": [update(Redemption, status="held")],
    "use_stands_once_per_order_and_code": [again(Use)],
    "use_discount_is_not_negative": [
        update(Use, discount_minor=-1),
        update(Use, shipping_discount_minor=-1),
    ],
    "use_claw_back_within_discount": [
        update(Use, clawed_back_minor=-1),
        update(Use, clawed_back_minor=9999),
    ],
    "use_that_stands_is_taken": [update(Use, taken=False)],
    "use_held_stands": [update(Use, held_until=NOW, standing=False)],
    "use_line_is_unique": [again(UseLine)],
    "use_line_discount_within_price": [
        update(UseLine, base_minor=0),
        update(UseLine, discount_minor=-1),
    ],
    "use_line_payer_is_known": [update(UseLine, funded_by="nobody")],
    "use_line_returns_within_part": [
        update(UseLine, returned_quantity=9),
        update(UseLine, returned_minor=-1),
        update(UseLine, returned_minor=9999),
    ],
    "merged_order_is_unique": [again(MergedOrder)],
    "reversal_reference_is_unique": [again(Reversal)],
    "reversal_amounts_are_not_negative": [
        update(Reversal, amount_minor=-1),
        update(Reversal, shipping_amount_minor=-1),
    ],
    "reversal_line_is_unique": [again(ReversalLine)],
    "reversal_line_counts_something": [
        update(ReversalLine, quantity=0),
        update(ReversalLine, amount_minor=-1),
    ],
    "webhook_endpoint_types_are_known": [update(WebhookEndpoint, types=["redemption.lost"])],
    "webhook_endpoint_is_off_for_a_reason": [
        update(WebhookEndpoint, disabled_at=NOW),
        update(WebhookEndpoint, disabled_because="staff"),
    ],
    "webhook_delivery_state_is_known": [update(WebhookDelivery, state="lost")],
    "webhook_delivery_once_per_event": [again(WebhookDelivery)],
    "customer_counter_is_unique": [again(CustomerCounter)],
    "customer_uses_within_limit": [update(CustomerCounter, uses=6)],
    "order_ref_is_unique": [again(Order)],
    "order_amounts_are_not_negative": [
        update(Order, total_minor=-1),
        update(Order, refunded_minor=-1),
    ],
    "order_line_ref_is_unique": [again(OrderLine)],
    "order_line_amounts_are_sound": [
        update(OrderLine, quantity=0, unit_price_minor=1),
        update(OrderLine, unit_price_minor=-1),
        update(OrderLine, member_discount_minor=-1),
        update(OrderLine, member_discount_minor=2),
    ],
    "exchange_rates_are_unique": [again(ExchangeRates)],
    "exchange_base_is_iso_code": [update(ExchangeRates, base="eur")],
    "tax_rate_is_unique": [again(TaxRate)],
    "tax_country_is_iso_code": [update(TaxRate, country="us")],
    "tax_rate_is_at_most_all": [update(TaxRate, rate=100_001)],
    "reach_is_unique": [again(Reach)],
    # coupons: reviewed, replaced, redeemed by hand, and found again
    "review_verdict_is_known": [update(Review, verdict="praised")],
    "review_says_something": [update(Review, text="")],
    "coupon_is_replaced_once": [again(Replacement, new_id=0)],
    "coupon_replaces_another": [update(Replacement, new=F("old"))],
    "staff_group_name_is_unique": [again(StaffGroup, group_id=0, is_all_clerks=False)],
    "staff_group_of_all_clerks_is_one": [
        again(StaffGroup, group_id=0, name="Others", is_all_clerks=True)
    ],
    "coupon_person_is_named_once": [again(CouponPerson)],
    "coupon_group_is_named_once": [again(CouponGroup)],
    "saved_filter_name_is_unique": [again(SavedFilter)],
    "saved_filter_says_something": [update(SavedFilter, name=""), update(SavedFilter, query="")],
    # codes set aside, withdrawn, brought in by files
    "pool_counts_up": [update(CodePool, count=-1)],
    "pool_has_a_partner": [update(CodePool, partner="")],
    "pool_is_exported_or_released": [update(CodePool, exported_at=NOW, released_at=NOW)],
    "pool_figure_is_unique": [again(PoolFigure)],
    "walk_is_of_a_batch_or_a_pool": [
        update(CodeWalk, batch_id=1),
        update(CodeWalk, pool=None),
    ],
    "sheet_import_applies_what_was_read": [
        update(SheetImport, applied_to=1),
        update(SheetImport, applied_to=-1),
    ],
    # redemption by hand and by file
    "pin_tries_are_counted_once_per_place": [again(PinTries)],
    "merchant_asks_for_proof_above_an_amount": [update(Merchant, proof_above_minor=-1)],
    "proof_kind_is_known": [update(Proof, kind="promise")],
    "proof_is_tried_five_times": [update(Proof, tries=6)],
    "proof_is_used_once_proven": [update(Proof, used_at=NOW)],
    "proof_is_one_at_a_time": [again(Proof)],
    "redemption_batch_counts_rows": [
        update(RedemptionBatch, failed=-1),
        update(RedemptionBatch, undone=-1),
    ],
    "redemption_batch_counts_no_row_twice": [update(RedemptionBatch, ready=1)],
    # reports: one figure a day, the merchant's own (whose coupon is null) too
    "daily_figure_is_unique": [again(DailyFigure)],
}


def named_constraints() -> set[str]:
    """Name every constraint of every model of the house."""
    return {constraint.name for model in our_models() for constraint in model._meta.constraints}


@contextmanager
def breaking(name: str) -> Iterator[None]:
    """Expect that the database refuses what is done inside, by that constraint."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert constraints.broken_constraint(caught.value) == name


def test_every_constraint_of_the_house_is_broken_here() -> None:
    assert named_constraints() == set(BREAKS)


def test_every_constraint_stands_in_the_database() -> None:
    tables = {model._meta.db_table for model in our_models()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE convalidated")
        found = {name for (name,) in cursor.fetchall()}
        # A unique constraint with a condition is a unique index.
        cursor.execute("SELECT indexname, tablename FROM pg_indexes WHERE indexdef ~ 'UNIQUE'")
        found |= {name for name, table in cursor.fetchall() if table in tables}
    assert named_constraints() - found == set()


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_the_database_refuses_what_breaks(shop: Shop, name: str) -> None:
    with nothing_changes():
        for attempt in BREAKS[name]:
            with breaking(name):
                attempt()


def test_a_use_may_come_again_once_the_first_no_longer_stands(shop: Shop) -> None:
    Use.objects.update(standing=False)
    again(Use, standing=True)()
    assert Use.objects.count() == 2


def test_the_journal_refuses_changes_and_deletions(shop: Shop) -> None:
    entries = JournalEntry.objects.count()
    assert entries >= 5
    with nothing_changes():
        for attempt in (
            lambda: JournalEntry.objects.update(type="other"),
            lambda: JournalEntry.objects.filter(type="coupon.created").update(at=NOW),
            lambda: JournalEntry.objects.all().delete(),
            lambda: JournalEntry.objects.latest("id").delete(),
        ):
            with (
                pytest.raises(IntegrityError, match="the journal is append-only"),
                transaction.atomic(),
            ):
                attempt()


def test_the_journal_gives_way_only_where_a_persons_data_is_erased(shop: Shop) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hexiao.erasing = 'on'")
        changed = JournalEntry.objects.filter(customer_ref="C-1").update(customer_ref="")
        cursor.execute("SET LOCAL hexiao.erasing = 'off'")
    assert changed == 2
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        JournalEntry.objects.update(customer_ref="")


def test_every_constraint_that_has_a_meaning_exists() -> None:
    assert set(constraints.MEANINGS) - named_constraints() == set()
    for kind, detail in constraints.MEANINGS.values():
        assert kind in (AlreadyExists, Invalid, WrongState)
        assert detail.endswith(".")


@pytest.mark.parametrize("name", sorted(constraints.MEANINGS))
def test_a_broken_constraint_becomes_its_error(shop: Shop, name: str) -> None:
    kind, detail = constraints.MEANINGS[name]
    with pytest.raises(kind) as caught, constraints.explained(), transaction.atomic():
        BREAKS[name][0]()
    assert caught.value.detail == detail


def test_a_constraint_without_a_meaning_stays_what_it_is(shop: Shop) -> None:
    with pytest.raises(IntegrityError), constraints.explained(), transaction.atomic():
        BREAKS["use_line_is_unique"][0]()


def test_only_an_integrity_error_names_a_constraint() -> None:
    error = RuntimeError()
    error.__cause__ = pg.SyntaxError()
    assert constraints.broken_constraint(error) is None
    assert constraints.broken_constraint(RuntimeError()) is None


def test_nothing_that_has_been_used_can_be_deleted(shop: Shop) -> None:
    with nothing_changes():
        for model in (Coupon, Code, CodeBatch, Customer, Redemption, Use, Merchant):
            with pytest.raises(models.ProtectedError):
                model._default_manager.all().delete()
