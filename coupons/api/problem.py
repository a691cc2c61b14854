"""Errors as RFC 9457 `application/problem+json`."""

from typing import Any

import msgspec
from django.http import HttpResponse

from coupons.errors import HexiaoError

CONTENT_TYPE = "application/problem+json"


def problem(
    *,
    code: str,
    status: int,
    title: str,
    detail: str = "",
    retry_after: int | None = None,
    **extra: Any,
) -> HttpResponse:
    """Build a problem answer; `code` is the stable name that programs branch on."""
    body = {
        "type": f"urn:hexiao:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail or title,
        "code": code,
        **extra,
    }
    response = HttpResponse(msgspec.json.encode(body), status=status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def problem_of(error: HexiaoError) -> HttpResponse:
    """Build the answer that tells of one of our own errors."""
    extra, detail = dict(error.extra), error.detail
    if error.errors:
        extra["errors"] = [{"field": e.field, "message": e.message} for e in error.errors]
        if detail == error.title:  # then the first of them says more
            first = error.errors[0]
            detail = f"{first.field}: {first.message}" if first.field else first.message
    return problem(
        code=error.code,
        status=error.status,
        title=error.title,
        detail=detail,
        retry_after=error.retry_after,
        **extra,
    )
