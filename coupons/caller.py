"""Who asks: the same few facts, whether a program calls or a person clicks."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from coupons.models import Merchant, User


@dataclass(frozen=True, slots=True)
class Caller:
    """One program or person at one merchant, and what it may do there."""

    merchant: Merchant
    #: As the journal names it: `key:AbCd1234`, `staff:alice`.
    actor: str
    scopes: frozenset[str] = frozenset()
    #: The one channel a key stands for; it wins over the cart's.
    channel_id: int | None = None
    channel: str | None = None
    #: The redemption method of what it redeems.
    method: str = "automatic"
    #: The key as a coupon names it: the prefix of the first of its line of successors.
    key: str | None = None
    #: Where it may call from; empty is anywhere.
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    #: How many calls a minute it may make, where that is not what every key may.
    rate_per_minute: int | None = None
    #: Set where the process remembers the caller from an earlier request: what the rows of
    #: key, merchant and channel looked like then. `redemption.keys` says how it is checked.
    stamp: str = ""
    #: By which the process remembers it.
    digest: bytes = b""

    # What Django REST framework and the log ask of a user.
    is_authenticated = True
    is_active = True

    @property
    def pk(self) -> str:
        """Name the caller for throttles and logs."""
        return self.actor


#: How the journal begins the name of a person.
STAFF = "staff"


def staff_actor(user: User) -> str:
    """Name a person as the journal does."""
    return f"{STAFF}:{user.get_username()}"


SYSTEM = "system"
