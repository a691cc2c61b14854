"""Where a webhook may go: a public address, looked up once and connected to as checked.

A name is resolved here and nowhere else. The sender connects to the addresses that this
module has passed, so that a name cannot point elsewhere between the check and the call.
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from coupons.errors import FieldError, Invalid

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Turns a host and a port into the addresses it has; raises `OSError` if it has none.
Resolver = Callable[[str, int], Sequence[str]]

MAX_URL = 2_000
#: Below 1024 listen the services of a machine; these two are for the web.
WEB_PORTS = frozenset({80, 443})
#: The addresses of IPv6 that carry one of IPv4 (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class AddressRefused(Exception):
    """An address that no webhook may go to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to connect to: the URL, and the addresses that have been checked."""

    url: httpx.URL
    addresses: tuple[Address, ...]


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for a host's addresses."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def parsed(*, url: str, private: bool) -> httpx.URL:
    """Read a URL that webhooks may go to, as far as the text tells; `Invalid` says why not.

    `private` allows plain HTTP, and any port.
    """
    try:
        found = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise _wrong("This is not a URL.") from None
    if len(url) > MAX_URL or not url.isprintable() or " " in url:
        raise _wrong("This is not a URL.")
    if found.scheme not in ("http", "https") or not found.host:
        raise _wrong("The URL begins with https:// and names a host.")
    if found.scheme == "http" and not private:
        raise _wrong("Webhooks go over HTTPS only.")
    if found.userinfo:
        raise _wrong("The URL must not have a user name or password.")
    if found.fragment:
        raise _wrong("The URL must not have a fragment.")
    port = found.port
    if port is not None and not (private or port in WEB_PORTS or 1024 <= port <= 65_535):
        raise _wrong("The port is 80, 443 or one above 1023.")
    return found


def target(*, url: str, private: bool, resolve: Resolver = look_up) -> Target:
    """Look a URL's host up and check each address it has.

    Raises `Invalid` for a URL that is none, `AddressRefused` if any address is not
    public and `private` ones are not allowed, and `OSError` if the name has none.
    """
    found = parsed(url=url, private=private)
    port = found.port or (443 if found.scheme == "https" else 80)
    try:
        texts = resolve(found.raw_host.decode("ascii").strip("[]"), port)
    except UnicodeError as error:
        raise OSError("There is no such host.") from error
    addresses = tuple(ipaddress.ip_address(text) for text in texts)
    if not addresses:
        raise OSError("The host has no address.")
    if not private and not all(is_public(address) for address in addresses):
        raise AddressRefused("Webhooks do not go to private or local addresses.")
    return Target(url=found, addresses=addresses)


@dataclass(frozen=True, slots=True)
class Looked:
    """A URL that has been looked at, and what is wrong with it, if anything."""

    url: str
    problem: Invalid | None


def looked_at(*, url: str, private: bool, resolve: Resolver = look_up) -> Looked:
    """Look at a URL for a new endpoint; not in a transaction, since a look-up can take seconds.

    A name that has no address now may be about to get one; each delivery looks again.
    """
    problem: Invalid | None = None
    try:
        parsed(url=url, private=private)
        if not private:
            target(url=url, private=False, resolve=resolve)
    except Invalid as error:
        problem = error
    except AddressRefused as error:
        problem = _wrong(str(error))
    except OSError:
        pass
    return Looked(url=url, problem=problem)


def is_public(address: Address) -> bool:
    """Say whether an address is one of the open internet, and so is any it carries inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = _inside(address)
        if inside is not None:
            return is_public(inside)
        if address.is_site_local or address.scope_id is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the address of IPv4 that one of IPv6 stands for."""
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _wrong(message: str) -> Invalid:
    return Invalid(errors=[FieldError("url", message)])
