"""One more proof for a valuable coupon: a code sent to the customer, or a supervisor's word.

A proof is for one coupon, one customer and one person at the desk. It is used by a
conditional part of the statement that redeems, so it is good for one redemption.
"""

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext, override

from campaigns.models import Customer
from coupons.models import Coupon, Merchant, new_id
from coupons.reasons import language_of
from redemption import messages, recording
from redemption.errors import NotReached, NotSent, OwnApproval, SentLately, WrongProof
from redemption.models import Proof
from redemption.statements import Statement

#: How long a code can be answered, and a proof be used.
GOOD_FOR = timedelta(minutes=10)
DIGITS = 6
TRIES = 5
#: Between two codes to one customer for one coupon, and how many in a day.
PAUSE = timedelta(minutes=1)
DAY, MOST_A_DAY = timedelta(days=1), 10
#: Rows removed by one statement: few enough to hold nobody up.
CHUNK = 1_000

# One at a time: the new code takes the place of the last, unless that was sent a moment ago.
_ASK = """
INSERT INTO redemption_proof AS p
       (id, merchant_id, kind, coupon_id, customer_id, asked_by, asked_at, expires_at, code_hash,
        tries, sent, counted_from, approved_by)
VALUES (%(id)s, %(merchant)s, 'message', %(coupon)s, %(customer)s, %(by)s, %(at)s, %(until)s,
        %(hash)s, 0, 1, %(at)s, '')
ON CONFLICT (merchant_id, coupon_id, customer_id) WHERE kind = 'message' AND used_at IS NULL
   DO UPDATE
   SET asked_by = excluded.asked_by, asked_at = excluded.asked_at,
       expires_at = excluded.expires_at, code_hash = excluded.code_hash, tries = 0,
       proved_at = NULL,
       sent = CASE WHEN p.counted_from <= %(day)s THEN 1 ELSE p.sent + 1 END,
       counted_from = CASE WHEN p.counted_from <= %(day)s THEN %(at)s ELSE p.counted_from END
 WHERE p.asked_at <= %(pause)s AND (p.sent < %(most)s OR p.counted_from <= %(day)s)
RETURNING id
"""
_TRY = """
UPDATE redemption_proof SET tries = tries + 1
 WHERE merchant_id = %(merchant)s AND coupon_id = %(coupon)s AND customer_id = %(customer)s
   AND asked_by = %(by)s AND kind = 'message' AND used_at IS NULL AND expires_at > %(at)s
   AND tries < %(most)s
RETURNING id, code_hash
"""
USE = """
UPDATE redemption_proof SET used_at = %s, redemption_ref = %s
 WHERE id = %s AND used_at IS NULL AND {after}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a proof is for: the coupon, whose it is, and who is at the desk."""

    merchant: Merchant
    coupon: Coupon
    #: The customer's number; None is a guest.
    customer: str | None
    #: As the journal names them.
    by: str

    @property
    def who(self) -> Customer | None:
        """Return the customer, where the shop knows them."""
        found: Customer | None = None
        if self.customer:
            found = Customer.objects.of(self.merchant).filter(ref=self.customer).first()
        return found


def ask(*, asked: Asked, at: datetime) -> str:
    """Send the customer a code and return where to, masked; the last one is good no more.

    Raises `NotReached` for a customer without an address, `SentLately` and `NotSent`.
    """
    customer = asked.who
    reached = messages.way_to(customer=customer)
    if reached is None or customer is None:
        raise NotReached
    way, address = reached
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    values = {
        **_names(asked, customer),
        "id": new_id(),
        "at": at,
        "until": at + GOOD_FOR,
        "hash": _hash(asked, code),
        "day": at - DAY,
        "pause": at - PAUSE,
        "most": MOST_A_DAY,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASK, values)
        row = cursor.fetchone()
    if row is None:
        raise SentLately
    try:
        _send(asked=asked, language=customer.language, way=way, to=address, code=code)
    except NotSent:
        # Nobody has the code; another may be asked for at once.
        Proof.objects.of(asked.merchant).filter(pk=row[0], code_hash=values["hash"]).update(
            expires_at=at, asked_at=at - PAUSE
        )
        raise
    return messages.masked(address=address)


