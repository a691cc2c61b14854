"""Who may approve a merchant's coupons: its own staff, or the platform's where that reviews it."""

from coupons import platform
from coupons.caller import STAFF
from coupons.models import Membership, Merchant, Role, User
from coupons.staff import Area, Right, may


def may_approve(*, merchant: Merchant, user: User) -> bool:
    """Say whether a person may approve this merchant's coupons.

    Where the platform reviews them, that is who may publish there; a superuser works
    everywhere.
    """
    if not user.is_active or user.is_superuser:
        return bool(user.is_active)
    of = platform.current() if merchant.reviewed_by_platform else merchant
    if of is None:
        return False
    roles = Membership.objects.of(of).filter(user=user).values_list("role", flat=True)
    return any(may(role=Role(role), area=Area.COUPONS, right=Right.PUBLISH) for role in roles)


def actor_may_approve(*, merchant: Merchant, actor: str) -> bool:
    """Say the same of an actor as the journal names one; a program never may."""
    kind, _, name = actor.partition(":")
    user = User.objects.filter(username=name).first() if kind == STAFF else None
    return user is not None and may_approve(merchant=merchant, user=user)
