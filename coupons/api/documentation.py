"""The OpenAPI document, read off the very shapes that parse and answer."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

REF = "#/components/schemas/{name}"


class FieldProblem(msgspec.Struct):
    """One thing wrong in a body."""

    field: str
    message: str


class Problem(msgspec.Struct, kw_only=True):
    """An error, as RFC 9457 has it; branch on `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem] = []


_shapes: list[type] = [Problem]

ERRORS = {
    400: "The body is not JSON.",
    401: "No key, or none that works.",
    403: "The key lacks the scope, or may not be used from there.",
    404: "Nothing there, or another merchant's.",
    409: "In conflict with the state; `try_again` asks for just that.",
    410: "It was there, and was removed after its time.",
    413: "Too large.",
    422: "The body breaks its schema or a rule.",
    429: "Too many; see `Retry-After`.",
    503: "The database is away; see `Retry-After`.",
}


def describes(
    *,
    summary: str,
    body: Any = None,
    form: Mapping[str, Mapping[str, Any]] | None = None,
    needed: tuple[str, ...] = (),
    csv: bool = False,
    answers: Mapping[int, Any],
    query: Mapping[str, str] | None = None,
    idempotent: bool = False,
    errors: tuple[int, ...] = (),
) -> Callable:
    """Describe one method of an endpoint for the OpenAPI document.

    `body` and the values of `answers` are msgspec shapes; `query` maps a parameter's name
    to what it does; `errors` are the statuses beside those that every such call may get. A
    `form` is sent as multipart, with the schema of each field; `csv` is answered as a file.
    """
    parameters = [
        OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.QUERY, description=text)
        for name, text in (query or {}).items()
    ]
    if idempotent:
        parameters.append(
            OpenApiParameter(
                "Idempotency-Key",
                OpenApiTypes.STR,
                OpenApiParameter.HEADER,
                description="The same key and body get the same answer for 24 hours.",
            )
        )
    responses: dict[Any, Any] = {
        (status, "application/json"): OpenApiResponse(_schema(shape), description="")
        for status, shape in answers.items()
    }
    if csv:
        responses[(200, "text/csv")] = OpenApiResponse(OpenApiTypes.STR, description="")
    told = {401, 403, 429, 503, *errors}
    if body is not None or idempotent:
        told |= {400, 413, 422}
    if idempotent:
        told.add(409)
    for status in sorted(told):
        responses[(status, "application/problem+json")] = OpenApiResponse(
            _schema(Problem), description=ERRORS[status]
        )
    return extend_schema(
        summary=summary,
        parameters=parameters,
        request=_request(body, form, needed),
        responses=responses,
    )


def _request(body: Any, form: Mapping[str, Any] | None, needed: tuple[str, ...]) -> Any:
    if form is not None:
        schema = {"type": "object", "properties": dict(form), "required": list(needed)}
        return {"multipart/form-data": schema}
    return {"application/json": _schema(body)} if body is not None else None


def _schema(shape: Any) -> dict[str, Any]:
    _shapes.append(shape)
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=REF)
    return schema


def add_shapes(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Put every shape among the document's components (a drf-spectacular hook)."""
    _, components = msgspec.json.schema_components(_shapes, ref_template=REF)
    result.setdefault("components", {}).setdefault("schemas", {}).update(components)
    return result


class Schema(AutoSchema):
    """Names operations plainly and groups them by their first word."""

    def get_operation_id(self) -> str:
        """Name it after method and path: `post_coupons_slug_publish`."""
        words = re.findall(r"[a-z_]+", self.path.removeprefix("/api/v1/"))
        return "_".join([self.method.lower(), *words])

    def get_tags(self) -> list[str]:
        """Group by the part of the path after the version."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]
