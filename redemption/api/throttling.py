"""How often a key may call."""

import time
from typing import cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from coupons.api.client_address import client_address
from coupons.caller import Caller
from redemption import metering
from redemption.errors import TooManyRequests


class KeyRate(BaseThrottle):
    """Let each key call so often a minute; by the real clock, whatever `X-Test-Clock` says."""

    def allow_request(self, request: Request, view: object) -> bool:
        """Count the call; raise `TooManyRequests` above the key's rate."""
        caller = cast(Caller | None, request.user)
        if caller is None:
            return True
        most = caller.rate_per_minute or settings.HEXIAO_RATE_PER_MINUTE
        wait = metering.call(
            prefix=caller.actor.removeprefix("key:"),
            most=most,
            address=str(client_address(request._request) or ""),
            now=time.time(),
        )
        if wait:
            raise TooManyRequests(
                f"The key may make {most} calls a minute.",
                retry_after=wait,
            )
        return True
