"""One HTTP call to one endpoint: signed, bounded in time, and to a checked address only.

Knows no database. Redirects are not followed, proxies and cookies not used, and no more
than the beginning of the answer is read.
"""

import asyncio
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import httpx
from django.utils.translation import gettext_noop
from standardwebhooks import Webhook

from coupons.errors import Invalid
from redemption.webhooks.addresses import AddressRefused, Resolver, Target, look_up, target

#: For the whole call, from the connection to the answer.
SECONDS = 10
#: For the text of an answer whose status is there already.
TEXT_SECONDS = 2
#: Bytes of the answer that are kept.
KEPT = 1_024
USER_AGENT = "Hexiao-Webhooks/1"

TIMED_OUT = gettext_noop("No answer within 10 seconds.")
NO_HOST = gettext_noop("The host name has no address.")
REFUSED = gettext_noop("The address is private or local; no webhook goes there.")
NO_CONNECTION = gettext_noop("The connection failed or broke off.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: the HTTP status, if any; the answer's beginning; how long it took."""

    status: int | None
    answer: str
    ms: int

    @property
    def delivered(self) -> bool:
        """Say whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Say whether the receiver wants nothing any more."""
        return self.status == 410


def signed(*, secrets: list[str], event: str, body: str, at: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks, with a signature of each secret."""
    utc = at.astimezone(UTC)
    return {
        "webhook-id": event,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(event, utc, body) for key in secrets),
    }


def post(
    *,
    url: str,
    headers: dict[str, str],
    body: str,
    private: bool,
    resolve: Resolver = look_up,
) -> Outcome:
    """Make the call, and say what came of it; nothing that a receiver does is raised."""
    began = time.monotonic_ns()
    status, answer = None, ""
    try:
        to = target(url=url, private=private, resolve=resolve)
        status, raw = asyncio.run(_call(to, headers, body.encode()))
        answer = raw[:KEPT].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    except (AddressRefused, Invalid):
        answer = REFUSED
    except (TimeoutError, httpx.TimeoutException):
        answer = TIMED_OUT
    except (httpx.HTTPError, ssl.SSLError):
        answer = NO_CONNECTION
    except OSError:
        answer = NO_HOST
    return Outcome(status=status, answer=answer, ms=(time.monotonic_ns() - began) // 1_000_000)


@cache
def _tls() -> ssl.SSLContext:
    """Return the context of all calls; making one takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


async def _call(to: Target, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Try the checked addresses in turn until one takes the connection."""
    async with (
        asyncio.timeout(SECONDS),
        httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=SECONDS) as client,
    ):
        *others, last = to.addresses
        for address in others:
            try:
                return await _ask(client, to, str(address), headers, body)
            except httpx.ConnectError:
                continue
        return await _ask(client, to, str(last), headers, body)


async def _ask(
    client: httpx.AsyncClient, to: Target, address: str, headers: dict[str, str], body: bytes
) -> tuple[int, bytes]:
    """Call one address under the URL's own name, in the Host header and towards TLS."""
    request = client.build_request(
        "POST",
        to.url.copy_with(host=address),
        content=body,
        headers={
            "Host": to.url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": USER_AGENT,
            **headers,
        },
        extensions={"sni_hostname": to.url.raw_host.decode("ascii").strip("[]")},
    )
    response = await client.send(request, stream=True, follow_redirects=False)
    try:
        return response.status_code, await _beginning(response)
    finally:
        await response.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    """Read what is kept of an answer, as far as it comes: its status has said what counts."""
    read = b""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(TEXT_SECONDS):
            async for part in response.aiter_raw():
                read += part
                if len(read) >= KEPT:
                    break
    return read
