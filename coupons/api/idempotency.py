"""The same `Idempotency-Key` and body get the same answer, and count once.

The answer is kept in the transaction of the work it tells of: either both are there
or neither. While the first request works it holds an advisory lock that ends with its
transaction, so a crash leaves nothing locked. Should a second request slip past the lock,
the unique key stops it before its work is committed.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from coupons.api.bodies import raw_body
from coupons.api.endpoint import JSON
from coupons.api.problem import problem_of
from coupons.caller import Caller
from coupons.errors import FieldError, HexiaoError, Invalid
from coupons.models import IdempotentAnswer

KEPT_FOR = timedelta(hours=24)
#: Removed so much later: a request that has just found its answer still gives it.
MARGIN = timedelta(hours=1)
#: Rows removed by one statement: few enough to hold nobody up.
CHUNK = 1_000
MAX_KEY = 255
#: Answers that tell a state of the moment and not of the request.
NOT_KEPT = frozenset({"try_again", "idempotency_in_progress", "too_many_attempts"})


_QUESTION = """
SELECT pg_try_advisory_xact_lock(hashtextextended(%(slot)s, 0)),
       a.request_hash, a.status, a.content_type, a.body, a.created_at
  FROM (SELECT 1) AS one LEFT JOIN coupons_idempotentanswer a
    ON a.merchant_id = %(slot_merchant)s AND a.caller = %(slot_caller)s AND a.key = %(slot_key)s
"""


class KeyReused(HexiaoError):
    """The key came before, with another body."""

    code, status, title = "idempotency_key_reused", 422, "The Idempotency-Key was used before"


class InProgress(HexiaoError):
    """The first request with that key has not been answered yet."""

    code, status, title = "idempotency_in_progress", 409, "The first request is still under way"
    retry_after = 1


class _Kept(Exception):
    """The answer to this request is there already."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class _Raced(Exception):
    """Another request with the key was committed first; ours is rolled back."""


def once(
    *,
    request: HttpRequest,
    caller: Caller,
    at: datetime,
    work: Callable[[], HttpResponse],
    body: bytes | None = None,
) -> HttpResponse:
    """Do `work` and keep its answer, or give the answer kept for this key.

    `body` is what tells requests apart where that is not the body itself. Raises `KeyReused`,
    `InProgress`, or what `work` raises.
    """

    def looked(slot: Slot | None) -> HttpResponse:
        if slot is None:
            return work()
        with transaction.atomic(durable=True):
            slot.look()
            response = work()
            slot.keep(response)
        return response

    return once_beside(request=request, caller=caller, at=at, work=looked, body=body)


