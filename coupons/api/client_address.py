"""Where a call comes from."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> Address | None:
    """Return the caller's address; None where there is none, as on a unix socket.

    `X-Forwarded-For` is believed as far as the trusted proxies have written it: each adds
    the address that it was called from at the end, so with one proxy the last is the caller.
    """
    trusted = settings.HEXIAO_TRUSTED_PROXIES
    named = request.headers.get("X-Forwarded-For", "") if trusted else ""
    if named:
        hops = named.split(",")
        return address_of(hops[-min(trusted, len(hops))])
    return address_of(request.META.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=1_000)
def address_of(text: str) -> Address | None:
    """Read an address as servers and proxies write it, with a port or without; None if none.

    An IPv4 address in IPv6 clothes (`::ffff:192.0.2.7`) is the IPv4 address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
