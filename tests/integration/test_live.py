"""SQL's idea of a live coupon, Python's and the engine's are one, to the microsecond."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from coupons.models import Coupon, Merchant, State
from coupons.pricing.candidate import Candidate, CodeStatus
from coupons.pricing.terms import CouponTerms, Kind
from tests.unit.pricing.builders import cart, line, price, reasons

pytestmark = pytest.mark.django_db

TICK = timedelta(microseconds=1)
STATES = (State.SCHEDULED, State.LIVE, State.EXPIRED)


def wall(zone: str, *time: int, fold: int = 0) -> datetime:
    return datetime(*time, tzinfo=ZoneInfo(zone), fold=fold)


#: (what, when it starts, when it ends)
WINDOWS = [
    ("plain", wall("UTC", 2026, 6, 1), wall("UTC", 2026, 7, 1)),
    ("without an end", wall("UTC", 2026, 6, 1), None),
    (
        "to the microsecond",
        wall("UTC", 2026, 6, 1, 12, 0, 0, 1),
        wall("UTC", 2026, 6, 1, 12, 0, 0, 2),
    ),
    (
        "over the hour that is skipped",
        wall("America/New_York", 2026, 3, 8, 1, 59, 59, 999_999),
        wall("America/New_York", 2026, 3, 8, 3),
    ),
    (
        "from a time that does not exist",
        wall("Europe/Berlin", 2026, 3, 29, 2, 30),
        wall("Europe/Berlin", 2026, 3, 29, 4),
    ),
    (
        "over the hour that comes twice",
        wall("Europe/Berlin", 2026, 10, 25, 2, 30),
        wall("Europe/Berlin", 2026, 10, 25, 2, 30, fold=1),
    ),
    (
        "a zone with half hours",
        wall("Australia/Lord_Howe", 2026, 4, 5, 1, 45),
        wall("Australia/Lord_Howe", 2026, 4, 5, 1, 45, fold=1),
    ),
    (
        "far to the east",
        wall("Pacific/Kiritimati", 2026, 12, 31),
        wall("Pacific/Kiritimati", 2027, 1, 1),
    ),
]


def in_sql(at: datetime) -> list[State]:
    """Name the states whose filter keeps the coupon, `live` by its own filter too."""
    found = [state for state in STATES if Coupon.objects.in_state(state, at).exists()]
    assert Coupon.objects.live(at).exists() == (State.LIVE in found)
    return found


def in_the_engine(coupon: Coupon, at: datetime) -> State:
    """Read the state off what a shopper is told."""
    terms = CouponTerms(
        coupon_id=1,
        slug="c",
        name="C",
        kind=Kind.AMOUNT_OFF,
        value={"USD": 100},
        starts_at=coupon.starts_at,
        ends_at=coupon.ends_at,
        time_zone=coupon.time_zone,
    )
    status = CodeStatus(published_at=coupon.published_at, shared=True)
    quote = price(cart(line("a", 1_000)), Candidate("C", terms, status), at=at)
    told = {(): State.LIVE, ("not_started",): State.SCHEDULED, ("expired",): State.EXPIRED}
    return told[tuple(reasons(quote))]


@pytest.mark.parametrize(("name", "starts", "ends"), WINDOWS, ids=[case[0] for case in WINDOWS])
def test_sql_python_and_the_engine_agree_at_both_edges(
    name: str, starts: datetime, ends: datetime | None
) -> None:
    zone: tzinfo | None = starts.tzinfo
    coupon = Coupon.objects.create(
        merchant=Merchant.objects.create(slug="acme", name="Acme", currency="USD"),
        slug="c",
        name="C",
        kind="amount_off",
        state=State.LIVE,
        starts_at=starts,
        ends_at=ends,
        time_zone=str(zone),
        published_at=wall("UTC", 2026, 1, 1),
        created_at=wall("UTC", 2026, 1, 1),
        updated_at=wall("UTC", 2026, 1, 1),
    )
    coupon.refresh_from_db()
    start = starts.astimezone(UTC)
    expected = {start - TICK: State.SCHEDULED, start: State.LIVE}
    if ends is not None:
        end = ends.astimezone(UTC)
        expected |= {end - TICK: State.LIVE, end: State.EXPIRED, end + TICK: State.EXPIRED}
    for instant, state in expected.items():
        # The same instant, told in UTC and on the coupon's own clock.
        for at in (instant, instant.astimezone(zone)):
            assert (in_sql(at), coupon.state_at(at)) == ([state], state), at
            assert coupon.is_live(at) == (state == State.LIVE)
            assert in_the_engine(coupon, at) == state, at


@pytest.mark.parametrize(
    "state", [State.DRAFT, State.TESTING, State.IN_REVIEW, State.PAUSED, State.ENDED]
)
def test_a_coupon_in_another_state_is_in_no_state_of_the_clock(state: State) -> None:
    starts = wall("UTC", 2026, 6, 1)
    coupon = Coupon.objects.create(
        merchant=Merchant.objects.create(slug="acme", name="Acme", currency="USD"),
        slug="c",
        name="C",
        kind="amount_off",
        state=state,
        starts_at=starts,
        ends_at=starts + timedelta(days=1),
        published_at=starts,
        created_at=starts,
        updated_at=starts,
    )
    for at in (starts - TICK, starts, starts + timedelta(days=1)):
        assert in_sql(at) == []
        assert Coupon.objects.in_state(state, at).get() == coupon
        assert coupon.state_at(at) == state
