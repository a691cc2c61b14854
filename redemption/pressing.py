"""One press of a button redeems once, however often its request arrives.

The redemption of a press is kept beside it, in the same transaction, as answers to an
`Idempotency-Key` are, and forgotten with them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from redemption.gathering import Question
from redemption.statements import Statement

_LOOK = """
SELECT convert_from(a.body, 'UTF8') FROM (SELECT 1) AS one LEFT JOIN coupons_idempotentanswer a
    ON a.merchant_id = %(press_merchant)s AND a.caller = %(press_caller)s AND a.key = %(press)s
"""
_KEEP = """
INSERT INTO coupons_idempotentanswer
       (merchant_id, caller, key, request_hash, status, content_type, body, created_at)
SELECT %s, %s, %s, '', 201, 'text/plain', convert_to(%s, 'UTF8'), %s WHERE {after}
ON CONFLICT (merchant_id, caller, key) DO NOTHING
"""


class Pressed(Exception):
    """The press has redeemed already."""

    def __init__(self, redemption: uuid.UUID) -> None:
        super().__init__()
        self.redemption = redemption


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press of a person; what travels with its redemption."""

    merchant_id: int
    user_id: int
    key: uuid.UUID
    at: datetime

    @property
    def question(self) -> Question:
        """Ask what the press has redeemed."""
        names = ("press_merchant", "press_caller", "press")
        return _LOOK, dict(zip(names, self._names, strict=True))

    def look(self) -> None:
        """Ask by itself, and hear."""
        with connection.cursor() as cursor:
            cursor.execute(*self.question)
            self.hear(cursor.fetchone())

    def hear(self, row: tuple[Any, ...]) -> None:
        """Hear it; raises `Pressed` where there is something."""
        if row[0] is not None:
            raise Pressed(uuid.UUID(row[0]))

    def statements(self, redemption: uuid.UUID) -> Sequence[Statement]:
        """Keep the redemption; of two at once the second changes no row and takes nothing."""
        return [(_KEEP, [*self._names, str(redemption), self.at])]

    @property
    def _names(self) -> list[Any]:
        return [self.merchant_id, f"desk:{self.user_id}", str(self.key)]
