"""Who works for a merchant: added, given another role, removed."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from coupons import journal, redeemers, staff_groups
from coupons.errors import AlreadyExists, FieldError, NotAllowed, NotFound
from coupons.models import Channel, Membership, Merchant, Role, User


def add(
    *,
    merchant: Merchant,
    username: str,
    password: str,
    email: str,
    role: Role,
    by: str,
    at: datetime,
) -> Membership:
    """Make a person's account and the membership with it.

    Raises `AlreadyExists` for a taken user name: an account of another merchant's
    staff is not to be found out, or reached, from here.
    """
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=username,
            defaults={"email": email, "password": make_password(password), "is_staff": True},
        )
        if not made:
            raise AlreadyExists(
                errors=[FieldError("username", "This user name is taken; choose another.")]
            )
        membership = Membership.objects.create(merchant=merchant, user=user, role=role)
        staff_groups.follow(membership=membership)
        _record("staff.added", membership=membership, by=by, at=at)
    return membership


def change_role(*, membership: Membership, role: Role, by: str, at: datetime) -> Membership:
    """Give a member another role; raises `NotAllowed` for the last owner."""
    with transaction.atomic():
        if role != Role.OWNER:
            _keep_an_owner(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)
        membership.role = role
        staff_groups.follow(membership=membership)
        _record("staff.role_changed", membership=membership, by=by, at=at)
    return membership


def change(
    *, membership: Membership, role: Role, channel: Channel | None, by: str, at: datetime
) -> Membership:
    """Give a member a role, and bind them to a sales channel or to none.

    Raises `NotAllowed` for the last owner, `NotFound` for a channel of another merchant.
    """
    if channel is not None and channel.merchant_id != membership.merchant_id:
        raise NotFound("There is no such sales channel.")
    with transaction.atomic():
        before = Membership.objects.filter(pk=membership.pk).values_list("channel", flat=True)
        is_bound_anew = before.first() != (channel.pk if channel else None)
        change_role(membership=membership, role=role, by=by, at=at)
        if is_bound_anew:
            Membership.objects.filter(pk=membership.pk).update(channel=channel)
            membership.channel = channel
            journal.record(
                merchant=membership.merchant,
                type="staff.channel_changed",
                actor=by,
                at=at,
                data={
                    "user": membership.user.get_username(),
                    "channel": channel.slug if channel else None,
                },
            )
    return membership


def set_password(*, membership: Membership, password: str, by: str, at: datetime) -> None:
    """Give a member, who has forgotten theirs, a new password; their sessions end.

    Raises `NotAllowed` for an account that opens more than this merchant: whoever knows its
    password would be let in there too.
    """
    with transaction.atomic():
        user = membership.user
        elsewhere = Membership.objects.filter(user=user).exclude(merchant=membership.merchant_id)
        if user.is_superuser or elsewhere.exists():
            raise NotAllowed("This person works elsewhere too; only they can change the password.")
        User.objects.filter(pk=user.pk).update(password=make_password(password))
        _record("staff.password_set", membership=membership, by=by, at=at)


def remove(*, membership: Membership, by: str, at: datetime) -> None:
    """End a membership; the account stays. Raises `NotAllowed` for the last owner."""
    with transaction.atomic():
        _keep_an_owner(membership)
        _record("staff.removed", membership=membership, by=by, at=at)
        redeemers.leave(membership=membership)
        Membership.objects.filter(pk=membership.pk).delete()


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.of(membership.merchant_id).filter(role=Role.OWNER)
    # Locked, so that two owners who step down at once don't both find the other.
    standing = set(owners.select_for_update().values_list("pk", flat=True))
    if standing == {membership.pk}:
        raise NotAllowed("The merchant needs an owner; make somebody else one first.")


def _record(type: str, *, membership: Membership, by: str, at: datetime) -> None:
    journal.record(
        merchant=membership.merchant,
        type=type,
        actor=by,
        at=at,
        data={"user": membership.user.get_username(), "role": membership.role},
    )
