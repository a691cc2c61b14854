"""A file is no way to guess codes: one that mostly holds unknown ones is not looked at.

An honest file may have many codes that are wrong, but hardly more than right ones. So the
unknown ones count only as far as they outnumber the known, over all files that somebody
brings within the window, each code once: known ones brought again hide nothing new.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from coupons import jobs
from coupons.platform import PLATFORM
from redemption import guessing
from redemption.errors import TooManyAttempts
from redemption.models import RedemptionBatch

# What a cart would be told `code_not_found` or `code_revoked` for is unknown.
_KNOWN = f"""
EXISTS (SELECT FROM coupons_code c JOIN coupons_coupon k ON k.id = c.coupon_id
         WHERE c.merchant_id = ANY(ARRAY[%(merchant)s, ({PLATFORM})]) AND c.text = r.code
           AND c.state <> 'revoked'
           AND (k.published_at IS NOT NULL OR k.merchant_id = %(merchant)s))
"""
_ANY = f"""
SELECT EXISTS (SELECT FROM redemption_batchrow r
                WHERE r.batch_id = %(batch)s AND r.outcome = 'waiting' AND NOT {_KNOWN})
"""  # noqa: S608
_BEYOND = f"""
WITH asked AS (
    SELECT DISTINCT r.code FROM redemption_batchrow r JOIN redemption_redemptionbatch b
        ON b.id = r.batch_id
     WHERE b.merchant_id = %(merchant)s AND b.created_by = %(actor)s AND b.created_at > %(since)s
       AND r.reason <> 'bad_row'
), told AS MATERIALIZED (
    SELECT r.code, {_KNOWN} AS known FROM asked r
)
SELECT code FROM told WHERE NOT known ORDER BY code
OFFSET (SELECT count(*) FROM told WHERE known) LIMIT %(most)s + 1
"""  # noqa: S608


def refuse(*, batch: RedemptionBatch) -> None:
    """Raise `JobFailed` for a file of somebody who guesses, before anything is told of its rows."""
    most = settings.HEXIAO_GUESSES_PER_KEY
    if not most:
        return
    window = timedelta(minutes=settings.HEXIAO_GUESS_MINUTES)
    values = {
        "merchant": batch.merchant_id,
        "batch": batch.pk,
        "actor": batch.created_by,
        "since": batch.created_at - window,
        "most": most,
    }
    now = time.time()
    try:
        guessing.refuse_file(actor=batch.created_by, now=now)
        if _rows(_ANY, values)[0][0]:
            missed = {code for (code,) in _rows(_BEYOND, values)}
            guessing.count_file(actor=batch.created_by, missed=missed, now=now)
    except TooManyAttempts as error:
        raise jobs.JobFailed(_TOO_MANY) from error


_TOO_MANY = (
    "Too many codes are unknown, so no row was looked at. Check that it is the right file, "
    "and try again in a while."
)


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
