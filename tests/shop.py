"""A shop to test with: a merchant, keys, and calls as a program makes them."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from coupons.models import Category, Merchant, Product
from redemption import keys
from redemption.models import Scope

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@dataclass
class Answer:
    """What came back: status, body, headers."""

    status: int
    body: Any
    headers: Any

    @property
    def code(self) -> str:
        """Return the code of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        return self.body["code"]


@dataclass(frozen=True)
class Form:
    """A body that is a form with a file, and other fields."""

    file: bytes
    fields: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> tuple[bytes, str]:
        """Return the bytes to send, and what they are."""
        file = SimpleUploadedFile("codes.csv", self.file)
        return encode_multipart(BOUNDARY, {"file": file, **dict(self.fields)}), MULTIPART_CONTENT


@dataclass
class Api:
    """Calls with one key."""

    key: str | None
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Call `/api/v1/<path>`; headers with underscores for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key is not None:
            named.setdefault("Authorization", f"Api-Key {self.key}")
        kind = "application/json"
        if isinstance(body, Form):
            body, kind = body.encoded()
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        response = self.client.generic(
            method,
            f"/api/v1/{path}",
            "" if body is None else data,
            content_type=kind,
            headers=named,
        )
        is_json = "json" in response["Content-Type"]
        sent = response.getvalue()
        return Answer(
            response.status_code,
            json.loads(sent) if is_json and sent else sent,
            response.headers,
        )

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        """POST."""
        return self.call("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Answer:
        """PUT."""
        return self.call("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        """PATCH."""
        return self.call("PATCH", path, body, **headers)


@dataclass
class Shop:
    """A merchant with a program that may do everything."""

    merchant: Merchant
    api: Api

    @classmethod
    def open(cls, slug: str = "acme", **merchant: Any) -> "Shop":
        """Open a shop."""
        values = {"name": slug.title(), "currency": "USD", **merchant}
        row = Merchant.objects.create(slug=slug, **values)
        shop = cls(row, Api(None))
        shop.api = shop.with_scopes(*Scope.values)
        return shop

    def with_scopes(self, *scopes: str, **options: Any) -> Api:
        """Make a key with just these scopes."""
        _, key = keys.create(
            merchant=self.merchant, name="test", scopes=scopes, by="system", at=NOW, **options
        )
        return Api(key)

    def sells(self, definition: dict[str, Any]) -> None:
        """Have every category and gift that a definition names."""
        for scope in (definition.get("scope") or {}, definition.get("get_scope") or {}):
            for path in [*scope.get("categories", ()), *scope.get("exclude_categories", ())]:
                Category.objects.get_or_create(merchant=self.merchant, path=path)
        for gift in definition.get("gifts", ()):
            Product.objects.get_or_create(
                merchant=self.merchant, sku=gift["sku"], defaults={"currency": "USD"}
            )

    def coupon(self, slug: str = "ten-off", *, publish: bool = True, **definition: Any) -> str:
        """Create a coupon of 10 USD off with the shared code of its slug, and publish it."""
        body = {
            "slug": slug,
            "name": slug.title(),
            "kind": "amount_off",
            "value": {"USD": "10.00"},
            "code": slug,
            **definition,
        }
        if body["kind"] != "amount_off":
            body.pop("value") if "value" not in definition else None
        self.sells(body)
        created = self.api.post("coupons", body)
        assert created.status == 201, created
        if publish:
            published = self.api.post(f"coupons/{slug}/publish")
            assert published.status == 200, published
        return slug

    def codes(self, slug: str, *texts: str) -> None:
        """Give a coupon unique codes."""
        added = self.api.post(f"coupons/{slug}/codes", {"codes": list(texts)})
        assert added.status == 202, added


def cart(*codes: str, **changes: Any) -> dict[str, Any]:
    """Return a cart of 2 shoes at 19.99 and a hat at 60.00 (99.98 USD) with these codes."""
    return {
        "currency": "USD",
        "lines": [
            {
                "id": "1",
                "sku": "SHOE",
                "category": "shoes/running",
                "quantity": 2,
                "unit_price": "19.99",
            },
            {"id": "2", "sku": "HAT", "category": "hats", "quantity": 1, "unit_price": "60.00"},
        ],
        "codes": list(codes),
        **changes,
    }


def order(*codes: str, ref: str = "O-1", **changes: Any) -> dict[str, Any]:
    """Return that cart as an order."""
    return {**cart(*codes), "order": ref, **changes}
