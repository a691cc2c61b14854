"""The OpenAPI document says what is true: read by a validator, a browser, and a fuzzer."""

import json
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
from tests.shop import Api, Shop, order

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


@pytest.fixture
def key(transactional_db: None) -> str:
    """Have a shop with something behind each address, and return its key."""
    shop = Shop.open()
    shop.coupon("ten-off")
    shop.codes("ten-off", "A1", "A2")
    shop.api.put("customers/0", {"tags": ["vip"]})
    shop.api.put("products/0", {"price": "1.00", "category": "hats"})
    shop.api.post("redemptions", order("A1", customer="0"))
    return shop.api.key or ""


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
def test_whatever_is_sent_the_answer_is_as_described(key: str, subtests: pytest.Subtests) -> None:
    document = schemathesis.openapi.from_wsgi(DOCUMENT, application)
    operations = [result.ok() for result in document.get_all_operations()]
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with subtests.test(operation.label, mode=mode.value):
                headers = {"Authorization": f"Api-Key {key}"}
                fuzz(operation.as_strategy(generation_mode=mode), headers=headers)
    assert len(operations) == sum(map(len, document.raw_schema["paths"].values()))


def fuzz(calls: Any, *, headers: dict[str, str]) -> None:
    """Send the same odd calls at each run, and hold every answer to the document."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=calls)
    def send(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=HELD_TO)

    send()
