"""Codes are made: a list that somebody brings, or a batch from a pattern."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q

from coupons import coding, jobs, journal
from coupons.constraints import explained
from coupons.errors import FieldError, Invalid, WrongState
from coupons.models import Code, CodeBatch, Coupon, CouponCounter, CouponVersion, Job, State

#: Codes written in one transaction: what a kill in the middle costs at most.
CHUNK = 10_000
MAX_BATCH = 10_000_000
#: The uses of a code that nothing bounds: as many as the column holds.
UNLIMITED_USES = 2_147_483_647
#: Chunks in a row that may bring nothing new before a batch gives up.
MAX_BARREN_CHUNKS = 5


def add_codes(*, coupon: Coupon, typed: Sequence[str], by: str, at: datetime) -> Job:
    """Give a coupon these unique codes, all or none.

    Raises `Invalid` for codes that can't be one or stand twice in the list, and
    `AlreadyExists` where one is taken.
    """
    texts = [coding.normal_form(text) for text in typed]
    _refuse_bad_codes(texts)
    with explained(), transaction.atomic():
        _refuse_closed(coupon)
        _take_stock(coupon=coupon, count=len(texts), field="codes")
        job = jobs.done_already(
            merchant=coupon.merchant,
            kind=Job.Kind.CODES,
            about=coupon.slug,
            total=len(texts),
            by=by,
            at=at,
        )
        batch = _open(job=job, coupon=coupon, pattern="")
        uses = uses_per_code(coupon=coupon)
        Code.objects.bulk_create(
            [
                Code(
                    merchant_id=coupon.merchant_id,
                    coupon=coupon,
                    batch=batch,
                    text=text,
                    max_uses=uses,
                )
                for text in texts
            ],
            batch_size=CHUNK,
        )
    return job


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the codes of a batch would be: one as an example, and how hard they are to guess."""

    pattern: str
    sample: str
    key_space: int
    #: How many guesses hit one of the codes once, on average.
    guesses: int
    safety: coding.Safety


def outlook(*, count: int, pattern: str | None) -> Outlook:
    """Say what `count` codes of a pattern (None: a safe one) would be; nothing is written.

    Raises `Invalid` for a pattern that can't be read and a count that can't be made.
    """
    if not 1 <= count <= MAX_BATCH:
        raise Invalid(errors=[FieldError("count", f"From 1 to {MAX_BATCH:,} codes.")])
    try:
        parsed = coding.Pattern.parse(pattern) if pattern else coding.default_pattern(count)
    except ValueError as error:
        raise Invalid(errors=[FieldError("pattern", str(error))]) from error
    if len(parsed.text) > coding.MAX_LENGTH:
        told = f"A pattern has at most {coding.MAX_LENGTH} characters."
        raise Invalid(errors=[FieldError("pattern", told)])
    return Outlook(
        pattern=parsed.text,
        sample=parsed.written(parsed.make()),
        key_space=parsed.key_space,
        guesses=parsed.guesses_per_hit(count),
        safety=parsed.safety(count),
    )


def start_batch(*, coupon: Coupon, count: int, pattern: str | None, by: str, at: datetime) -> Job:
    """Queue the making of `count` codes; a worker does it.

    Raises `Invalid` for a pattern that can't be read or is too easily guessed, or a
    count above the coupon's limit or 10,000,000.
    """
    expected = outlook(count=count, pattern=pattern)
    if expected.safety == coding.Safety.REFUSED:
        raise Invalid(
            errors=[
                FieldError(
                    "pattern",
                    f"Too few combinations: one guess in {expected.guesses:,} would be a code. "
                    "Add more #.",
                )
            ]
        )
    with explained(), transaction.atomic():
        _refuse_closed(coupon)
        _take_stock(coupon=coupon, count=count, field="count")
        job = jobs.start(
            merchant=coupon.merchant,
            kind=Job.Kind.CODES,
            about=coupon.slug,
            total=count,
            by=by,
            at=at,
        )
        _open(job=job, coupon=coupon, pattern=expected.pattern)
    return job


def make_chunk(*, job: Job, at: datetime) -> bool:
    """Make the next chunk of a batch, as a piece of its job."""
    batch = CodeBatch.objects.select_related("coupon").get(job=job)
    pattern = coding.Pattern.parse(batch.pattern)
    for _ in range(MAX_BARREN_CHUNKS):
        made = _insert(batch=batch, pattern=pattern, count=min(CHUNK, job.total - job.done))
        if made:
            break
    else:
        raise jobs.JobFailed("The pattern has no unused codes left.")
    job.done += made
    return job.done < job.total or jobs.finish(job=job, at=at)


def give_back(*, job: Job, at: datetime) -> None:
    """Return to the coupon's limit the codes that a stopped job did not make."""
    job.failed = job.total - job.done
    job.save(update_fields=["failed"])
    CouponCounter.objects.filter(coupon__batches__job=job).update(issued=F("issued") - job.failed)


