"""Webhook endpoints over the API."""

import uuid
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpResponse
from msgspec import Meta, Struct
from rest_framework.request import Request

from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.api.pages import QUERY, Page, paginated
from coupons.caller import Caller
from coupons.errors import NotFound
from redemption.models import WebhookEndpoint
from redemption.webhooks import addresses, endpoints


class WebhookEndpointBody(Struct, kw_only=True):
    """Where to call, for which types (none: all), and for which one coupon (its slug)."""

    url: Annotated[str, Meta(max_length=addresses.MAX_URL)]
    types: list[Annotated[str, Meta(max_length=40)]] = []
    coupon: Annotated[str, Meta(max_length=80)] | None = None


class WebhookEndpointAnswer(Struct, kw_only=True):
    """An endpoint as it stands."""

    id: str
    url: str
    types: list[str]
    coupon: str | None
    enabled: bool
    created_at: str


class NewWebhookEndpointAnswer(WebhookEndpointAnswer, kw_only=True):
    """A new endpoint, with its secret: shown this once."""

    secret: str


class NewSecretAnswer(Struct, kw_only=True):
    """The new secret, shown this once; until when the one before it signs too."""

    id: str
    secret: str
    previous_until: str


class WebhookEndpointsEndpoint(Endpoint):
    """All endpoints."""

    scopes = {"GET": ("manage",), "POST": ("manage",)}

    @describes(
        summary="List webhook endpoints",
        answers={200: Page[WebhookEndpointAnswer]},
        query=QUERY,
        errors=(422,),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the endpoints, the newest first."""
        rows = WebhookEndpoint.objects.of(caller_of(request).merchant).select_related("coupon")
        return paginated(
            request=request, rows=rows, ordering=("-created_at", "-id"), shape=described
        )

    @describes(
        summary="Create a webhook endpoint",
        body=WebhookEndpointBody,
        answers={201: NewWebhookEndpointAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Create an endpoint; its secret is in this answer and in no other."""
        caller = caller_of(request)
        body = read(plain(request), WebhookEndpointBody)
        address = addresses.looked_at(url=body.url, private=settings.HEXIAO_ALLOW_PRIVATE_WEBHOOKS)

        def work() -> HttpResponse:
            row = endpoints.create(
                merchant=caller.merchant,
                address=address,
                types=body.types,
                coupon=body.coupon,
                by=caller.actor,
                at=self.at,
            )
            return answer({**described(row), "secret": row.secret}, status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


class WebhookEndpointEndpoint(Endpoint):
    """One endpoint."""

    scopes = {"GET": ("manage",), "DELETE": ("manage",)}

    @describes(
        summary="Read a webhook endpoint", answers={200: WebhookEndpointAnswer}, errors=(404,)
    )
    def get(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        """Read an endpoint, without its secret."""
        return answer(described(endpoint_of(caller_of(request), endpoint_id)))

    @describes(
        summary="Delete a webhook endpoint", answers={200: WebhookEndpointAnswer}, errors=(404,)
    )
    def delete(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        """Remove an endpoint with its deliveries; answers what it was."""
        caller = caller_of(request)
        row = endpoint_of(caller, endpoint_id)
        endpoints.delete(endpoint=row, by=caller.actor, at=self.at)
        return answer(described(row))


class WebhookSecretEndpoint(Endpoint):
    """An endpoint's secret."""

    scopes = {"POST": ("manage",)}

    @describes(
        summary="Give a webhook endpoint a new secret",
        answers={201: NewSecretAnswer},
        idempotent=True,
        errors=(404,),
    )
    def post(self, request: Request, endpoint_id: uuid.UUID) -> HttpResponse:
        """Make a new secret; the one before it signs too for 24 hours."""
        caller = caller_of(request)

        def work() -> HttpResponse:
            row = endpoints.rotate(
                endpoint=endpoint_of(caller, endpoint_id), by=caller.actor, at=self.at
            )
            until = row.previous_until
            shown = {"id": str(row.pk), "secret": row.secret}
            return answer({**shown, "previous_until": until and until.isoformat()}, status=201)

        return once(request=plain(request), caller=caller, at=self.at, work=work)


def endpoint_of(caller: Caller, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    """Return the caller's endpoint of that id, or raise `NotFound`."""
    rows = WebhookEndpoint.objects.of(caller.merchant).select_related("coupon", "merchant")
    row = rows.filter(pk=endpoint_id).first()
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return row


def described(row: WebhookEndpoint) -> dict[str, Any]:
    """Bring an endpoint into the form of the contract."""
    return {
        "id": str(row.pk),
        "url": row.url,
        "types": row.types,
        "coupon": row.coupon.slug if row.coupon else None,
        "enabled": row.disabled_at is None,
        "created_at": row.created_at.isoformat(),
    }
