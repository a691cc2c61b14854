"""Redemptions in a full database: a million codes, a million past uses of one coupon."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import median

import pytest
from django.conf import settings

from config.services.postgres import binaries
from coupons.models import Code, Coupon, CouponCounter
from redemption.models import Redemption, Use
from tests.benchmarks.checkouts import CONNECTIONS, REQUESTS, Load
from tests.benchmarks.filling import add_codes, add_past_uses
from tests.benchmarks.load import ROUNDS, Measured, in_turn
from tests.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

FEW_CODES, MANY_CODES = 10_000, int(os.environ.get("BENCH_CODES", "1000000"))
FEW_USES, MANY_USES = 1_000, 1_000_000
MANY_CONNECTIONS = 32
LIMIT, ATTEMPTS = 1_000, 10_000

PGBENCH = Path(__file__).with_name("redemption.pgbench")


def pgbench(*, first: int) -> Callable[[], Measured]:
    """Return rounds of the same writes by pgbench, on the unique codes from that id on."""
    database = settings.DATABASES["default"]
    quote = Redemption.objects.latest("created_at")
    firsts = count(first, REQUESTS)
    unique = Coupon.objects.get(slug="unique")

    def measure() -> Measured:
        values = {
            "first": next(firsts),
            "each": REQUESTS // CONNECTIONS,
            "i": 0,
            "merchant": unique.merchant_id,
            "coupon": unique.pk,
            "quote": json.dumps(quote.quote),
            "evidence": json.dumps(quote.evidence),
            "journal": json.dumps({"order": "O", "currency": "USD", "subtotal_minor": 7500}),
        }
        done = subprocess.run(
            [
                *(str(binaries() / "pgbench"), "--no-vacuum", "--protocol=prepared"),
                *(f"--client={CONNECTIONS}", f"--transactions={REQUESTS // CONNECTIONS}"),
                *(f"--define={name}={value}" for name, value in values.items()),
                *(f"--file={PGBENCH}", f"--host={database['HOST']}"),
                *(f"--username={database['USER']}", str(database["NAME"])),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "failed transactions: 0" in done.stdout, done.stdout
        rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])
        return Measured(REQUESTS / rate, [0.0] * REQUESTS, {})

    return measure


class Goals:
    """Prints every figure beside its goal, and tells at the end what was missed."""

    def __init__(self) -> None:
        self.missed: dict[str, float] = {}

    def least(self, title: str, value: float, goal: float) -> None:
        """Want at least that much."""
        self._show(title, value, goal, value >= goal, "least")

    def most(self, title: str, value: float, goal: float) -> None:
        """Want at most that much."""
        self._show(title, value, goal, value <= goal, "most")

    def _show(self, title: str, value: float, goal: float, met: bool, bound: str) -> None:
        print(f"{title:<66} {value:6.2f} (at {bound} {goal:.2f}){'' if met else '  MISSED'}")
        if not met:
            self.missed[title] = value

    def settle(self) -> None:
        """Fail for what was missed."""
        assert not self.missed


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("unique", code=None, limits={"uses_per_customer": 1})
    for slug in ("hot", "few", "many"):
        shop.coupon(slug, limits={"uses_per_customer": 1})
    shop.coupon("limited", limits={"uses": LIMIT})
    add_codes(coupon="unique", codes=FEW_CODES)
    return shop


def test_redemptions_in_a_full_database(shop: Shop, port: int) -> None:
    load, goals = Load(port=port, key=shop.api.key or ""), Goals()
    print()
    # 1. Ten thousand codes, then a million, and so many past uses of one coupon.
    load.draw_codes()
    _, *few = in_turn(load.constant, load.validations, load.redemptions)
    add_codes(coupon="unique", codes=MANY_CODES)
    first = Code.objects.filter(coupon__slug="unique").latest("pk").pk - 20_000
    load.draw_codes(before=first)
    writes = pgbench(first=first)
    _, *many, written = in_turn(load.constant, load.validations, load.redemptions, writes)
    taken = Code.objects.filter(coupon__slug="unique", pk__gte=first, uses=1).count()
    assert taken == (ROUNDS + 1) * REQUESTS
    goals.least(f"POST /redemptions / constant view, {MANY_CODES:,} codes", many[1], 0.30)
    goals.least("POST /redemptions / the same writes by pgbench", many[1] / written, 0.25)
    goals.least(f"validations, {MANY_CODES:,} codes / 10,000", many[0] / few[0], 0.90)
    goals.least(f"redemptions, {MANY_CODES:,} codes / 10,000", many[1] / few[1], 0.90)
    add_past_uses(coupon="few", uses=FEW_USES)
    add_past_uses(coupon="many", uses=MANY_USES)
    for title, kind in (("validations", load.validations), ("redemptions", load.redemptions)):
        _, share = in_turn(lambda kind=kind: kind("FEW"), lambda kind=kind: kind("MANY"))
        goals.least(f"{title}, 1,000,000 past uses of the coupon / 1,000", share, 0.90)
    # 2. How even it is, and one code that everybody wants.
    for title, kind in (("validation", load.validations), ("redemption", load.redemptions)):
        rounds = [kind() for _ in range(ROUNDS)]
        worst = median(one.percentile(0.99) / one.median for one in rounds)
        goals.most(f"p99 of a {title} at concurrency {CONNECTIONS} / its median", worst, 6)
    _, hot = in_turn(
        lambda: load.redemptions(connections=MANY_CONNECTIONS),
        lambda: load.redemptions("HOT", connections=MANY_CONNECTIONS),
    )
    goals.least("redemptions of one hot code / of unique codes, concurrency 32", hot, 0.70)
    tried = load.redemptions("LIMITED", connections=MANY_CONNECTIONS, requests=ATTEMPTS)
    assert tried.statuses[201] == LIMIT
    assert Use.objects.filter(coupon__slug="limited").count() == LIMIT
    assert CouponCounter.objects.get(coupon__slug="limited").uses == LIMIT
    print(f"{ATTEMPTS:,} attempts on a limit of {LIMIT:,}: {tried.statuses}")
    goals.settle()