def once_beside(
    *,
    request: HttpRequest,
    caller: Caller,
    at: datetime,
    work: Callable[["Slot | None"], HttpResponse],
    body: bytes | None = None,
) -> HttpResponse:
    """Like `once`, for work that looks for the answer and keeps it beside its own statements.

    `work` gets the slot; without a key there is none. It sends the slot's `question` with its
    first query and lets it `hear` the row, and its `statement` with its writes.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work(None)
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise Invalid(
            errors=[FieldError("Idempotency-Key", f"From 1 to {MAX_KEY} printable characters.")]
        )
    slot = Slot(request=request, caller=caller, key=key, at=at, body=body)
    try:
        response = work(slot)
        if not slot.kept:
            slot.keep(response)
    except _Kept as kept:
        return kept.response
    except _Raced:
        return slot.replay_committed()
    except HexiaoError as error:
        # The work is rolled back; its refusal is an answer like any other.
        if error.status not in (404, 409, 422) or error.code in NOT_KEPT:
            raise
        if isinstance(error, KeyReused):
            raise
        response = problem_of(error)
        try:
            with transaction.atomic():
                slot.keep(response)
        except _Raced:
            return slot.replay_committed()
    return response


class Slot:
    """The place where the answer to one key of one caller is kept."""

    def __init__(
        self,
        *,
        request: HttpRequest,
        caller: Caller,
        key: str,
        at: datetime,
        body: bytes | None = None,
    ) -> None:
        self.merchant_id = caller.merchant.pk
        self.caller = caller.actor
        self.key = key
        self.at = at
        self.kept = False
        body = raw_body(request) if body is None else body
        asked = f"{request.method} {request.get_full_path()}\n".encode() + body
        self.hash = hashlib.sha256(asked).digest()

    @property
    def question(self) -> tuple[str, dict[str, Any]]:
        """Return the query that locks the key for its transaction and finds the kept answer."""
        return _QUESTION, {
            "slot": f"{self.merchant_id} {self.caller} {self.key}",
            "slot_merchant": self.merchant_id,
            "slot_caller": self.caller,
            "slot_key": self.key,
        }

    def hear(self, row: tuple[Any, ...]) -> None:
        """Hear what the question found: an answer in its time ends the work here.

        Raises `InProgress` while another request with the key is at work, `KeyReused` where
        the answer is another request's.
        """
        locked, *kept, created_at = row
        if not locked:
            raise InProgress
        # One past its time is written over by the next.
        if created_at is not None and created_at > self.at - KEPT_FOR:
            raise _Kept(self._replay(*kept))

    def look(self) -> None:
        """Ask by itself, and hear."""
        with connection.cursor() as cursor:
            cursor.execute(*self.question)
            self.hear(cursor.fetchone())

    def statement(
        self, body: bytes, *, status: int, content_type: str = JSON
    ) -> tuple[str, list[Any]]:
        """Return the insert that keeps an answer, after what `{after}` in it stands for.

        It changes no row if one is there already that is still in its time.
        """
        self.kept = True
        return (
            """
            INSERT INTO coupons_idempotentanswer
                   (merchant_id, caller, key, request_hash, status, content_type, body, created_at)
            SELECT %s, %s, %s, %s, %s, %s, %s, %s WHERE {after}
            ON CONFLICT (merchant_id, caller, key) DO UPDATE
               SET request_hash = excluded.request_hash, status = excluded.status,
                   content_type = excluded.content_type, body = excluded.body,
                   created_at = excluded.created_at
             WHERE coupons_idempotentanswer.created_at <= %s
            """,
            [
                self.merchant_id,
                self.caller,
                self.key,
                self.hash,
                status,
                content_type,
                body,
                self.at,
                self.at - KEPT_FOR,
            ],
        )

    def keep(self, response: HttpResponse) -> None:
        """Keep an answer; `_Raced` if one is there already."""
        with connection.cursor() as cursor:
            sql, values = self.statement(
                response.content,
                status=response.status_code,
                content_type=response["Content-Type"],
            )
            cursor.execute(sql.replace("{after}", "true"), values)
            if not cursor.rowcount:
                raise _Raced

    def replay_committed(self) -> HttpResponse:
        """Return the answer that another request has just kept."""
        try:
            with transaction.atomic():
                self.look()
        except _Kept as kept:
            return kept.response
        raise InProgress

    def _replay(
        self, request_hash: bytes, status: int, content_type: str, body: bytes
    ) -> HttpResponse:
        if bytes(request_hash) != self.hash:
            raise KeyReused("The same Idempotency-Key came with another request before.")
        response = HttpResponse(bytes(body), status=status, content_type=content_type)
        response["Idempotent-Replayed"] = "true"
        return response


def forget(*, at: datetime, chunks: int) -> int:
    """Remove answers past their time, at most `chunks` thousand; return how many."""
    past = IdempotentAnswer.objects.filter(created_at__lt=at - KEPT_FOR - MARGIN)
    gone = 0
    for _ in range(chunks):
        old = list(past.order_by("created_at").values_list("pk", flat=True)[:CHUNK])
        # The time is asked again: a key sent anew meanwhile has a fresh answer in its row.
        removed, _by_model = past.filter(pk__in=old).delete()
        gone += removed
        if len(old) < CHUNK:
            break
    return gone
