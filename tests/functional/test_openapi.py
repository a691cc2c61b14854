"""The OpenAPI document says what is true: read by a validator, a browser, and a fuzzer."""

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from django.urls import URLPattern
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from config import api as table
from config.wsgi import application
from coupons import jobs
from redemption.models import RedemptionBatch
from tests.shop import Api, Form, Shop, cart, order

DOCUMENT = "/api/v1/schema/?format=json"
METHODS = ("get", "post", "put", "patch", "delete")
OPEN = {"schema/", "docs/"}
#: POSTs that change nothing.
QUESTIONS = {"validations", "qualifications", "codes/lookup"}
#: Calls of each mode that the fuzzer makes to each operation.
EXAMPLES = 15


@pytest.fixture
def document() -> dict[str, Any]:
    answer = Api(None).get("schema/?format=json")
    assert answer.status == 200
    return answer.body if isinstance(answer.body, dict) else json.loads(answer.body)


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_making_the_document_warns_of_nothing(
    document: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    Api(None).get("schema/?format=json")
    assert "Warning" not in capfd.readouterr().err


def test_every_route_and_method_is_in_the_document(document: dict[str, Any]) -> None:
    described = {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    served = set()
    for pattern in table.urlpatterns:
        assert isinstance(pattern, URLPattern)
        route = str(pattern.pattern)
        if route in OPEN:
            continue
        path = route
        for kind in ("uuid", "slug", "str", "path"):
            path = path.replace(f"<{kind}:", "{").replace(">", "}")
        served |= {
            (method, f"/api/v1/{path}")
            for method in METHODS
            if hasattr(pattern.callback.cls, method)
        }
    assert described == served


def test_every_operation_has_a_name_of_its_own_a_key_and_its_errors(
    document: dict[str, Any],
) -> None:
    operations = [op for methods in document["paths"].values() for op in methods.values()]
    names = [op["operationId"] for op in operations]
    assert len(set(names)) == len(names)
    for op in operations:
        assert op["summary"]
        assert op["security"] == [{"ApiKey": []}]
        assert {"401", "403", "503"} <= set(op["responses"])
        if "requestBody" in op:
            assert {"400", "413", "422"} <= set(op["responses"])
        for status, answer in op["responses"].items():
            kind = "application/json" if status < "400" else "application/problem+json"
            # A result is a file.
            kind = "text/csv" if answer["content"].keys() == {"text/csv"} else kind
            assert list(answer["content"]) == [kind]
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] == "Authorization"


def test_every_post_but_a_question_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        if "post" in methods:
            headers = (
                [p["name"] for p in methods["post"]["parameters"] if p["in"] == "header"]
                if ("parameters" in methods["post"])
                else []
            )
            question = path.removeprefix("/api/v1/") in QUESTIONS
            expected = [] if question else ["Idempotency-Key"]
            assert headers == expected, path


def test_the_page_shows_every_operation_and_asks_no_other_host(
    live_server: Any, page: Any, document: dict[str, Any]
) -> None:
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{live_server.url}/api/v1/docs/")
    page.locator(".opblock").first.wait_for()
    assert page.locator(".opblock").count() == sum(map(len, document["paths"].values()))
    assert said == []
    own = (live_server.url, "data:")
    assert [url for url in asked if not url.startswith(own)] == []


# --- The fuzzer --------------------------------------------------------------------


#: What a body names by chance never: fields that the fuzzer's calls have, made sound.
SOUND = {
    "currency": "USD",
    "lines": cart()["lines"],
    "codes": ["TEN-OFF"],
    "code": "A1",
    "order": "O-9",
    "slug": "fuzzed",
    "url": "https://1.1.1.1/hook",
}


#: Operations whose bodies hardly ever come out sound, or name a line that there is.
SELDOM = {
    "POST /api/v1/orders/{order}/splits",
    "POST /api/v1/coupons",
    "POST /api/v1/coupons/{slug}/codes",
    "POST /api/v1/coupons/{slug}/pools",
    "POST /api/v1/jobs/{job_id}/cancel",
    "PUT /api/v1/exchange-rates",
    "PUT /api/v1/tax-rates/{country}",
}


@dataclass
class Known:
    """A shop with something behind each address, and how the addresses name it."""

    shop: Shop
    #: By path, or by the first part of several.
    names: dict[str, str]
    #: How each operation has been answered.
    answered: dict[str, set[int]] = field(default_factory=dict)

    def aim(self, case: Any) -> None:
        """Let a call name what is there."""
        path = case.operation.path.removeprefix("/api/v1/")
        for name in case.path_parameters or {}:
            case.path_parameters[name] = self.names.get(path) or self.names[path.partition("/")[0]]
        if isinstance(case.body, dict):
            case.body |= {name: value for name, value in SOUND.items() if name in case.body}
            if path == "redemptions":
                case.body["codes"] = SOUND["codes"]


@pytest.fixture
def known(transactional_db: None) -> Known:
    shop = Shop.open()
    for slug in ("ten-off", "to-pause", "to-resume", "to-end"):
        shop.coupon(slug)
    for slug in ("draft", "to-test", "to-submit", "to-withdraw"):
        shop.coupon(slug, publish=False)
    assert shop.api.post("coupons/to-resume/pause").status == 200
    assert shop.api.post("coupons/to-withdraw/submit").status == 200
    shop.codes("ten-off", "A1", "A2", "A3", "A4")
    shop.api.put("customers/0", {"tags": ["vip"]})
    shop.api.put("products/0", {"price": "1.00", "category": "hats"})
    shop.api.put("channels/web", {"name": "Web"})
    made = [
        shop.api.post("redemptions", order(f"A{i}", ref=f"O-{i}", customer="0", hold=i > 2))
        for i in (1, 2, 3, 4)
    ]
    endpoint = shop.api.post("webhook-endpoints", {"url": "https://1.1.1.1/hook"})
    batch = shop.api.post("batches", Form(b"code,order\nA9,O-9\n"))
    row = RedemptionBatch.objects.get(pk=batch.body["id"])
    while jobs.work_on(job_id=row.job_id, at=datetime.now(UTC)):
        pass
    job = shop.api.post("coupons/ten-off/codes", {"codes": ["A5"]})
    assert [answer.status for answer in (*made, endpoint, job)] == [201] * 5 + [202]
    one, _, held, other_held = (answer.body["id"] for answer in made)
    names = {
        "redemptions": one,
        "redemptions/{redemption_id}/confirmation": held,
        "redemptions/{redemption_id}/release": other_held,
        "orders": "O-2",
        "customers": "0",
        "products": "0",
        "channels": "web",
        "tax-rates": "DE",
        "coupons": "ten-off",
        "coupons/{slug}/publish": "draft",
        "coupons/{slug}/pause": "to-pause",
        "coupons/{slug}/resume": "to-resume",
        "coupons/{slug}/end": "to-end",
        "coupons/{slug}/test": "to-test",
        "coupons/{slug}/submit": "to-submit",
        "coupons/{slug}/withdraw": "to-withdraw",
        "jobs": job.body["id"],
        "batches": batch.body["id"],
        "webhook-endpoints": endpoint.body["id"],
    }
    return Known(shop, names)


load_all_checks()
HELD_TO = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    )
]


