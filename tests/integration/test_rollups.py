"""The daily figures are the ledger's, whatever is killed, late or twice."""

import io
import signal
import subprocess
import sys
import threading
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction

from coupons import journal, reading
from coupons.models import Code, Coupon, JournalCursor, Kind, Merchant
from redemption.models import Redemption, Use
from reports import measures, rollups
from reports.measures import Period
from reports.models import DailyFigure
from reports.tasks import fold_journal

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)  # a Monday
MAY = Period(first=date(2026, 5, 1), last=date(2026, 5, 31))


def a_merchant(slug: str = "alice", *, time_zone: str = "UTC", currency: str = "USD") -> Merchant:
    return Merchant.objects.create(
        slug=slug, name=slug.title(), currency=currency, time_zone=time_zone
    )


def a_coupon(merchant: Merchant, slug: str) -> Coupon:
    return Coupon.objects.create(
        merchant=merchant,
        slug=slug,
        name=slug.title(),
        kind=Kind.AMOUNT_OFF,
        created_at=NOON,
        updated_at=NOON,
    )


def issue(coupon: Coupon, count: int, *, at: datetime = NOON) -> None:
    with transaction.atomic():
        journal.record(
            merchant=coupon.merchant,
            type="codes.issued",
            actor="system",
            at=at,
            coupon=coupon,
            data={"count": count},
        )


def redeem(
    merchant: Merchant,
    *uses: tuple[Coupon, int, int],
    subtotal: int = 5_000,
    currency: str = "USD",
    at: datetime = NOON,
    is_test: bool = False,
) -> None:
    """Write ledger and journal as a redemption does; a use is (coupon, discount, shipping)."""
    with transaction.atomic():
        redemption = Redemption.objects.create(
            merchant=merchant,
            order_ref=f"O-{uuid.uuid4()}",
            status=Redemption.Status.REDEEMED,
            method="api",
            currency=currency,
            subtotal_minor=subtotal,
            discount_minor=sum(use[1] for use in uses),
            shipping_discount_minor=sum(use[2] for use in uses),
            cart_hash=b"",
            quote={},
            is_test=is_test,
            actor="system",
            created_at=at,
        )
        for coupon, discount, shipping in uses:
            code = Code.objects.create(
                merchant=merchant, coupon=coupon, text=uuid.uuid4().hex.upper()
            )
            Use.objects.create(
                merchant=merchant,
                redemption=redemption,
                coupon=coupon,
                version=1,
                code=code,
                order_ref=redemption.order_ref,
                discount_minor=discount,
                shipping_discount_minor=shipping,
                created_at=at,
            )
        record_redemption(redemption, uses)


def record_redemption(redemption: Redemption, uses: Any) -> None:
    common: dict[str, Any] = {
        "merchant": redemption.merchant,
        "actor": "system",
        "at": redemption.created_at,
        "redemption": redemption.pk,
    }
    journal.record(
        **common,
        type="redemption.created",
        data={
            "order": redemption.order_ref,
            "currency": redemption.currency,
            "subtotal_minor": redemption.subtotal_minor,
            "discount_minor": redemption.discount_minor,
            "shipping_discount_minor": redemption.shipping_discount_minor,
            "method": "api",
            "is_test": redemption.is_test,
            "uses": [
                {"coupon": c.pk, "discount_minor": discount, "shipping_discount_minor": shipping}
                for c, discount, shipping in uses
            ],
        },
    )
    for coupon, _discount, _shipping in uses:
        journal.record(**common, type="code.redeemed", coupon=coupon, data={})


def figures() -> set[tuple[Any, ...]]:
    return set(
        DailyFigure.objects.values_list(
            "merchant__slug",
            "coupon__slug",
            "day",
            "currency",
            "issued",
            "redeemed",
            "discount_minor",
            "orders",
            "order_value_minor",
        )
    )


