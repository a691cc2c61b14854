"""Who may redeem a coupon by hand: people and groups, named and gone, one merchant's only."""

from typing import Any

import pytest

from coupons import redeemers, staff_groups, team
from coupons.errors import AlreadyExists, NotFound
from coupons.models import Coupon, JournalEntry, Membership, Role, StaffGroup, User
from coupons.redeemers import Redeemers
from tests.people import People, Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

BY: dict[str, Any] = {"by": "staff:alice", "at": NOW}


@pytest.fixture
def people() -> People:
    return People.meet()


@pytest.fixture
def coupon(people: People) -> Coupon:
    return a_coupon(people, "ten-off")


@pytest.fixture
def cleo(people: People) -> Person:
    return person("cleo", people.acme, Role.CLERK)


def a_coupon(people: People, slug: str, *, other: bool = False) -> Coupon:
    shop = Shop(people.other if other else people.acme, Shop.open(f"unused-{slug}").api)
    shop.api = shop.with_scopes("manage", "publish")
    shop.coupon(slug)
    return Coupon.objects.select_related("merchant", "counter").get(slug=slug)


def may(coupon: Coupon, *who: Person) -> list[bool]:
    """Ask for each, as the rights stand now."""
    fresh = [User.objects.get(pk=each.user.pk) for each in who]
    return [redeemers.may_redeem(user=user, coupon=coupon) for user in fresh]


def allow(coupon: Coupon, **who: Any) -> int:
    return redeemers.allow(merchant=coupon.merchant, coupons=[coupon], who=Redeemers(**who), **BY)


def told() -> list[tuple[str, str, Any]]:
    entries = JournalEntry.objects.filter(type__contains="redeemers_").order_by("id")
    return [(each.type, each.actor, each.data) for each in entries]


def test_at_first_only_the_owner_may(people: People, coupon: Coupon, cleo: Person) -> None:
    assert (
        may(coupon, people.alice, people.bob, cleo, people.charlie) == [True, False] + [False] * 2
    )