def open_list(*, job: Job, coupon: Coupon, count: int, by: str, at: datetime) -> CodeBatch:
    """Take the stock for `count` codes that a job brings, and open their batch.

    Raises `Invalid` where the coupon may not issue that many.
    """
    _refuse_closed(coupon)
    _take_stock(coupon=coupon, count=count, field="coupon")
    return _write_batch(job=job, coupon=coupon, pattern="", total=count, by=by, at=at)


def close_list(*, batch: CodeBatch, made: int) -> None:
    """Say how many codes a list has brought, and give the others back to the coupon's limit."""
    missing = batch.total - made
    if missing:
        CodeBatch.objects.filter(pk=batch.pk).update(total=made)
        CouponCounter.objects.filter(coupon=batch.coupon_id).update(issued=F("issued") - missing)


def replace_code(*, code: Code, expires_at: datetime | None) -> Code:
    """Make a code that takes another's place, in the manner of its batch.

    It takes no new stock: whoever calls withdraws the old one.
    """
    pattern = pattern_like(given=code.batch.pattern if code.batch else "")
    for _ in range(MAX_BARREN_CHUNKS):
        new, made = Code.objects.get_or_create(
            merchant_id=code.merchant_id,
            text=pattern.make(),
            defaults={
                "coupon_id": code.coupon_id,
                "batch_id": code.batch_id,
                "pool_id": code.pool_id,
                "max_uses": code.max_uses,
                "expires_at": expires_at,
            },
        )
        if made:
            return new
    raise WrongState("The pattern has no unused codes left.")


def pattern_like(*, given: str) -> coding.Pattern:
    """Return the pattern of codes that take the place of those of a batch."""
    return coding.Pattern.parse(given) if given else coding.default_pattern(MAX_BATCH)


def _insert(*, batch: CodeBatch, pattern: coding.Pattern, count: int) -> int:
    """Insert up to `count` new codes in one statement; those taken already are passed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO coupons_code
                   (merchant_id, coupon_id, batch_id, text, state, shared, max_uses, uses)
            SELECT %s, %s, %s, t, 'active', false, %s, 0 FROM string_to_table(%s, E'\\n') AS t
            ON CONFLICT (merchant_id, text) DO NOTHING
            """,
            [
                batch.merchant_id,
                batch.coupon_id,
                batch.pk,
                uses_per_code(coupon=batch.coupon),
                pattern.lines(count),
            ],
        )
        return int(cursor.rowcount)


def _open(*, job: Job, coupon: Coupon, pattern: str) -> CodeBatch:
    """Write the one batch of a job down."""
    return _write_batch(
        job=job,
        coupon=coupon,
        pattern=pattern,
        total=job.total,
        by=job.created_by,
        at=job.created_at,
    )


def _write_batch(
    *, job: Job, coupon: Coupon, pattern: str, total: int, by: str, at: datetime
) -> CodeBatch:
    """Write a batch down, and in the journal."""
    batch = CodeBatch.objects.create(
        merchant_id=coupon.merchant_id,
        coupon=coupon,
        job=job,
        pattern=pattern,
        total=total,
        created_at=at,
    )
    journal.record(
        merchant=coupon.merchant,
        type="codes.issued",
        actor=by,
        at=at,
        coupon=coupon,
        data={"batch": batch.pk, "count": batch.total, "pattern": batch.pattern},
    )
    return batch


def _take_stock(*, coupon: Coupon, count: int, field: str) -> None:
    """Take `count` codes from the coupon's limit in one conditional update."""
    taken = CouponCounter.objects.filter(
        Q(max_issued__isnull=True) | Q(max_issued__gte=F("issued") + count), coupon=coupon
    ).update(issued=F("issued") + count)
    if not taken:
        raise Invalid(errors=[FieldError(field, "That is more than the coupon may issue.")])


def _refuse_closed(coupon: Coupon) -> None:
    if coupon.state == State.ENDED:
        raise WrongState("The coupon has ended; it gets no more codes.")


def uses_per_code(*, coupon: Coupon) -> int:
    """Return how often each of a coupon's unique codes may be used, by its rules of now."""
    newest = CouponVersion.objects.get(coupon=coupon, version=coupon.version)
    limit: int | None = newest.definition["limits"]["uses_per_code"]
    return UNLIMITED_USES if limit is None else limit


def _refuse_bad_codes(texts: Sequence[str]) -> None:
    if not texts:
        raise Invalid(errors=[FieldError("codes", "Name at least one code.")])
    wrong = [
        FieldError(f"codes.{i}", problem)
        for i, text in enumerate(texts)
        if (problem := coding.problem_with(text))
    ]
    seen: set[str] = set()
    for i, text in enumerate(texts):
        if text in seen:
            wrong.append(FieldError(f"codes.{i}", "This code stands in the list twice."))
        seen.add(text)
    if wrong:
        raise Invalid(errors=wrong)
