"""Codes over the API: given to a coupon, listed, looked up."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons import coding, issuing, jobs
from coupons.api.bodies import read
from coupons.api.coupons import coupon_of
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from coupons.models import Code, Job, JournalEntry

#: The largest id that the database has.
MAX_ID = 2**63 - 1
#: Entries of a code's history that a look-up tells, the newest.
MAX_HISTORY = 100


class CodesBody(Struct):
    """Either `count` new codes, from a `pattern` or a plain one, or these `codes`."""

    count: int | None = None
    pattern: Annotated[str, Meta(max_length=64)] | None = None
    codes: list[Annotated[str, Meta(max_length=200)]] | None = None


class JobAnswer(Struct):
    """How far a piece of long work has come."""

    id: str
    status: str
    total: int
    done: int
    failed: int
    batch: int | None


class CodeAnswer(Struct, kw_only=True):
    """A code as it stands; `max_uses` is null where only the coupon's limits bound it."""

    code: str
    coupon: str
    state: str
    shared: bool
    uses: int
    max_uses: int | None
    batch: int | None


class CodeEvent(Struct, kw_only=True):
    """One thing that happened to a code."""

    at: datetime
    type: str
    actor: str
    customer: str | None
    order: str | None
    redemption: str | None


class FoundCode(CodeAnswer, kw_only=True):
    """A code that was looked up, with the state of its coupon, and the newest of its history."""

    coupon_state: str
    history: list[CodeEvent]


class LookupBody(Struct):
    """A code, however it is typed."""

    code: Annotated[str, Meta(max_length=200)]


class CouponCodesEndpoint(Endpoint):
    """The codes of a coupon."""

    scopes = {"GET": ("codes",), "POST": ("manage", "codes")}

    @describes(
        summary="List a coupon's codes",
        answers={200: Page[CodeAnswer]},
        query={
            "state": f"One of {', '.join(Code.Standing.values)}.",
            "batch": "Of this batch, as the job that made it names it.",
            **QUERY,
        },
        errors=(404, 422),
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List the codes of a coupon, in the order in which they were made."""
        coupon = coupon_of(caller_of(request), slug)
        rows = Code.objects.of(coupon.merchant).filter(coupon=coupon)
        if state := request.query_params.get("state"):
            if state not in Code.Standing.values:
                told = f"Choose one of {', '.join(Code.Standing.values)}."
                raise Invalid(errors=[FieldError("state", told)])
            rows = rows.standing(state)
        if batch := request.query_params.get("batch"):
            if not batch.isdecimal() or int(batch) > MAX_ID:
                raise Invalid(errors=[FieldError("batch", "Send the number of a batch.")])
            rows = rows.filter(batch=int(batch))
        return paginated(
            request=request,
            rows=rows,
            ordering=("id",),
            shape=lambda code: CodeAnswer(coupon=coupon.slug, **columns_of(code)),
        )

    @describes(
        summary="Give a coupon codes",
        body=CodesBody,
        answers={202: JobAnswer},
        idempotent=True,
        errors=(404,),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Make `count` codes in the background, or add the `codes` given."""
        caller = caller_of(request)
        body = read(plain(request), CodesBody)

        def work() -> HttpResponse:
            coupon = coupon_of(caller, slug)
            if (body.count is None) == (body.codes is None):
                raise Invalid(errors=[FieldError("count", "Give either count or codes.")])
            if body.codes is not None:
                job = issuing.add_codes(
                    coupon=coupon, typed=body.codes, by=caller.actor, at=self.at
                )
            else:
                job = issuing.start_batch(
                    coupon=coupon,
                    count=body.count or 0,
                    pattern=body.pattern,
                    by=caller.actor,
                    at=self.at,
                )
            return answer(job_answer(job), status=202)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class JobEndpoint(Endpoint):
    """One piece of long work."""

    scopes = {"GET": ("codes", "manage", "redeem")}

    @describes(summary="Follow a job", answers={200: JobAnswer}, errors=(404,))
    def get(self, request: Request, job_id: Any) -> HttpResponse:
        """Say how far a job has come."""
        return answer(job_answer(job_of(caller_of(request), job_id)))


class JobCancelEndpoint(Endpoint):
    """The end of long work before it is done."""

    scopes = {"POST": ("manage", "codes")}

    @describes(summary="Stop a job", answers={200: JobAnswer}, idempotent=True, errors=(404,))
    def post(self, request: Request, job_id: Any) -> HttpResponse:
        """Stop a job where it is; what it has done stays, what it took for the rest comes back."""
        caller = caller_of(request)

        def work() -> HttpResponse:
            return answer(job_answer(jobs.cancel(job=job_of(caller, job_id), at=self.at)))

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class LookupEndpoint(Endpoint):
    """Codes to be looked up; in a body, since codes stay out of addresses and logs."""

    scopes = {"POST": ("codes",)}

    @describes(summary="Look a code up", body=LookupBody, answers={200: FoundCode}, errors=(404,))
    def post(self, request: Request) -> HttpResponse:
        """Say what a code is of, how it stands, and what happened to it here.

        The platform's codes are known in every shop, with what happened to them in this one.
        """
        merchant = caller_of(request).merchant
        text = coding.normal_form(read(plain(request), LookupBody).code)
        rows = Code.objects.met_in(merchant).select_related("coupon").filter(text=text)
        code = min(rows, key=lambda row: row.merchant_id != merchant.pk, default=None)
        if code is None:
            raise NotFound("There is no such code.")
        entries = JournalEntry.objects.of(merchant).filter(code=code)
        found = FoundCode(
            coupon=code.coupon.slug,
            coupon_state=code.coupon.state_at(self.at).value,
            history=[event_of(entry) for entry in entries.order_by("-id")[:MAX_HISTORY]],
            **columns_of(code),
        )
        if code.merchant_id != merchant.pk:
            found.batch = None  # the platform's own affair
        return answer(found)


def job_of(caller: Caller, job_id: Any) -> Job:
    """Return the caller's job of that id; `NotFound` otherwise."""
    job: Job | None = Job.objects.of(caller.merchant).filter(pk=job_id).first()
    if job is None:
        raise NotFound("There is no such job.")
    return job


def columns_of(code: Code) -> dict[str, Any]:
    """Return what a code's row says of it."""
    return {
        "code": code.text,
        "state": code.standing.value,
        "shared": code.shared,
        "uses": code.uses,
        "max_uses": None if code.max_uses == issuing.UNLIMITED_USES else code.max_uses,
        "batch": code.batch_id,
    }


def event_of(entry: JournalEntry) -> CodeEvent:
    """Write an entry of the journal for a program."""
    return CodeEvent(
        at=entry.at,
        type=entry.type,
        actor=entry.actor,
        customer=entry.customer_ref or None,
        order=entry.data.get("order"),
        redemption=None if entry.redemption_ref is None else str(entry.redemption_ref),
    )


def job_answer(job: Job) -> JobAnswer:
    """Write a job in the form of the contract."""
    # A file for several coupons brings several; the first tells of them.
    first = job.batches.order_by("pk").first()
    return JobAnswer(
        id=str(job.pk),
        # The contract knows no waiting for a person; what is to go on stands in the queue.
        status=Job.Status.QUEUED if job.status == Job.Status.WAITING else job.status,
        total=job.total,
        done=job.done,
        failed=job.failed,
        batch=first.pk if first else None,
    )