def answer(*, asked: Asked, code: str, at: datetime) -> uuid.UUID:
    """Return the proof that a code from the customer is; call it outside any transaction.

    Raises `WrongProof` for a wrong code, one past its ten minutes, or after five tries.
    """
    customer = asked.who
    if customer is None:
        raise WrongProof
    with connection.cursor() as cursor:
        cursor.execute(_TRY, {**_names(asked, customer), "at": at, "most": TRIES})
        row = cursor.fetchone()
    typed = "".join(code.split())
    if row is None or not constant_time_compare(row[1], _hash(asked, typed)):
        raise WrongProof
    same = Proof.objects.of(asked.merchant).filter(pk=row[0], code_hash=row[1])
    if not same.update(proved_at=at):
        raise WrongProof
    return uuid.UUID(str(row[0]))


def approve(*, asked: Asked, approved_by: str, at: datetime) -> uuid.UUID:
    """Keep a supervisor's word as a proof; who they are has been proven before.

    Raises `OwnApproval` where they are at the desk themselves.
    """
    if approved_by == asked.by:
        raise OwnApproval(
            "You cannot approve what you redeem yourself: ask another supervisor, or send the "
            "customer a code."
        )
    row = Proof.objects.create(
        merchant=asked.merchant,
        kind=Proof.Kind.SUPERVISOR,
        coupon=asked.coupon,
        customer=asked.who,
        asked_by=asked.by,
        asked_at=at,
        counted_from=at,
        expires_at=at + GOOD_FOR,
        proved_at=at,
        approved_by=approved_by,
    )
    return row.pk


def good(*, asked: Asked, proof_id: uuid.UUID | None, at: datetime) -> Proof | None:
    """Return a proof if it is for this and good now; whoever uses it asks again (`USE`)."""
    if proof_id is None:
        return None
    rows = Proof.objects.of(asked.merchant).filter(
        pk=proof_id,
        coupon=asked.coupon,
        customer=asked.who,
        asked_by=asked.by,
        proved_at__isnull=False,
        used_at__isnull=True,
        expires_at__gt=at,
    )
    found: Proof | None = rows.first()
    return found


def use(*, redemption: uuid.UUID, proof: Proof, asked: Asked, at: datetime) -> list[Statement]:
    """Return what uses a proof up beside a redemption, and tells the journal whose it was."""
    told = recording.beside(
        redemption=redemption,
        type="redemption.proven",
        merchant=asked.merchant.pk,
        actor=asked.by,
        at=at,
        coupon=asked.coupon.pk,
        customer=asked.customer,
        data={"proof": proof.kind, "approved_by": proof.approved_by or "customer"},
    )
    return [(USE, [at, redemption, proof.pk]), told]


def forget(*, at: datetime, chunks: int) -> int:
    """Remove proofs that were never used, a day after their end; return how many."""
    old = Proof.objects.filter(used_at=None, expires_at__lt=at - DAY)
    gone = 0
    for _ in range(chunks):
        few = list(old.order_by("expires_at").values_list("pk", flat=True)[:CHUNK])
        removed, _by_model = old.filter(pk__in=few).delete()
        gone += removed
        if len(few) < CHUNK:
            break
    return gone


def _names(asked: Asked, customer: Customer) -> dict[str, Any]:
    return {
        "merchant": asked.merchant.pk,
        "coupon": asked.coupon.pk,
        "customer": customer.pk,
        "by": asked.by,
    }


def _hash(asked: Asked, code: str) -> str:
    """Hash a code with the secret key: a million codes are no secret from who has the table."""
    text = f"{asked.merchant.pk} {asked.coupon.pk} {asked.customer} {code}"
    return salted_hmac(
        "redemption.proving", text, secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()


def _send(*, asked: Asked, language: str, way: messages.Way, to: str, code: str) -> None:
    with override(language_of(language or next(iter(asked.merchant.languages), "en"))):
        shop = {"shop": asked.merchant.name, "code": code, "minutes": GOOD_FOR.seconds // 60}
        subject = gettext("%(code)s is your code at %(shop)s") % shop
        text = gettext(
            "Somebody wants to use your coupon “%(coupon)s” at %(shop)s. If that is you, tell "
            "them this code: %(code)s\n\nIt is good for %(minutes)s minutes. If it is not you, "
            "tell nobody and do nothing: the coupon stays yours."
        )
        way.send(to=to, subject=subject, text=text % {**shop, "coupon": asked.coupon.name})