def from_the_ledger() -> set[tuple[Any, ...]]:
    """Count the redeemed part of the figures straight from the ledger."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH used AS (
                SELECT r.id, m.slug AS merchant, c.slug AS coupon, r.currency, r.subtotal_minor,
                       (r.created_at AT TIME ZONE m.time_zone)::date AS day,
                       u.discount_minor + u.shipping_discount_minor AS given
                  FROM redemption_use u
                  JOIN redemption_redemption r ON r.id = u.redemption_id
                  JOIN coupons_merchant m ON m.id = r.merchant_id
                  JOIN coupons_coupon c ON c.id = u.coupon_id
                 WHERE NOT r.is_test
            ), by_order AS (
                SELECT id, merchant, coupon, day, currency, subtotal_minor,
                       count(*) AS uses, sum(given) AS given
                  FROM used GROUP BY GROUPING SETS (
                       (id, merchant, coupon, day, currency, subtotal_minor),
                       (id, merchant, day, currency, subtotal_minor))
            )
            SELECT merchant, coupon, day, currency, 0, sum(uses)::bigint, sum(given)::bigint,
                   count(*), sum(subtotal_minor)::bigint
              FROM by_order GROUP BY merchant, coupon, day, currency
            """
        )
        return set(cursor.fetchall())


def a_busy_month() -> None:
    """Two merchants in two zones, two currencies, pairs of coupons, tests in between."""
    alice = a_merchant("alice", time_zone="America/New_York")
    bob = a_merchant("bob", time_zone="Asia/Shanghai", currency="CNY")
    for merchant, currency in ((alice, "USD"), (bob, "CNY")):
        ten, ship = a_coupon(merchant, "ten"), a_coupon(merchant, "ship")
        issue(ten, 100, at=NOON - timedelta(days=2))
        issue(ship, 1)
        for i in range(30):
            at = NOON + timedelta(hours=7 * i)
            uses = [(ten, 100 + i, 0), (ship, 0, 10 * i)][: 1 + i % 2]
            redeem(
                merchant, *uses, subtotal=5_000 + i, currency=currency, at=at, is_test=i % 5 == 4
            )
            if i % 3 == 0:
                redeem(merchant, (ten, 7, 0), (ten, 8, 0), currency="EUR", subtotal=999, at=at)


def test_an_order_with_two_coupons_is_one_order() -> None:
    alice = a_merchant()
    ten, ship = a_coupon(alice, "ten"), a_coupon(alice, "ship")
    issue(ten, 50)
    redeem(alice, (ten, 1_000, 0), (ship, 0, 450), subtotal=8_000)

    assert rollups.catch_up() == 4  # two more entries tell of the codes

    day = NOON.date()
    assert figures() == {
        ("alice", "ten", day, "", 50, 0, 0, 0, 0),
        ("alice", None, day, "", 50, 0, 0, 0, 0),
        ("alice", "ten", day, "USD", 0, 1, 1_000, 1, 8_000),
        ("alice", "ship", day, "USD", 0, 1, 450, 1, 8_000),
        ("alice", None, day, "USD", 0, 2, 1_450, 1, 8_000),
    }


def test_two_codes_of_one_coupon_are_one_order_of_it() -> None:
    alice = a_merchant()
    ten = a_coupon(alice, "ten")
    redeem(alice, (ten, 300, 0), (ten, 200, 0), subtotal=2_000)

    rollups.catch_up()

    day = NOON.date()
    assert figures() == {
        ("alice", "ten", day, "USD", 0, 2, 500, 1, 2_000),
        ("alice", None, day, "USD", 0, 2, 500, 1, 2_000),
    }


def test_test_redemptions_are_in_no_figure() -> None:
    alice = a_merchant()
    redeem(alice, (a_coupon(alice, "ten"), 300, 0), is_test=True)

    assert rollups.catch_up() == 2

    assert figures() == set()


def test_a_day_is_the_merchants_own() -> None:
    shanghai = a_merchant("shanghai", time_zone="Asia/Shanghai")
    hawaii = a_merchant("hawaii", time_zone="Pacific/Honolulu")
    for merchant in (shanghai, hawaii):
        redeem(merchant, (a_coupon(merchant, "ten"), 1, 0), at=datetime(2026, 5, 4, 9, tzinfo=UTC))
        redeem(merchant, (a_coupon(merchant, "two"), 1, 0), at=datetime(2026, 5, 4, 17, tzinfo=UTC))

    rollups.catch_up()

    days = DailyFigure.objects.filter(coupon=None).order_by("merchant__slug", "day")
    assert list(days.values_list("merchant__slug", "day", "orders")) == [
        ("hawaii", date(2026, 5, 3), 1),
        ("hawaii", date(2026, 5, 4), 1),
        ("shanghai", date(2026, 5, 4), 1),
        ("shanghai", date(2026, 5, 5), 1),
    ]