def test_a_person_who_is_named_may_and_it_is_told(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    other = a_coupon(people, "other-one")
    assert allow(coupon, people=[cleo.user]) == 1
    assert may(coupon, cleo, people.bob) == [True, False]
    assert may(other, cleo) == [False]
    assert cleo.user.has_perm("coupons.redeem_coupon", coupon)
    # Once more says nothing new.
    assert allow(coupon, people=[cleo.user]) == 0
    gone = {"merchant": coupon.merchant, "coupons": [coupon], **BY}
    assert redeemers.disallow(who=Redeemers(people=[cleo.user]), **gone) == 1
    assert may(coupon, cleo) == [False]
    named = {"people": ["cleo"], "groups": []}
    assert told() == [
        ("coupon.redeemers_allowed", "staff:alice", named),
        ("coupon.redeemers_disallowed", "staff:alice", named),
    ]


def test_a_groups_members_may_as_long_as_they_are_in_it(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    group = staff_groups.create(merchant=people.acme, name="Evening", members=[cleo.user], **BY)
    allow(coupon, groups=[group])
    assert may(coupon, cleo, people.bob) == [True, False]
    staff_groups.change(group=group, name="Night", members=[people.bob.user], **BY)
    assert may(coupon, cleo, people.bob) == [False, True]
    assert redeemers.redeemers_of(coupon=coupon).groups[0].name == "Night"
    staff_groups.delete(group=group, **BY)
    assert may(coupon, cleo, people.bob) == [False, False]
    assert not redeemers.redeemers_of(coupon=coupon)
    entries = JournalEntry.objects.filter(type__startswith="staff_group.").order_by("id")
    assert [(each.type, each.data) for each in entries] == [
        ("staff_group.created", {"group": "Evening", "members": ["cleo"]}),
        ("staff_group.changed", {"group": "Night", "added": ["bob"], "removed": ["cleo"]}),
        ("staff_group.deleted", {"group": "Night", "members": ["bob"]}),
    ]


def test_all_clerks_are_whoever_is_a_clerk_now(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    allow(coupon, all_clerks=True)
    assert may(coupon, cleo, people.bob) == [True, False]
    new = team.add(
        merchant=people.acme, username="dora", password="x" * 12, email="", role=Role.CLERK, **BY
    )
    assert redeemers.may_redeem(user=new.user, coupon=coupon)
    team.change_role(membership=Membership.objects.get(user=cleo.user), role=Role.ANALYST, **BY)
    bob = Membership.objects.get(user=people.bob.user)
    team.change_role(membership=bob, role=Role.CLERK, **BY)
    assert may(coupon, cleo, people.bob) == [False, True]
    # Another merchant's clerks are others.
    assert may(coupon, person("chloe", people.other, Role.CLERK)) == [False]


def test_whoever_is_removed_may_nothing_at_once(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    group = staff_groups.create(merchant=people.acme, name="Day", members=[cleo.user], **BY)
    allow(coupon, people=[cleo.user], groups=[group], all_clerks=True)
    membership = Membership.objects.get(user=cleo.user)
    team.remove(membership=membership, **BY)
    assert may(coupon, cleo) == [False]
    assert list(staff_groups.members_of(group=group)) == []
    # Back on the team, nothing has stayed from before.
    Membership.objects.create(merchant=people.acme, user=cleo.user, role=Role.ANALYST)
    assert may(coupon, cleo) == [False]


def test_a_membership_that_is_just_gone_ends_the_right_too(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    allow(coupon, people=[cleo.user])
    Membership.objects.filter(user=cleo.user).delete()
    assert may(coupon, cleo) == [False]
    assert redeemers.redeemers_of(coupon=coupon).people == []


def test_who_works_for_two_merchants_has_rights_at_each_apart(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    Membership.objects.create(merchant=people.other, user=cleo.user, role=Role.CLERK)
    theirs = a_coupon(people, "theirs", other=True)
    allow(theirs, people=[cleo.user])
    assert (may(coupon, cleo), may(theirs, cleo)) == ([False], [True])
    group = staff_groups.create(merchant=people.other, name="G", members=[cleo.user], **BY)
    allow(coupon, people=[cleo.user])
    team.remove(membership=Membership.objects.get(merchant=people.acme, user=cleo.user), **BY)
    assert (may(coupon, cleo), may(theirs, cleo)) == ([False], [True])
    assert list(staff_groups.members_of(group=group)) == [cleo.user]


def test_an_account_that_is_switched_off_may_nothing(people: People, coupon: Coupon) -> None:
    User.objects.filter(pk=people.alice.user.pk).update(is_active=False)
    assert may(coupon, people.alice) == [False]


def test_nothing_of_another_merchant_can_be_named(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    group = staff_groups.create(
        merchant=people.other, name="Theirs", members=[people.charlie.user], **BY
    )
    theirs = a_coupon(people, "theirs", other=True)
    with nothing_changes():
        for who in ({"people": [people.charlie.user]}, {"groups": [group]}):
            with pytest.raises(NotFound):
                allow(coupon, **who)
        with pytest.raises(NotFound):
            redeemers.allow(
                merchant=people.acme, coupons=[theirs], who=Redeemers(people=[cleo.user]), **BY
            )
        with pytest.raises(NotFound):
            staff_groups.create(merchant=people.acme, name="X", members=[people.charlie.user], **BY)


def test_a_name_is_given_once_at_a_merchant(people: People) -> None:
    group = staff_groups.create(merchant=people.acme, name="Day", members=[], **BY)
    second = staff_groups.create(merchant=people.acme, name="Night", members=[], **BY)
    staff_groups.create(merchant=people.other, name="Day", members=[], **BY)
    with nothing_changes():
        with pytest.raises(AlreadyExists):
            staff_groups.create(merchant=people.acme, name="Day", members=[], **BY)
        with pytest.raises(AlreadyExists):
            staff_groups.change(group=second, name="Day", members=[], **BY)
    assert group.name == "Day"


# --- in the console ---


def test_the_owner_makes_renames_and_deletes_a_group(people: People, cleo: Person) -> None:
    alice = people.alice
    made = alice.post("/coupons/staffgroup/add/", name="Evening", members=[cleo.user.pk])
    assert made.status_code == 302
    group = StaffGroup.objects.get()
    page = f"/coupons/staffgroup/{group.pk}/change/"
    assert alice.post(page, name="Night", members=[people.bob.user.pk]).status_code == 302
    group.refresh_from_db()
    assert (group.name, list(staff_groups.members_of(group=group))) == ("Night", [people.bob.user])
    with nothing_changes():
        refused = alice.post(page, name="Night", members=[people.charlie.user.pk])
        assert "members" in refused.context["form"].errors
        assert people.charlie.get(page).status_code == 404
        assert people.charlie.post(page, name="Mine").status_code == 404
    deleted = alice.post(f"/coupons/staffgroup/{group.pk}/delete/", post="yes")
    assert (deleted.status_code, StaffGroup.objects.count()) == (302, 0)


def test_several_coupons_are_opened_to_people_from_the_list(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    second = a_coupon(people, "second")
    ticked = people.bob.post(
        "/coupons/coupon/", action="say_who", _selected_action=[coupon.pk, second.pk]
    )
    page = f"/coupons/coupon/redeemers/?coupon={coupon.pk}&coupon={second.pk}"
    assert (ticked.status_code, ticked["Location"]) == (302, page)
    assert people.bob.get(page).status_code == 200
    with nothing_changes():
        empty = people.bob.post(page, what="allow")
        assert empty.context["form"].non_field_errors() == ["Choose at least one person or group."]
        people.bob.post(page, what="allow", people=[people.charlie.user.pk])
        for who in (people.charlie, cleo):
            assert who.post(page, what="allow", people=[cleo.user.pk]).status_code == 404
        # It asks first, naming whom; and going back changes nothing.
        asked = people.bob.post(page, what="allow", people=[cleo.user.pk])
        assert (asked.context["names"], len(asked.context["coupons"])) == (["cleo"], 2)
        form = people.bob.post(page, what="allow", people=[cleo.user.pk], back="yes")
        assert form.context["form"]["people"].value() == [str(cleo.user.pk)]
    sure = {"people": [cleo.user.pk], "sure": "yes"}
    assert people.bob.post(page, what="allow", **sure).status_code == 302
    assert [may(each, cleo) for each in (coupon, second)] == [[True], [True]]
    assert (
        b"Take the right" in people.bob.post(page, what="disallow", people=[cleo.user.pk]).content
    )
    people.bob.post(page, what="disallow", **sure)
    assert [may(each, cleo) for each in (coupon, second)] == [[False], [False]]
    assert len(told()) == 4


def test_a_group_and_all_clerks_are_given_and_taken_for_many_coupons(
    people: People, coupon: Coupon, cleo: Person
) -> None:
    coupons = [coupon, *(a_coupon(people, f"c-{n}") for n in range(3))]
    group = staff_groups.create(merchant=people.acme, name="Day", members=[people.bob.user], **BY)
    page = "/coupons/coupon/redeemers/?" + "&".join(f"coupon={each.pk}" for each in coupons)
    form = {"groups": [group.pk], "all_clerks": "on"}
    asked = people.alice.post(page, what="allow", **form)
    assert asked.context["names"] == ["All redemption clerks", "Day"]
    people.alice.post(page, what="allow", sure="yes", **form)
    assert [may(each, people.bob, cleo) for each in coupons] == [[True, True]] * 4
    people.alice.post(page, what="disallow", sure="yes", groups=[group.pk])
    assert [may(each, people.bob, cleo) for each in coupons] == [[False, True]] * 4
