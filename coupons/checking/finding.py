"""One thing that a check found, and how it is said."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils import translation
from django.utils.translation import gettext

from coupons.checking.wording import MESSAGES
from coupons.reasons import language_name


class Severity(StrEnum):
    """Whether a finding stops publication, or asks to be accepted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a coupon: `field` is a place in the contract, `source` a law's address.

    `details` are the words and figures that the message names, written out.
    """

    code: str
    field: str
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    severity: Severity = Severity.WARNING
    source: str = ""

    @property
    def message(self) -> str:
        """Say it in the language of this request."""
        return said(code=self.code, details=self.details)

    @property
    def english(self) -> str:
        """Say it as the API does."""
        with translation.override(None):
            return self.message

    @property
    def tick(self) -> str:
        """Name this very finding: another figure is another one, to be accepted anew."""
        told = json.dumps([self.field, dict(self.details)], sort_keys=True)
        return f"{self.code}.{hashlib.sha256(told.encode()).hexdigest()[:12]}"

    def as_data(self) -> dict[str, Any]:
        """Return what the journal keeps of an accepted warning."""
        return {
            "code": self.code,
            "field": self.field,
            "message": self.english,
            "details": dict(self.details),
        }


def said(*, code: str, details: Mapping[str, str], otherwise: str = "") -> str:
    """Say a finding from its code and details; `otherwise` where the code is known no more."""
    message = MESSAGES.get(code)
    named = {key: language_name(told) for key, told in details.items() if key == "language"}
    try:
        return gettext(message) % {**details, **named} if message else otherwise
    except KeyError:
        return otherwise
