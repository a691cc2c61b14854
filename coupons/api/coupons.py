"""Coupons over the API: created, changed, moved through their life."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from coupons import describing, lifecycle
from coupons.api.bodies import read_object
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated_together
from coupons.caller import Caller
from coupons.describing import Counted
from coupons.errors import NotFound
from coupons.models import Coupon

READ = ("codes", "manage")


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


class WordsAnswer(Struct):
    """A coupon's terms in plain words: the headline, and short sentences."""

    headline: str
    sentences: list[str]


class ReadCouponAnswer(CouponAnswer):
    """A coupon with its terms by language."""

    terms: dict[str, WordsAnswer]


class DescribingEndpoint(Endpoint):
    """An address that answers coupons as they stand."""

    #: What the ledger counts, by coupon. It stands above this package: the table of
    #: addresses brings the count with `as_view(counted=…)`.
    counted: Callable[..., Mapping[int, Counted]] = None  # type: ignore[assignment]

    def described(self, coupons: list[Coupon]) -> list[dict[str, Any]]:
        """Describe coupons in the form of the contract."""
        counted = self.counted(coupons=coupons, at=self.at)
        return describing.described(coupons=coupons, counted=counted, at=self.at)


class CouponsEndpoint(DescribingEndpoint):
    """All coupons."""

    scopes = {"GET": READ, "POST": ("manage",)}

    @describes(
        summary="List coupons", answers={200: Page[CouponAnswer]}, query=QUERY, errors=(422,)
    )
    def get(self, request: Request) -> HttpResponse:
        """List the coupons, the newest first."""
        rows = Coupon.objects.of(caller_of(request).merchant)
        return paginated_together(
            request=request,
            rows=rows.select_related("merchant", "counter"),
            ordering=("-id",),
            shapes=self.described,
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
            return answer(*self.described([coupon]), status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class CouponEndpoint(DescribingEndpoint):
    """One coupon."""

    scopes = {"GET": READ, "PATCH": ("manage",)}

    @describes(summary="Read a coupon", answers={200: ReadCouponAnswer}, errors=(404,))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Read a coupon's definition, state and counters, and its terms in plain words."""
        coupon = coupon_of(caller_of(request), slug)
        (body,) = self.described([coupon])
        return answer(body | {"terms": describing.in_words(coupon=coupon, definition=body)})

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
        return answer(*self.described([coupon]))


class StepEndpoint(DescribingEndpoint):
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
            return answer(*self.described([coupon]))

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class TestEndpoint(StepEndpoint):
    """Open to test customers."""

    step = staticmethod(lifecycle.test)


class SubmitEndpoint(StepEndpoint):
    """Hand in for review."""

    step = staticmethod(lifecycle.submit)


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
