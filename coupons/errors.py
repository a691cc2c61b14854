"""What can go wrong in the ground floor, and the base of every error in the house.

An error carries a stable `code`, the HTTP `status` it is told with, and a `detail`
for a person. `config.problems` is the one place that turns it into an HTTP answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong in a body: where (`lines.0.quantity`) and what."""

    field: str
    message: str


class HexiaoError(Exception):
    """The base of every error that a caller is told about."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    #: Seconds after which trying again makes sense, told as `Retry-After`.
    retry_after: int | None = None

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.extra = extra
        if retry_after is not None:
            self.retry_after = retry_after


class Invalid(HexiaoError):
    """A body that breaks its schema or a rule; `errors` says where."""

    code, status, title = "invalid", 422, "The request is not valid"


class NotFound(HexiaoError):
    """An object that is not there, or belongs to another merchant."""

    code, status, title = "not_found", 404, "Not found"


class AlreadyExists(HexiaoError):
    """A slug or a code that is taken."""

    code, status, title = "already_exists", 409, "It exists already"


class WrongState(HexiaoError):
    """A step that the coupon or the redemption does not allow from where it is."""

    code, status, title = "wrong_state", 409, "The state does not allow that"


class FileRemoved(HexiaoError):
    """A file that was kept for its time and is gone."""

    code, status, title = "file_removed", 410, "The file was removed"


class FrozenField(HexiaoError):
    """A change to what may no longer change, once somebody holds the coupon."""

    code, status, title = "frozen_field", 409, "Somebody holds the coupon; this is fixed now"


class NotPublishable(HexiaoError):
    """A coupon that lacks something; `errors` says what."""

    code, status, title = "not_publishable", 422, "The coupon cannot be published yet"


class NotAllowed(HexiaoError):
    """A person or a key without the right to do that."""

    code, status, title = "not_allowed", 403, "Not allowed"


class WrongPin(HexiaoError):
    """A PIN that is not the person's, or a person without one."""

    code, status, title = "wrong_pin", 422, "The PIN is not right"


class WrongPassword(HexiaoError):
    """A password that is not the person's."""

    code, status, title = "wrong_password", 422, "The password is not right"


class PinLocked(HexiaoError):
    """Too many wrong PINs of one person; the password opens the desk, and the PIN again."""

    code, status, title = "pin_locked", 429, "Too many wrong PINs; type the password"


class TooManyTries(HexiaoError):
    """Too many wrong passwords of one person at the desk."""

    code, status, title = "too_many_tries", 429, "Too many wrong passwords; wait a while"