@pytest.mark.parametrize("limit", [1, 7, 5_000])
def test_figures_are_the_ledgers_folded_and_rebuilt(limit: int) -> None:
    a_busy_month()

    while rollups.fold(limit=limit):
        pass
    folded = figures()

    redeemed = {row for row in folded if row[3]}
    assert redeemed == from_the_ledger()
    assert sum(row[5] for row in redeemed if row[1] is None) == 2 * (12 + 2 * 12 + 2 * 10)
    assert {row[:5] for row in folded - redeemed} == {
        ("alice", "ten", date(2026, 5, 2), "", 100),
        ("alice", None, date(2026, 5, 2), "", 100),
        ("alice", "ship", date(2026, 5, 4), "", 1),
        ("alice", None, date(2026, 5, 4), "", 1),
        ("bob", "ten", date(2026, 5, 2), "", 100),
        ("bob", None, date(2026, 5, 2), "", 100),
        ("bob", "ship", date(2026, 5, 4), "", 1),
        ("bob", None, date(2026, 5, 4), "", 1),
    }
    rollups.rebuild(limit=limit)
    assert figures() == folded


def test_nothing_is_folded_twice() -> None:
    a_busy_month()
    rollups.catch_up()
    before = figures()

    assert rollups.fold(limit=10) == 0
    fold_journal()
    call_command("rollup", stdout=io.StringIO())

    assert figures() == before


def test_a_fold_that_is_killed_did_not_happen(process_environ: dict[str, str]) -> None:
    a_busy_month()
    rollups.fold(limit=20)
    before = figures(), JournalCursor.objects.values("xid", "entry").get()
    # The last step before the commit: the figures are already written.
    killed_at_the_end = (
        "import os, signal, django; django.setup()\n"
        "from coupons import models\nfrom reports import rollups\n"
        "models.JournalCursor.save = lambda self: os.kill(os.getpid(), signal.SIGKILL)\n"
        "rollups.fold(limit=20)"
    )

    process = subprocess.run(
        [sys.executable, "-c", killed_at_the_end], env=process_environ, timeout=60, check=False
    )

    assert process.returncode == -signal.SIGKILL
    assert (figures(), JournalCursor.objects.values("xid", "entry").get()) == before
    rollups.catch_up(limit=20)
    assert {row for row in figures() if row[3]} == from_the_ledger()


def test_a_rebuild_that_dies_is_finished_by_the_next_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    a_busy_month()
    rollups.catch_up()
    whole = figures()
    with monkeypatch.context() as patched:
        patched.setattr(rollups, "catch_up", lambda **_: rollups.fold(limit=30))
        rollups.rebuild(limit=30)
    assert figures() != whole

    fold_journal()

    assert figures() == whole


def test_an_entry_that_commits_late_is_not_missed() -> None:
    alice = a_merchant()
    ten = a_coupon(alice, "ten")
    written, may_commit = threading.Event(), threading.Event()

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                redeem(alice, (ten, 1, 0), subtotal=100)
                written.set()
                may_commit.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    try:
        assert written.wait(10)
        redeem(alice, (ten, 2, 0), subtotal=200)  # later, with a greater id, but committed
        # A cursor over ids would pass the open one now. This one waits below it.
        assert rollups.catch_up() == 0
        assert figures() == set()
    finally:
        may_commit.set()
        thread.join(10)

    assert rollups.catch_up() == 4
    assert measures.totals(merchant=alice, period=MAY).in_currency("USD").discount_minor == 3
    assert {row for row in figures() if row[3]} == from_the_ledger()


def test_two_folds_at_once_take_turns() -> None:
    a_busy_month()
    read: list[int] = []
    together = threading.Barrier(2)

    def work() -> None:
        try:
            together.wait(10)
            read.append(rollups.catch_up(limit=5))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM coupons_journalentry")
        assert sum(read) == cursor.fetchone()[0]
    assert {row for row in figures() if row[3]} == from_the_ledger()


def test_a_deleted_coupon_stops_nobody() -> None:
    alice = a_merchant()
    draft = a_coupon(alice, "draft")
    issue(draft, 1)
    draft.delete()

    assert rollups.catch_up() == 1

    assert measures.totals(merchant=alice, period=MAY).issued == 1


def test_folding_walks_the_index_not_the_journal() -> None:
    a_busy_month()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")  # the table is tiny here
        try:
            cursor.execute(f"EXPLAIN {reading._END}", [1, 1, 10])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        finally:
            cursor.execute("RESET enable_seqscan")
    assert "journal_in_order" in plan
    assert "Seq Scan" not in plan


