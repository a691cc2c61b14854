"""The households, each with a tag for every campaign it was sent."""

from datetime import datetime

import pyarrow as pa

from campaigns.models import Customer
from config.demo.copying import constant, copy_in
from config.demo.progress import Told
from config.demo.shop import TIME_ZONE, Shop
from config.demo.source import Source


def are_there(*, shop: Shop) -> bool:
    """Say whether the customers are loaded; they come all or none."""
    return Customer.objects.of(shop.merchant).exists()


def tag(campaign: int) -> str:
    """Name the tag of those who were sent a campaign; its coupons ask for it."""
    return f"campaign-{campaign}"


def load(*, shop: Shop, source: Source, at: datetime, told: Told) -> dict[str, int]:
    """Load every household with its tags; return how many of each."""
    invited: dict[int, list[str]] = {}
    invitations = sorted(source.invitations())
    for household, campaign in invitations:
        invited.setdefault(household, []).append(tag(campaign))
    households = source.households()
    table = pa.table({"ref": pa.array([str(household) for household in households])})
    tags = ["{" + ",".join(invited.get(household, ())) + "}" for household in households]
    empty = constant("", like=table)
    rows = pa.table(
        {
            "merchant_id": constant(shop.merchant.pk, like=table),
            "ref": table["ref"],
            "tags": pa.array(tags),
            "country": constant("US", like=table),
            "language": constant("en", like=table),
            "time_zone": constant(TIME_ZONE, like=table),
            **dict.fromkeys(("email", "phone", "tier", "source"), empty),
            "is_test": constant(False, like=table),
            "consents": constant("{}", like=table),
            "paid_orders": constant(0, like=table),
            "created_at": constant(at.isoformat(), like=table),
        }
    )
    copy_in(into="campaigns_customer", rows=rows)
    told(len(households))
    return {"customers": len(households), "invitations": len(invitations)}
