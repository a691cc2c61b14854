"""How long the server takes for each page of the console, of a merchant of many years.

In process, by Django's client, without a browser: `BENCH_SCALE=0.01` for trying.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model

from campaigns.models import Customer
from coupons.admin.keyset import AFTER
from coupons.models import CodeBatch, Coupon, CouponInReview, Merchant, User
from reports.periods import Preset
from tests.benchmarks.console_filling import BIGGEST_CODES, SCALE, Filled, merchant_of_years
from tests.console_addresses import BESIDE, Address, every_address
from tests.people import People, Person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

GOAL_MS = 300
TIMES = 5
#: A page that is so long in the database shows its longest statement.
SLOW_MS = 100
#: No page asks more often than it has rows: then it would ask once for each.
MOST_QUERIES = 50
#: What somebody types into the search of a list, beside a word that nothing has.
TYPED: dict[str, list[str]] = {
    "coupons.coupon": ["campaign gift", "percent-off-7", "Campaign tiered 19"],
    "coupons.code": ["A", "A1B2", "AMOUNTOFF1"],
    "coupons.product": ["SKU-1", "Ocean", "ocean shoe 1"],
    "coupons.category": ["branch-1"],
    "coupons.journalentry": ["biggest", "gift-7"],
    "campaigns.customer": ["C-17", "c17@example.com", "+491717"],
    "redemption.order": ["O-17"],
    "redemption.redemption": ["O-17", "C-17"],
    "redemption.hold": ["O-20", "C-20"],
    "redemption.refusedattempt": ["O-17", "C-17", "CODE17"],
}
OVER_ALL = ["campaign", "AMOUNTOFF1", "A1B2C3", "C-17", "O-17", "c17@example.com", "ocean", "zzz"]


@dataclass(frozen=True)
class Page:
    """A page as it was asked for, and what it took; `slowest` is its longest statement."""

    what: str
    status: int
    ms: float
    queries: int
    #: Of this process, which more work on the machine does not prolong.
    cpu_ms: float
    in_database_ms: float
    slowest: str


def measured(what: str, ask: Callable[[], Any]) -> Page:
    """Ask once to warm up, then take the median; of a refusal no more."""
    status = ask().status_code
    if status not in (200, 302):
        return Page(what, status, 0, 0, 0, 0, "")
    taken = []
    for _ in range(TIMES):
        statements: list[tuple[float, str]] = []
        start, at_work = perf_counter(), process_time()
        with connection.execute_wrapper(noting(statements)):
            ask()
        cpu = (process_time() - at_work) * 1000
        taken.append(((perf_counter() - start) * 1000, cpu, statements))
    ms, cpu, statements = sorted(taken, key=lambda one: one[0])[TIMES // 2]
    in_database = sum(each for each, _sql in statements)
    return Page(what, status, ms, len(statements), cpu, in_database, max(statements)[1])


def noting(statements: list[tuple[float, str]]) -> Callable[..., Any]:
    """Write down each statement and its milliseconds."""

    def run(execute: Callable[..., Any], sql: Any, *args: Any) -> Any:
        start = perf_counter()
        try:
            return execute(sql, *args)
        finally:
            statements.append(((perf_counter() - start) * 1000, str(sql)))

    return run


def row_of(model: type[Model], filled: Filled, alice: Person) -> Any:
    """Choose the row that a page of its model is opened with: the one with most behind it."""
    merchant = filled.shop.merchant
    if model in (Merchant, User):
        return merchant if model is Merchant else alice.user
    chosen = {Coupon: filled.biggest, CodeBatch: filled.batch}
    if model in chosen:
        return chosen[model]
    rows = model._default_manager.filter(merchant=merchant)
    if model is Customer:
        return rows.get(ref="C-17")
    return rows.order_by("pk").first() if model is CouponInReview else rows.latest("pk")


def walked(filled: Filled, alice: Person) -> Iterator[str]:
    """Give the path of every address of the console that can be asked for by GET."""
    for each in every_address():
        if each.name in BESIDE and each.name not in ("index", "settings", "merchant"):
            continue
        if each.model is None:
            if not each.placeholders:
                yield "/" + each.route
            continue
        row = row_of(each.model, filled, alice)
        yield from _paths(each, row)


def _paths(each: Address, row: Any) -> Iterator[str]:
    if each.name == "coupons_coupon_redeemers":
        yield f"/{each.route}?coupon={row.pk}"
    else:
        yield from each.paths(row.pk)


def variants(path: str, alice: Person, merchant: Merchant) -> Iterator[str]:
    """Give a list's further addresses: each filter, each search, and the middle of it."""
    answer = alice.get(path)
    cl = answer.context.get("cl") if answer.context else None
    if cl is None:
        return
    for spec in cl.filter_specs:
        for choice in spec.choices(cl):
            if query := choice.get("query_string", "").strip("?"):
                yield f"{path}?{query}"
    for typed in [*TYPED.get(cl.opts.label_lower, []), "zzzz"] if cl.search_fields else []:
        yield f"{path}?q={typed.replace('+', '%2B').replace(' ', '+')}"
    keyset = getattr(cl.model_admin, "keyset", None)
    if keyset is not None:
        rows = cl.model._default_manager.filter(merchant=merchant).order_by(*keyset)
        middle = rows.values_list("pk", flat=True)[rows.count() // 2 :].first()
        yield f"{path}?{AFTER}={middle}"


def asked(filled: Filled, alice: Person) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Give everything that is measured."""
    paths = list(dict.fromkeys(walked(filled, alice)))
    for path in list(paths):
        if path.count("/") == 3:
            paths += variants(path, alice, filled.shop.merchant)
    paths += [f"/?period={preset.value}" for preset in Preset]
    for name, typed in (("product", ["", "ocean", "SKU-77", "zzzz"]), ("category", ["", "leaf-7"])):
        paths += [f"/coupons/{name}/offers/?q={each}" for each in typed]
    for kind in ("amount-off-16", "percent-off-16", "gift-4", "tiered-20", "draw-20"):
        coupon = Coupon.objects.get(slug=kind)
        paths += [f"/coupons/coupon/{coupon.pk}/{page}/" for page in ("change", "edit")]
    # A draft that goes together with others, and a coupon whose codes are in question.
    draft = Coupon.objects.get(slug="percent-off-20")
    paths.append(f"/coupons/coupon/{draft.pk}/publish/confirm/")
    batch, big = filled.batch.pk, filled.biggest.pk
    paths += [f"/coupons/code/?batch__id__exact={batch}", f"/coupons/code/?coupon__id__exact={big}"]
    paths.append(f"/redemption/order/try/{draft.pk}/?order=O-17")
    paths.append("/redemption/order/try/orders/?q=O-1")
    for path in dict.fromkeys(paths):
        yield path, lambda path=path: alice.get(path)
    for typed in OVER_ALL:
        yield f"POST /search/ {typed}", lambda typed=typed: alice.post("/search/", q=typed)
    form = {"name": "Spring", "kind": "percent_off", "percent": "20", "scope": "all"}
    form |= {"codes": "shared", "code": "SPRING"}
    for path in ("/coupons/coupon/preview/", f"/coupons/coupon/{big}/preview/"):
        yield f"POST {path}", lambda path=path: alice.post(path, **form)


def shown(pages: list[Page]) -> None:
    """Print what was measured, the slowest first."""
    print(f"\nscale {SCALE}, biggest coupon {BIGGEST_CODES:,} codes, goal {GOAL_MS} ms")
    for page in sorted((page for page in pages if page.ms), key=lambda page: -page.ms):
        inside = f"{page.in_database_ms:7.1f} ms in {page.queries:3} statements"
        print(f"{page.ms:8.1f} ms, own {page.cpu_ms:6.1f} ms, {inside}  {page.what}")
        if page.in_database_ms >= SLOW_MS:
            print(f"{'':12}{page.slowest[:400]}")


def test_every_page_of_a_merchant_of_many_years_comes_soon(settings: Any) -> None:
    people = People.meet()
    started = perf_counter()
    filled = merchant_of_years(merchant=people.acme, user=people.alice.user)
    print(f"\nfilled in {perf_counter() - started:.0f} s")
    pages = [measured(what, ask) for what, ask in asked(filled, people.alice)]
    shown(pages)
    assert {page.what for page in pages if page.status >= 500} == set()
    assert {page.what for page in pages if page.queries > MOST_QUERIES} == set()
    assert {page.what: round(page.ms) for page in pages if page.ms >= GOAL_MS} == {}
