"""Coupons over the API: created, changed, moved through their life, given codes."""

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons import issuing, lifecycle
from coupons.api.bodies import read, read_object
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import FieldError, Invalid, NotFound
from coupons.models import Coupon, Job

READ = ("codes", "manage")


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


class Counters(Struct):
    """How much of a coupon is gone; `budget_used` in the budget's currency."""

    issued: int
    claimed: int
    held: int
    uses: int
    uses_today: int
    budget_used: str


class CouponAnswer(Struct):
    """The definition, as in the contract, with where the coupon stands."""

    slug: str
    name: str
    kind: str
    state: str
    version: int
    counters: Counters


class CouponsEndpoint(Endpoint):
    """All coupons."""

    scopes = {"GET": READ, "POST": ("manage",)}

    @describes(
        summary="List coupons", answers={200: Page[CouponAnswer]}, query=QUERY, errors=(422,)
    )
    def get(self, request: Request) -> HttpResponse:
        """List the coupons, the newest first."""
        rows = Coupon.objects.of(caller_of(request).merchant).select_related("counter")
        return paginated(
            request=request,
            rows=rows,
            ordering=("-id",),
            shape=lambda coupon: lifecycle.described(coupon=coupon, at=self.at),
        )

    @describes(
        summary="Create a draft",
        body=dict[str, Any],
        answers={201: CouponAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Create a draft from a definition."""
        caller = caller_of(request)
        body = read_object(plain(request))

        def work() -> HttpResponse:
            coupon = lifecycle.create(
                merchant=caller.merchant, body=body, by=caller.actor, at=self.at
            )
            return answer(lifecycle.described(coupon=coupon, at=self.at), status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class CouponEndpoint(Endpoint):
    """One coupon."""

    scopes = {"GET": READ, "PATCH": ("manage",)}

    @describes(summary="Read a coupon", answers={200: CouponAnswer}, errors=(404,))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Read a coupon's definition, state and counters."""
        coupon = coupon_of(caller_of(request), slug)
        return answer(lifecycle.described(coupon=coupon, at=self.at))

    @describes(
        summary="Change a coupon",
        body=dict[str, Any],
        answers={200: CouponAnswer},
        errors=(404, 409),
    )
    def patch(self, request: Request, slug: str) -> HttpResponse:
        """Change the fields of the body; the rest stays."""
        caller = caller_of(request)
        coupon = lifecycle.change(
            coupon=coupon_of(caller, slug),
            body=read_object(plain(request)),
            by=caller.actor,
            at=self.at,
        )
        return answer(lifecycle.described(coupon=coupon, at=self.at))


class StepEndpoint(Endpoint):
    """One step of a coupon's life; `as_view(step=…, scopes=…)` says which."""

    scopes = {"POST": ("manage",)}
    step: Callable[..., Coupon]

    @describes(
        summary="Move a coupon through its life",
        answers={200: CouponAnswer},
        idempotent=True,
        errors=(404,),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Take the step."""
        caller = caller_of(request)

        def work() -> HttpResponse:
            coupon = type(self).step(coupon=coupon_of(caller, slug), by=caller.actor, at=self.at)
            return answer(lifecycle.described(coupon=coupon, at=self.at))

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class PublishEndpoint(StepEndpoint):
    """Publish."""

    scopes = {"POST": ("publish",)}
    step = staticmethod(lifecycle.publish)


class PauseEndpoint(StepEndpoint):
    """Pause."""

    step = staticmethod(lifecycle.pause)


class ResumeEndpoint(StepEndpoint):
    """Resume."""

    step = staticmethod(lifecycle.resume)


class EndEndpoint(StepEndpoint):
    """End early."""

    step = staticmethod(lifecycle.end)


class CouponCodesEndpoint(Endpoint):
    """The codes of a coupon."""

    scopes = {"POST": ("manage", "codes")}

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
        job = (
            Job.objects.of(caller_of(request).merchant)
            .select_related("batch")
            .filter(pk=job_id)
            .first()
        )
        if job is None:
            raise NotFound("There is no such job.")
        return answer(job_answer(job))


def coupon_of(caller: Caller, slug: str) -> Coupon:
    """Return the caller's coupon of that slug; `NotFound` otherwise."""
    coupon = (
        Coupon.objects.of(caller.merchant)
        .select_related("merchant", "counter")
        .filter(slug=slug)
        .first()
    )
    if coupon is None:
        raise NotFound("There is no such coupon.")
    return coupon


def job_answer(job: Job) -> JobAnswer:
    """Write a job in the form of the contract."""
    batch = getattr(job, "batch", None)
    return JobAnswer(
        id=str(job.pk),
        status=job.status,
        total=job.total,
        done=job.done,
        failed=job.failed,
        batch=batch.pk if batch else None,
    )
