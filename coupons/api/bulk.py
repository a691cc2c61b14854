"""The bulk form of a PUT: good rows are done, bad ones told with their place."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from django.http import HttpResponse

from coupons.api.bodies import field_error
from coupons.api.endpoint import answer
from coupons.catalogue import Upserted
from coupons.errors import FieldError, Invalid

T = TypeVar("T")


class BulkError(msgspec.Struct):
    """One thing wrong with the row at `index`."""

    index: int
    field: str
    message: str


class BulkAnswer(msgspec.Struct):
    """How many rows were created and updated, and what was wrong with the others."""

    created: int
    updated: int
    errors: list[BulkError]


def bulk(
    *,
    rows: Sequence[Any],
    shape: type,
    key: str,
    changes_of: Callable[[Any], dict[str, Any]],
    put: Callable[[dict[str, dict[str, Any]]], Upserted],
) -> HttpResponse:
    """Read each row as `shape`, and put the good ones in one call, by their `key`.

    Of two rows with the same key the second is an error: which should win?
    """
    changes: dict[str, dict[str, Any]] = {}

    def note(row: Any) -> None:
        name = getattr(row, key)
        if name in changes:
            raise Invalid(errors=[FieldError(key, "This one stands in the list twice.")])
        changes[name] = changes_of(row)

    _, errors = each_read(rows=rows, shape=shape, then=note)
    done = put(changes) if changes else Upserted()
    return answer(BulkAnswer(created=done.created, updated=done.updated, errors=errors))


def each_read(
    *, rows: Sequence[Any], shape: type, then: Callable[[Any], T]
) -> tuple[dict[int, T], list[BulkError]]:
    """Read each row as `shape` and put it through `then`, which may raise `Invalid`.

    Returns what came of the good rows, by their place, and what is wrong with the others.
    """
    good: dict[int, T] = {}
    errors: list[BulkError] = []
    for index, raw in enumerate(rows):
        try:
            good[index] = then(msgspec.convert(raw, shape))
        except msgspec.ValidationError as error:
            wrong = field_error(error)
            errors.append(BulkError(index, wrong.field, wrong.message))
        except RecursionError:
            errors.append(BulkError(index, "", "The row is nested too deeply."))
        except Invalid as error:
            errors += [BulkError(index, e.field, e.message) for e in error.errors]
    return good, errors
