"""Coupons over the API: created, changed, moved through their life."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from coupons import changing, checking, describing, history, replacing
from coupons.api.bodies import raw_body, read, read_object
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated_together
from coupons.caller import Caller
from coupons.describing import Counted
from coupons.errors import NotFound
from coupons.lifecycle import VERBS
from coupons.models import Coupon
from coupons.states import Move, ReasonAsked

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


class Warned(Struct):
    """What a check before publishing warned of, at a place of the definition."""

    code: str
    field: str
    message: str


class PublishedAnswer(CouponAnswer):
    """A coupon that was published, with what the checks warned of; that stopped nothing."""

    warnings: list[Warned]


class Happened(Struct, omit_defaults=True):
    """One thing that happened to a coupon."""

    at: datetime
    actor: str
    type: str
    version: int | None = None
    fields: list[str] | None = None
    reason: str | None = None


class WordsAnswer(Struct):
    """A coupon's terms in plain words: the headline, and short sentences."""

    headline: str
    sentences: list[str]


class CouponRead(CouponAnswer):
    """One coupon with its terms by language, what happened to it, and whose place it takes."""

    terms: dict[str, WordsAnswer]
    replaces: str | None
    replaced_by: str | None
    history: list[Happened]


class ReplacementBody(Struct, forbid_unknown_fields=True):
    """How the new coupon begins: its slug, and what goes over once it is published."""

    slug: str | None = None
    moves_codes: bool = True
    moves_shared_code: bool = True


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
            coupon = changing.create(
                merchant=caller.merchant, body=body, by=caller.actor, at=self.at
            )
            return answer(*self.described([coupon]), status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class CouponEndpoint(DescribingEndpoint):
    """One coupon."""

    scopes = {"GET": READ, "PATCH": ("manage",)}

    @describes(summary="Read a coupon", answers={200: CouponRead}, errors=(404,))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Read a coupon's definition, state, counters, terms in plain words, and history."""
        coupon = coupon_of(caller_of(request), slug)
        old, new = replacing.replaces(coupon=coupon), replacing.replaced_by(coupon=coupon)
        (described,) = self.described([coupon])
        beside = {
            "terms": describing.in_words(coupon=coupon, definition=described),
            "replaces": old.slug if old else None,
            "replaced_by": new.slug if new else None,
            "history": history.described(coupon=coupon, at=self.at),
        }
        return answer({**described, **beside})

    @describes(
        summary="Change a coupon",
        body=dict[str, Any],
        answers={200: CouponAnswer},
        errors=(404, 409),
    )
    def patch(self, request: Request, slug: str) -> HttpResponse:
        """Change the fields of the body; the rest stays."""
        caller = caller_of(request)
        coupon = changing.change(
            coupon=coupon_of(caller, slug),
            body=read_object(plain(request)),
            by=caller.actor,
            at=self.at,
        )
        return answer(*self.described([coupon]))


class ReasonBody(Struct):
    """Why; kept in the journal and shown on the coupon's page. At most 1,000 characters."""

    reason: str | None = None


#: What each address says of itself in the document.
SUMMARIES = {
    "test": "Open a draft to test customers",
    "withdraw": "Take a coupon back from test, review or approval",
    "submit": "Hand a coupon in for review",
    "publish": "Publish a coupon",
    "pause": "Pause a coupon",
    "resume": "Let a paused coupon go on",
    "end": "End a coupon early",
}


class ReplacementEndpoint(DescribingEndpoint):
    """A new coupon in the place of one that is out."""

    scopes = {"POST": ("manage",)}

    @describes(
        summary="Replace with a new coupon",
        body=ReplacementBody,
        answers={201: CouponAnswer},
        idempotent=True,
        errors=(404, 409),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Create a draft that copies the coupon and takes its place once it is published."""
        caller = caller_of(request)
        body = read(plain(request), ReplacementBody)

        def work() -> HttpResponse:
            new = replacing.replace(
                coupon=coupon_of(caller, slug),
                by=caller.actor,
                at=self.at,
                slug=body.slug,
                moves_codes=body.moves_codes,
                moves_shared_code=body.moves_shared_code,
            )
            return answer(*self.described([new]), status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def step_endpoint(move: Move) -> type[Endpoint]:
    """Make the address of one step of a coupon's life."""
    asks = move.reason is not ReasonAsked.NEVER

    class StepEndpoint(DescribingEndpoint):
        """One step of a coupon's life."""

        scopes = {"POST": (str(move.scope),)}

        @describes(
            summary=SUMMARIES[move.verb],
            body=ReasonBody if asks else None,
            answers={200: PublishedAnswer if move.verb == "publish" else CouponAnswer},
            idempotent=True,
            errors=(404,),
        )
        def post(self, request: Request, slug: str) -> HttpResponse:
            """Take the step; an empty body gives no reason."""
            caller = caller_of(request)
            why = {"reason": _reason(plain(request))} if asks else {}

            def work() -> HttpResponse:
                coupon = VERBS[move.verb](
                    coupon=coupon_of(caller, slug), by=caller.actor, at=self.at, **why
                )
                told = self.described([coupon])[0]
                if move.verb == "publish":
                    told["warnings"] = _warnings(coupon, at=self.at)
                return answer(told)

            return once(request=plain(request), caller=caller, at=self.at, work=work)

    return StepEndpoint


def _warnings(coupon: Coupon, *, at: datetime) -> list[dict[str, str]]:
    """Say what the checks warn of; for a program that stops nothing."""
    return [
        {"code": each.code, "field": each.field, "message": each.english}
        for each in checking.warnings(coupon=coupon, at=at)
    ]


def _reason(request: HttpRequest) -> str:
    if not raw_body(request).strip():
        return ""
    return read(request, ReasonBody).reason or ""


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
