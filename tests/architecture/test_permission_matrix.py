"""Who may call what: every route of the API, with every wrong key.

A route that the matrix does not have fails the test, and so does a row without a route.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import URLPattern

from config import api as table
from coupons import jobs
from coupons.api.endpoint import Endpoint
from redemption import keys
from redemption.models import ApiKey, RedemptionBatch, Scope
from tests.shop import Answer, Api, Form, Shop, cart, order
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

JOB = "job"
BATCH = "batch"
QUEUED = "queued"
REDEMPTION = "redemption"
HELD = "held"
ORDER = "refunded"
HOOK = "hook"


@dataclass(frozen=True)
class Row:
    """One method of one route: what it needs, and a call that works with it."""

    method: str
    route: str
    scopes: frozenset[str]
    path: str
    body: Any = None
    status: int = 200
    #: The path names an object of the shop, which another merchant must not find.
    owned: bool = False
    #: A step of the life cycle that has to come before.
    before: tuple[str, ...] = field(default=())


def row(method: str, route: str, scopes: str, path: str, *rest: Any, **more: Any) -> Row:
    return Row(method, route, frozenset(scopes.split()), path, *rest, **more)


COUPON = {"slug": "new", "name": "New", "kind": "pass"}
MATRIX = [
    row("POST", "validations", "checkout", "validations", cart("ten-off")),
    row("POST", "qualifications", "checkout", "qualifications", cart()),
    row("POST", "redemptions", "redeem", "redemptions", order("ten-off", ref="O-9"), 201),
    row("GET", "redemptions", "redeem", "redemptions"),
    row(
        "GET",
        "redemptions/<uuid:redemption_id>",
        "redeem",
        f"redemptions/{REDEMPTION}",
        owned=True,
    ),
    row(
        "POST",
        "redemptions/<uuid:redemption_id>/confirmation",
        "redeem",
        f"redemptions/{HELD}/confirmation",
        owned=True,
    ),
    row(
        "POST",
        "redemptions/<uuid:redemption_id>/release",
        "redeem",
        f"redemptions/{HELD}/release",
        owned=True,
    ),
    row(
        "POST",
        "redemptions/<uuid:redemption_id>/reversals",
        "redeem",
        f"redemptions/{REDEMPTION}/reversals",
        {},
        201,
        owned=True,
    ),
    row(
        "GET",
        "redemptions/<uuid:redemption_id>/reversals",
        "redeem",
        f"redemptions/{REDEMPTION}/reversals",
        owned=True,
    ),
    row(
        "POST",
        "orders/<path:order>/refunds",
        "redeem",
        f"orders/{ORDER}/refunds",
        {},
        201,
        owned=True,
    ),
    row(
        "POST",
        "orders/<path:order>/splits",
        "redeem",
        f"orders/{ORDER}/splits",
        {"orders": [{"order": "O-2", "lines": ["1"]}]},
        owned=True,
    ),
    row("POST", "customers/bulk", "customers", "customers/bulk", {"customers": [{"id": "C-9"}]}),
    row("PUT", "customers/<str:ref>", "customers", "customers/C-9", {}),
    row("GET", "customers/<str:ref>", "customers", "customers/C-1", owned=True),
    row("POST", "products/bulk", "customers", "products/bulk", {"products": [{"sku": "P-9"}]}),
    row("PUT", "products/<path:sku>", "customers", "products/P-9", {}),
    row("POST", "events", "events", "events", {"events": [{"id": "e1"}]}),
    row("GET", "coupons", "codes manage", "coupons"),
    row("POST", "coupons", "manage", "coupons", COUPON, 201),
    row("GET", "coupons/<slug:slug>", "codes manage", "coupons/ten-off", owned=True),
    row(
        "PATCH",
        "coupons/<slug:slug>",
        "manage",
        "coupons/ten-off",
        {"name": "Other"},
        owned=True,
    ),
    row("POST", "coupons/<slug:slug>/test", "manage", "coupons/draft/test", {}, owned=True),
    row("POST", "coupons/<slug:slug>/submit", "manage", "coupons/draft/submit", {}, owned=True),
    row(
        "POST",
        "coupons/<slug:slug>/withdraw",
        "manage",
        "coupons/draft/withdraw",
        {},
        owned=True,
        before=("submit",),
    ),
    row(
        "POST",
        "coupons/<slug:slug>/publish",
        "publish",
        "coupons/draft/publish",
        {},
        owned=True,
    ),
    row("POST", "coupons/<slug:slug>/pause", "manage", "coupons/ten-off/pause", {}, owned=True),
    row(
        "POST",
        "coupons/<slug:slug>/resume",
        "manage",
        "coupons/ten-off/resume",
        {},
        owned=True,
        before=("pause",),
    ),
    row("POST", "coupons/<slug:slug>/end", "manage", "coupons/ten-off/end", {}, owned=True),
    row(
        "POST",
        "coupons/<slug:slug>/replacement",
        "manage",
        "coupons/ten-off/replacement",
        {},
        201,
        owned=True,
    ),
    row(
        "POST",
        "coupons/<slug:slug>/codes",
        "manage codes",
        "coupons/ten-off/codes",
        {"codes": ["NEW1"]},
        202,
        owned=True,
    ),
    row("GET", "coupons/<slug:slug>/codes", "codes", "coupons/ten-off/codes", owned=True),
    row("GET", "coupons/<slug:slug>/pools", "codes", "coupons/ten-off/pools", owned=True),
    row(
        "POST",
        "coupons/<slug:slug>/pools",
        "manage codes",
        "coupons/stock/pools",
        {"partner": "Bakery", "count": 1},
        201,
        owned=True,
    ),
    row("POST", "codes/lookup", "codes", "codes/lookup", {"code": "ten-off"}),
    row("PUT", "channels/<str:slug>", "manage", "channels/till", {"name": "Till"}, 201),
    row("GET", "channels/<str:slug>", "manage", "channels/web", owned=True),
    row(
        "PUT",
        "exchange-rates",
        "manage",
        "exchange-rates",
        {"date": "2026-03-04", "base": "EUR", "rates": {"USD": "1.1"}},
    ),
    row("PUT", "tax-rates/<str:country>", "manage", "tax-rates/DE", {"rate": "19"}),
    row("GET", "webhook-endpoints", "manage", "webhook-endpoints"),
    row(
        "POST",
        "webhook-endpoints",
        "manage",
        "webhook-endpoints",
        {"url": "https://hooks.example/"},
        201,
    ),
    row(
        "GET",
        "webhook-endpoints/<uuid:endpoint_id>",
        "manage",
        f"webhook-endpoints/{HOOK}",
        owned=True,
    ),
    row(
        "DELETE",
        "webhook-endpoints/<uuid:endpoint_id>",
        "manage",
        f"webhook-endpoints/{HOOK}",
        owned=True,
    ),
    row(
        "POST",
        "webhook-endpoints/<uuid:endpoint_id>/secret",
        "manage",
        f"webhook-endpoints/{HOOK}/secret",
        {},
        201,
        owned=True,
    ),
    row(
        "POST",
        "jobs/<uuid:job_id>/cancel",
        "codes manage",
        f"jobs/{QUEUED}/cancel",
        owned=True,
    ),
    row("GET", "jobs/<uuid:job_id>", "codes manage redeem", f"jobs/{JOB}", owned=True),
]
#: A file, where the body is no JSON.
FILE = Form(b"code,order,amount\nten-off,O-7,100.00\n")
MATRIX += [
    row("POST", "batches", "redeem", "batches", FILE, 202),
    row("GET", "batches/<uuid:batch_id>", "redeem", f"batches/{BATCH}", owned=True),
    row(
        "GET",
        "batches/<uuid:batch_id>/result",
        "redeem",
        f"batches/{BATCH}/result",
        owned=True,
    ),
]
#: The document and its page are for everybody.
OPEN = {"schema/", "docs/"}

EACH = pytest.mark.parametrize("each", MATRIX, ids=lambda r: f"{r.method} {r.route}")


@pytest.fixture(scope="module")
def shop(kept: None) -> Shop:
    shop = Shop.open()
    shop.coupon("ten-off")
    shop.coupon("draft", publish=False)
    shop.coupon("stock", code=None)
    shop.codes("stock", "STOCK1")
    assert shop.api.put("customers/C-1", {}).status == 200
    assert shop.api.put("channels/web", {}).status == 201
    return shop


def call(shop: Shop, api: Api, each: Row) -> Answer:
    """Make a row's call with a key, on the shop's own objects."""
    path = each.path
    if JOB in path:
        made = shop.api.post("coupons/draft/codes", {"codes": [f"J{datetime.now(UTC):%f}"]})
        path = path.replace(f"/{JOB}", f"/{made.body['id']}")
    if QUEUED in path:
        made = shop.api.post("coupons/draft/codes", {"count": 1})
        path = path.replace(f"/{QUEUED}", f"/{made.body['id']}")
    if f"/{REDEMPTION}" in path:
        made = shop.api.post("redemptions", order("ten-off"))
        path = path.replace(f"/{REDEMPTION}", f"/{made.body['id']}")
    if f"/{ORDER}" in path:
        shop.api.post("redemptions", order("ten-off", ref=ORDER))
    if f"/{HELD}/" in path:
        made = shop.api.post("redemptions", order("ten-off", ref=f"{api.key}", hold=True))
        path = path.replace(f"/{HELD}/", f"/{made.body['id']}/")
    if f"/{BATCH}" in path:
        made = shop.api.post("batches", FILE)
        path = path.replace(f"/{BATCH}", f"/{made.body['id']}")
        job = RedemptionBatch.objects.get(pk=made.body["id"]).job_id
        while jobs.work_on(job_id=job, at=datetime.now(UTC)):
            pass
    if f"/{HOOK}" in path:
        made = shop.api.post("webhook-endpoints", {"url": "https://hooks.example/"})
        path = path.replace(f"/{HOOK}", f"/{made.body['id']}")
    for step in each.before:
        shop.api.post(f"coupons/{path.split('/')[1]}/{step}")
    with nothing_changes() if api is not shop.api else _anything():
        return api.call(each.method, path, each.body)


class _anything:
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...


def routes() -> dict[str, Any]:
    return {str(p.pattern): p.callback for p in table.urlpatterns if isinstance(p, URLPattern)}


def test_every_route_and_method_stands_in_the_matrix_and_nothing_else_does() -> None:
    assert all(isinstance(pattern, URLPattern) for pattern in table.urlpatterns)
    served = {
        (method, route)
        for route, view in routes().items()
        if route not in OPEN
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if hasattr(view.cls, method.lower())
    }
    assert served == {(each.method, each.route) for each in MATRIX}
    assert len(MATRIX) == len(served)


def test_every_route_is_an_endpoint_that_names_the_scopes_of_each_method() -> None:
    for route, view in routes().items():
        if route in OPEN:
            continue
        assert issubclass(view.cls, Endpoint)
        named = {
            (method, frozenset(scopes)) for method, scopes in view.cls.scopes.items() if scopes
        }
        assert named == {(each.method, each.scopes) for each in MATRIX if each.route == route}


def test_every_scope_is_used_or_waits_for_later_work() -> None:
    used = frozenset().union(*(each.scopes for each in MATRIX))
    assert set(Scope.values) - used == {"claims", "reports"}


@EACH
def test_without_a_key_it_is_a_401_that_names_the_scheme(shop: Shop, each: Row) -> None:
    answer = call(shop, Api(None), each)
    assert (answer.status, answer.code) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Api-Key"


@EACH
def test_with_every_scope_but_the_right_one_it_is_a_403(shop: Shop, each: Row) -> None:
    api = shop.with_scopes(*(set(Scope.values) - each.scopes))
    answer = call(shop, api, each)
    assert (answer.status, answer.code) == (403, "missing_scope")
    if each.method == "GET":
        path = each.path.replace(f"/{JOB}", "/0199aaaa-0000-7000-8000-000000000000")
        path = path.replace(f"/{REDEMPTION}", "/0199aaaa-0000-7000-8000-000000000000")
        path = path.replace(f"/{HOOK}", "/0199aaaa-0000-7000-8000-000000000000")
        path = path.replace(f"/{BATCH}", "/0199aaaa-0000-7000-8000-000000000000")
        assert api.call("HEAD", path).status == 403


@EACH
def test_with_each_right_scope_alone_it_works(shop: Shop, each: Row) -> None:
    answer = call(shop, shop.api, each)
    assert answer.status == each.status, answer
    for scope in each.scopes:
        # What was done is done: a second call tells a conflict at most, never a refusal
        # of the key.
        again = shop.with_scopes(scope).call(each.method, each.path, each.body)
        assert again.status not in (401, 403), again


@EACH
def test_another_merchants_object_is_not_found(shop: Shop, each: Row) -> None:
    if not each.owned:
        assert "<" not in each.route or each.method == "PUT"
        return
    answer = call(shop, Shop.open("other").api, each)
    assert (answer.status, answer.code) == (404, "not_found")


@EACH
def test_a_revoked_key_is_a_401(shop: Shop, each: Row) -> None:
    api = shop.with_scopes(*Scope.values)
    keys.revoke(key=_row_of(api), by="system", at=datetime.now(UTC))
    answer = call(shop, api, each)
    assert (answer.status, answer.code) == (401, "not_authenticated")


@EACH
def test_an_expired_key_is_a_401(shop: Shop, each: Row) -> None:
    api = shop.with_scopes(*Scope.values)
    ApiKey.objects.filter(pk=_row_of(api).pk).update(expires_at=datetime.now(UTC))
    answer = call(shop, api, each)
    assert (answer.status, answer.code) == (401, "not_authenticated")


def _row_of(api: Api) -> ApiKey:
    return ApiKey.objects.get(prefix=(api.key or "")[:8])


def test_a_key_works_up_to_its_end(shop: Shop) -> None:
    api = shop.with_scopes("checkout")
    soon = datetime.now(UTC) + timedelta(minutes=1)
    ApiKey.objects.filter(pk=_row_of(api).pk).update(expires_at=soon)
    assert api.post("validations", cart("ten-off")).status == 200


def test_the_right_prefix_with_another_secret_is_a_401(shop: Shop) -> None:
    key = shop.api.key or ""
    for wrong in (key[:-1], key + "x", key[:8], key[:9] + "x" * 32):
        assert Api(wrong).get("coupons").status == 401


def test_lists_hold_nothing_of_another_merchant(shop: Shop) -> None:
    shop.api.post("redemptions", order("ten-off", customer="C-1"))
    other = Shop.open("other")
    for path in ("coupons", "redemptions", "redemptions?order=O-1", "redemptions?code=TENOFF"):
        answer = other.api.get(path)
        assert (answer.status, answer.body["results"]) == (200, []), path
    assert len(shop.api.get("redemptions?code=TENOFF").body["results"]) == 1


def test_everybody_may_read_the_document_and_its_page() -> None:
    for path in OPEN:
        assert Api(None).get(path).status == 200
