"""Partner pools over the API: codes set aside, and who has them."""

from datetime import datetime
from typing import Annotated

from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons import pooling
from coupons.api.bodies import read
from coupons.api.coupons import coupon_of
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated
from coupons.models import CodePool


class PoolBody(Struct):
    """For whom codes are set aside, and how many."""

    partner: Annotated[str, Meta(max_length=100)]
    count: int
    purpose: Annotated[str, Meta(max_length=200)] = ""


class PoolAnswer(Struct, kw_only=True):
    """A pool as it stands; `count` grows while `job` is still reserving."""

    id: int
    partner: str
    purpose: str
    count: int
    created_at: datetime
    exported_at: datetime | None
    released_at: datetime | None
    job: str | None = None


class CouponPoolsEndpoint(Endpoint):
    """The pools of a coupon."""

    scopes = {"GET": ("codes",), "POST": ("manage", "codes")}

    @describes(
        summary="List a coupon's partner pools",
        answers={200: Page[PoolAnswer]},
        query=QUERY,
        errors=(404, 422),
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """List the pools of a coupon, the newest first."""
        coupon = coupon_of(caller_of(request), slug)
        rows = CodePool.objects.of(coupon.merchant).filter(coupon=coupon)
        return paginated(request=request, rows=rows, ordering=("-id",), shape=pool_answer)

    @describes(
        summary="Reserve codes for a partner",
        body=PoolBody,
        answers={201: PoolAnswer},
        idempotent=True,
        errors=(404,),
    )
    def post(self, request: Request, slug: str) -> HttpResponse:
        """Set codes that nobody has had aside; above 10,000 in the background."""
        caller = caller_of(request)
        body = read(plain(request), PoolBody)

        def work() -> HttpResponse:
            pool = pooling.reserve(
                coupon=coupon_of(caller, slug),
                partner=body.partner,
                purpose=body.purpose,
                count=body.count,
                by=caller.actor,
                at=self.at,
            )
            told = pool_answer(pool)
            walk = pool.walks.first()
            told.job = str(walk.job_id) if walk else None
            return answer(told, status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def pool_answer(pool: CodePool) -> PoolAnswer:
    """Write a pool for a program."""
    return PoolAnswer(
        id=pool.pk,
        partner=pool.partner,
        purpose=pool.purpose,
        count=pool.count,
        created_at=pool.created_at,
        exported_at=pool.exported_at,
        released_at=pool.released_at,
    )