def test_beat_folds_and_resumes_by_itself() -> None:
    schedule = {each["task"]: each["schedule"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert schedule["reports.tasks.fold_journal"] == timedelta(seconds=10)
    assert schedule["coupons.tasks.resume_jobs"] == timedelta(seconds=30)


# --- Reading -----------------------------------------------------------------------


def test_totals_keep_currencies_apart_the_merchants_first() -> None:
    alice = a_merchant(currency="USD")
    ten = a_coupon(alice, "ten")
    redeem(alice, (ten, 100, 0), subtotal=1_001)
    redeem(alice, (ten, 100, 20), subtotal=2_000)
    for _ in range(3):
        redeem(alice, (ten, 90, 0), subtotal=900, currency="EUR")
    redeem(alice, (ten, 150, 0), subtotal=1_500, currency="JPY", at=NOON + timedelta(days=60))
    rollups.catch_up()

    totals = measures.totals(merchant=alice, period=MAY)

    assert [each.currency for each in totals.sales] == ["USD", "EUR"]
    dollars, euros = totals.sales
    assert (dollars.redeemed, dollars.orders) == (2, 2)
    assert (dollars.discount_minor, dollars.order_value_minor) == (220, 3_001)
    assert dollars.average_order_minor == 1_501  # 1500.5, a half going up
    assert (euros.discount_minor, euros.order_value_minor) == (270, 2_700)
    assert (totals.redeemed, totals.orders) == (5, 5)
    assert totals.in_currency("GBP").average_order_minor is None


def test_weeks_are_iso_weeks_and_none_is_left_out() -> None:
    alice = a_merchant()
    ten = a_coupon(alice, "ten")
    issue(ten, 9, at=NOON - timedelta(days=1))  # Sunday, the week before
    redeem(alice, (ten, 5, 0), subtotal=50)
    redeem(alice, (ten, 6, 0), subtotal=60, at=NOON + timedelta(days=6))  # Sunday
    redeem(alice, (ten, 7, 0), subtotal=70, at=NOON + timedelta(days=14))
    redeem(alice, (ten, 8, 0), subtotal=80, currency="EUR")
    rollups.catch_up()
    period = Period(first=date(2026, 4, 30), last=date(2026, 5, 20))

    weeks = measures.by_week(merchant=alice, period=period, currency="USD")

    assert [(w.first, w.last, w.issued, w.redeemed, w.discount_minor) for w in weeks] == [
        (date(2026, 4, 30), date(2026, 5, 3), 9, 0, 0),
        (date(2026, 5, 4), date(2026, 5, 10), 0, 2, 11),
        (date(2026, 5, 11), date(2026, 5, 17), 0, 0, 0),
        (date(2026, 5, 18), date(2026, 5, 20), 0, 1, 7),
    ]
    assert [w.order_value_minor for w in weeks] == [0, 110, 0, 70]


def test_top_coupons_are_this_merchants_by_use() -> None:
    alice, bob = a_merchant("alice"), a_merchant("bob")
    ten, ship, unused = (a_coupon(alice, slug) for slug in ("ten", "ship", "unused"))
    issue(unused, 5)
    issue(ship, 4)
    redeem(alice, (ten, 100, 0))
    for _ in range(2):
        redeem(alice, (ship, 0, 30))
    for _ in range(3):
        redeem(bob, (a_coupon(bob, f"b-{uuid.uuid4()}"), 1, 0))
    rollups.catch_up()

    rows = measures.top_coupons(merchant=alice, period=MAY, currency="USD")

    assert [(row.coupon, row.issued, row.redeemed, row.discount_minor) for row in rows] == [
        (ship, 4, 2, 60),
        (ten, 0, 1, 100),
    ]
    assert measures.top_coupons(merchant=alice, period=MAY, currency="USD", limit=1) == rows[:1]


def test_a_period_and_the_one_before_it() -> None:
    june = Period(first=date(2026, 6, 1), last=date(2026, 6, 30))

    assert june.days == 30
    assert june.previous == Period(first=date(2026, 5, 2), last=date(2026, 5, 31))
    assert measures.ending(on=date(2026, 6, 30), days=30) == june


def test_the_extent_is_from_the_first_to_the_newest_figure() -> None:
    alice = a_merchant()
    assert measures.extent(merchant=alice) is None
    ten = a_coupon(alice, "ten")
    issue(ten, 1)
    redeem(alice, (ten, 1, 0), at=NOON + timedelta(days=9))
    rollups.catch_up()

    assert measures.extent(merchant=alice) == Period(first=date(2026, 5, 4), last=date(2026, 5, 13))
