"""Groups of a merchant's staff: made, changed, deleted, and kept in step with the team."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet

from coupons import journal
from coupons.constraints import explained
from coupons.errors import NotFound
from coupons.models import Membership, Merchant, Role, StaffGroup, User


def create(
    *, merchant: Merchant, name: str, members: Iterable[User], by: str, at: datetime
) -> StaffGroup:
    """Make a group; raises `AlreadyExists` for a name that is taken, `NotFound` for a stranger."""
    people = _own(merchant=merchant, people=members)
    with explained(), transaction.atomic():
        group = _made(merchant=merchant, name=name)
        group.group.user_set.set(people)
        _record("created", group=group, by=by, at=at, members=_names(people))
    return group


def change(
    *, group: StaffGroup, name: str, members: Iterable[User], by: str, at: datetime
) -> StaffGroup:
    """Give a group another name and other members; it counts at once.

    Raises `AlreadyExists` for a name that is taken, `NotFound` for a stranger.
    """
    people = _own(merchant=group.merchant, people=members)
    with explained(), transaction.atomic():
        before = set(_names(group.group.user_set.all()))
        StaffGroup.objects.filter(pk=group.pk).update(name=name)
        group.name = name
        group.group.user_set.set(people)
        after = set(_names(people))
        changed = {"added": sorted(after - before), "removed": sorted(before - after)}
        _record("changed", group=group, by=by, at=at, **changed)
    return group


def delete(*, group: StaffGroup, by: str, at: datetime) -> None:
    """Delete a group, and with it what its members could redeem by it."""
    with transaction.atomic():
        _record("deleted", group=group, by=by, at=at, members=_names(members_of(group=group)))
        StaffGroup.objects.filter(pk=group.pk).delete()
        Group.objects.filter(pk=group.group_id).delete()


def members_of(*, group: StaffGroup) -> QuerySet[User]:
    """Return a group's members, by user name."""
    return group.group.user_set.order_by("username")


def all_clerks(*, merchant: Merchant) -> StaffGroup:
    """Return the group of all redemption clerks; the first time it is made, with its members."""
    kept = StaffGroup.objects.of(merchant).filter(is_all_clerks=True).first()
    if kept is not None:
        return kept
    with transaction.atomic():
        # A name that nobody can type into the form, which asks for some letter.
        group = _made(merchant=merchant, name="", is_all_clerks=True)
        clerks = Membership.objects.of(merchant).filter(role=Role.CLERK).values("user")
        group.group.user_set.set(User.objects.filter(pk__in=clerks))
    return group


def follow(*, membership: Membership) -> None:
    """Put a member into the group of all clerks, or take them out, as their role is now."""
    group = StaffGroup.objects.of(membership.merchant_id).filter(is_all_clerks=True).first()
    if group is None:
        return
    if membership.role == Role.CLERK:
        group.group.user_set.add(membership.user_id)
    else:
        group.group.user_set.remove(membership.user_id)


def leave(*, membership: Membership) -> None:
    """Take somebody out of every group of a merchant."""
    own = StaffGroup.objects.of(membership.merchant_id).values("group")
    User.groups.through.objects.filter(user=membership.user_id, group__in=own).delete()


def _made(*, merchant: Merchant, name: str, is_all_clerks: bool = False) -> StaffGroup:
    # Names of Django's groups are unique over all merchants; nobody ever sees this one.
    held = Group.objects.create(name=f"staff-{merchant.pk}-{uuid.uuid4().hex}")
    return StaffGroup.objects.create(
        merchant=merchant, name=name, group=held, is_all_clerks=is_all_clerks
    )


def _own(*, merchant: Merchant, people: Iterable[User]) -> list[User]:
    found = list(people)
    known = set(
        Membership.objects.of(merchant).filter(user__in=found).values_list("user", flat=True)
    )
    if known != {person.pk for person in found}:
        raise NotFound("There is no such staff member.")
    return found


def _names(people: Iterable[User]) -> list[str]:
    return sorted(person.get_username() for person in people)


def _record(what: str, *, group: StaffGroup, by: str, at: datetime, **data: Any) -> None:
    journal.record(
        merchant=group.merchant,
        type=f"staff_group.{what}",
        actor=by,
        at=at,
        data={"group": group.name, **data},
    )