@pytest.mark.timeout(180)
def test_whatever_is_sent_the_answer_is_as_described(
    known: Known, subtests: pytest.Subtests
) -> None:
    document = schemathesis.openapi.from_wsgi(DOCUMENT, application)
    operations = [result.ok() for result in document.get_all_operations()]
    # What is removed is gone for those behind it.
    operations.sort(key=lambda operation: operation.method == "delete")
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with subtests.test(operation.label, mode=mode.value):
                fuzz(operation.as_strategy(generation_mode=mode), known=known)
    assert len(operations) == sum(map(len, document.raw_schema["paths"].values()))
    # But for a few bodies that chance never makes, each has been answered with what it does.
    never = {label for label, statuses in known.answered.items() if min(statuses) >= 300}
    assert never <= SELDOM


def fuzz(calls: Any, *, known: Known) -> None:
    """Send the same odd calls at each run, every other one to what is there.

    Every answer is held to the document.
    """
    headers = {"Authorization": f"Api-Key {known.shop.api.key}"}
    number = itertools.count()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=calls)
    def send(case: Any) -> None:
        if next(number) % 2 == 0:
            known.aim(case)
        answer = case.call_and_validate(headers=headers, checks=HELD_TO)
        known.answered.setdefault(case.operation.label, set()).add(answer.status_code)

    send()
