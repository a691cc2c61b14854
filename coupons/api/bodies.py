"""Reading a JSON body into a typed shape, and saying exactly what is wrong with it."""

import re
from typing import Any, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from coupons import nul
from coupons.errors import FieldError, HexiaoError, Invalid

T = TypeVar("T")
#: How deep a field of any shape may be nested.
MAX_LEVELS = 8


class BrokenJson(HexiaoError):
    """A body that is not JSON at all."""

    code, status, title = "broken_json", 400, "The body is not valid JSON"


class TooLarge(HexiaoError):
    """A body above the limit."""

    code, status, title = "too_large", 413, "The body is larger than 1 MiB"


_PLACE = re.compile(r"^(?P<message>.*?)(?: - at `(?P<path>.*)`)?$", re.DOTALL)
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


def raw_body(request: HttpRequest) -> bytes:
    """Return the body; `TooLarge` above 1 MiB, `BrokenJson` if it broke off."""
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise TooLarge from error
    except UnreadablePostError as error:
        raise BrokenJson("The body broke off.") from error
    if nul.is_in_json(body):
        raise Invalid("The body has a NUL character (\\u0000) in a text.")
    try:
        # Told here, since a field that nobody reads is passed over unread.
        body.isascii() or body.decode()
    except UnicodeDecodeError as error:
        raise BrokenJson("The body is not UTF-8.") from error
    return body


def read(request: HttpRequest, shape: type[T]) -> T:
    """Read the body as `shape`; `BrokenJson` or `Invalid` with the field that is wrong."""
    try:
        return msgspec.json.decode(raw_body(request), type=shape)
    except msgspec.ValidationError as error:
        raise Invalid(errors=[field_error(error)]) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise BrokenJson(str(error)) from error


def read_object(request: HttpRequest) -> dict[str, Any]:
    """Read the body as a JSON object of any shape."""
    return read(request, dict[str, Any])


def field_error(error: msgspec.ValidationError) -> FieldError:
    """Translate `… - at `$.lines[0].quantity`` to a field and a message."""
    match = _PLACE.match(str(error))
    message, path = (match["message"], match["path"] or "") if match else (str(error), "")
    field = _INDEX.sub(r".\1", path.removeprefix("$")).lstrip(".")
    if named := re.search(r"required field `(\w+)`", message):
        return FieldError(f"{field}.{named[1]}".lstrip("."), "This is required.")
    return FieldError(field, message.replace("`", ""))


def is_deeper(value: Any, *, levels: int) -> bool:
    """Say whether lists and objects stand in each other more than so many levels deep."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return False
    return levels == 0 or any(is_deeper(each, levels=levels - 1) for each in value)
