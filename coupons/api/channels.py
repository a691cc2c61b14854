"""`PUT` and `GET /channels/{slug}`."""

from django.http import HttpResponse
from msgspec import Struct
from rest_framework.request import Request

from coupons import channels
from coupons.api.bodies import read
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.errors import NotFound
from coupons.models import Channel


class ChannelBody(Struct):
    """A channel's name; a new one without it is called by its slug."""

    name: str | None = None


class ChannelAnswer(Struct):
    """A sales channel."""

    slug: str
    name: str


class ChannelEndpoint(Endpoint):
    """One sales channel."""

    scopes = {"PUT": ("manage",), "GET": ("manage",)}

    @describes(
        summary="Create or update a sales channel",
        body=ChannelBody,
        answers={201: ChannelAnswer, 200: ChannelAnswer},
        errors=(404,),
    )
    def put(self, request: Request, slug: str) -> HttpResponse:
        """Create or update a sales channel."""
        caller = caller_of(request)
        body = read(plain(request), ChannelBody)
        channel, is_new = channels.put(
            merchant=caller.merchant, slug=slug, name=body.name, by=caller.actor, at=self.at
        )
        return answer(_shown(channel), status=201 if is_new else 200)

    @describes(summary="Read a sales channel", answers={200: ChannelAnswer}, errors=(404,))
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Read a sales channel."""
        channel = Channel.objects.of(caller_of(request).merchant).filter(slug=slug).first()
        if channel is None:
            raise NotFound("There is no such channel.")
        return answer(_shown(channel))


def _shown(channel: Channel) -> ChannelAnswer:
    return ChannelAnswer(slug=channel.slug, name=channel.name)
