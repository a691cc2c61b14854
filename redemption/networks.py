"""The networks that a key may be used from, and addresses in them."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from coupons.errors import FieldError, Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MOST = 50
#: The length of the prefix `::ffff:0:0`, in which IPv6 writes IPv4 addresses.
MAPPED = 96


def normal(texts: Iterable[str]) -> list[str]:
    """Return networks in their shortest form, each once.

    An address stands for itself: `192.0.2.7` is `192.0.2.7/32`. Raises `Invalid` naming
    each entry that is no network.
    """
    found: list[str] = []
    errors = []
    for index, text in enumerate(texts):
        try:
            network = str(_network(text.strip()))
        except Invalid as error:
            errors.append(FieldError(f"allowed_networks.{index}", error.detail))
            continue
        if network not in found:
            found.append(network)
    if len(found) > MOST:
        errors.append(FieldError("allowed_networks", f"Send at most {MOST} entries."))
    if errors:
        raise Invalid(errors=errors)
    return found


def _network(text: str) -> Network:
    try:
        if "%" in text:
            # A zone (`%eth0`) means something on one machine only.
            raise ValueError(text)
        network = ip_network(text, strict=False)
        address = ip_address(text.partition("/")[0])
    except ValueError as error:
        told = "This is no IPv4 or IPv6 address or network, such as 192.0.2.0/24."
        raise Invalid(told) from error
    if "/" in text and address != network.network_address:
        raise Invalid(f"The address is longer than its prefix; write {network} for the network.")
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped and network.prefixlen >= MAPPED:
        return ip_network((mapped, network.prefixlen - MAPPED))
    return network


def parsed(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read networks that were checked when they were stored."""
    return tuple(ip_network(text) for text in texts)


def contains(*, networks: tuple[Network, ...], address: Address | None) -> bool:
    """Tell whether an address lies in one of the networks; where there are none, any does."""
    return not networks or (address is not None and any(address in each for each in networks))
