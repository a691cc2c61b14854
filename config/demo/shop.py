"""The demo's merchant: one shop, one channel, three people."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from coupons import team
from coupons.caller import SYSTEM, staff_actor
from coupons.models import Channel, Membership, Merchant, Role, User

SLUG = "journey"
CURRENCY = "USD"
TIME_ZONE = "America/New_York"
ZONE = ZoneInfo(TIME_ZONE)
STAFF = {"owner": Role.OWNER, "operator": Role.OPERATOR, "clerk": Role.CLERK}


@dataclass(frozen=True, slots=True)
class Shop:
    """The merchant with what the loader needs of it; the people as the journal names them."""

    merchant: Merchant
    store: Channel
    operator: str
    clerk: str


def open_shop(*, password: str, at: datetime) -> Shop:
    """Return the demo's merchant; the first time it is made, with its channel and staff."""
    merchant = Merchant.objects.filter(slug=SLUG).first()
    if merchant is None:
        merchant = _founded(password=password, at=at)
    return Shop(
        merchant=merchant,
        store=Channel.objects.of(merchant).get(slug="store"),
        operator=_actor(merchant=merchant, role=Role.OPERATOR),
        clerk=_actor(merchant=merchant, role=Role.CLERK),
    )


def _founded(*, password: str, at: datetime) -> Merchant:
    with transaction.atomic():
        merchant = Merchant.objects.create(
            slug=SLUG,
            name="The Complete Journey",
            currency=CURRENCY,
            time_zone=TIME_ZONE,
            languages=["en", "zh-hans"],
        )
        Channel.objects.create(merchant=merchant, slug="store", name="Store")
        for name, role in STAFF.items():
            # An account that is there already belongs to somebody else.
            taken = User.objects.filter(username=name).exists()
            team.add(
                merchant=merchant,
                username=f"{SLUG}-{name}" if taken else name,
                password=password,
                email="",
                role=role,
                by=SYSTEM,
                at=at,
            )
    return merchant


def _actor(*, merchant: Merchant, role: Role) -> str:
    """Name who works there in that role; the visitor of the demo may have let them go."""
    working = Membership.objects.of(merchant).filter(role=role).select_related("user")
    first = working.order_by("pk").first()
    return staff_actor(first.user) if first else SYSTEM
