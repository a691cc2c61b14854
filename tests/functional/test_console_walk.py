"""Every address of the console: closed to other merchants' staff, and to roles without the right.

The addresses come from the resolver, and the rows by their models, so a new page is walked
without a change here; one that the walk can't place fails the first test.
"""

import uuid
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model

from coupons import redeemers
from coupons.models import Coupon, Merchant, Role, User
from coupons.redeemers import Redeemers
from coupons.staff import Area, Right, may
from tests.console_addresses import BESIDE, OF_THE_PLATFORM, Address, every_address, unknown
from tests.everything import shop_with_everything
from tests.people import People, Person, person
from tests.shop import NOW
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db

#: What a page needs that is more, or other, than its model's area says: (to open, to send).
NEEDS: dict[str, tuple[tuple[Area, Right], tuple[Area, Right]]] = {
    **{
        f"coupons_coupon_{page}": ((Area.CODES, Right.CHANGE),) * 2
        for page in ("codes", "print", "print_preview", "print_sample")
    },
    "coupons_job_result": ((Area.CODES, Right.CHANGE),) * 2,
    "coupons_coupon_reserve": ((Area.PARTNERS, Right.CHANGE),) * 2,
    **{
        f"coupons_coupon_{page}": ((Area.COUPONS, Right.CHANGE),) * 2
        for page in (
            "edit",
            "replace",
            "redeemers",
            "methods",
            "batch_template",
            "preview",
            "pictures",
        )
    },
    # The reviewers' list is theirs; whoever sees a coupon may say something about it.
    **{
        f"coupons_couponinreview_{page}": ((Area.COUPONS, Right.PUBLISH),) * 2
        for page in ("changelist", "history", "save_filter", "forget_filter")
    },
    **{
        f"coupons_couponinreview_{page}": (
            (Area.COUPONS, Right.PUBLISH),
            (Area.COUPONS, Right.CHANGE),
        )
        for page in ("change", "add", "delete")
    },
    **{
        f"coupons_sheetimport_{page}": ((Area.CODES, Right.CHANGE),) * 2
        for page in (
            *("changelist", "change", "history", "save_filter", "forget_filter", "progress"),
            *("upload", "template", "apply", "cancel"),
        )
    },
    "coupons_couponinreview_comment": ((Area.COUPONS, Right.VIEW),) * 2,
    "redemption_order_use": ((Area.REDEMPTIONS, Right.CHANGE),) * 2,
    "redemption_trial": ((Area.COUPONS, Right.VIEW),) * 2,
    "redemption_trial_products": ((Area.PRODUCTS, Right.VIEW),) * 2,
    "redemption_trial_orders": ((Area.ORDERS, Right.VIEW),) * 2,
}
#: Steps that another right than `change` opens.
PUBLISHING = {"publish", "approve", "refuse", "resume"}
#: Pages that whoever may look may send: they change nothing but what is the person's own.
OWN_AFFAIR = (
    "_changelist",
    "_save_filter",
    "_forget_filter",
    "_history",
    "_progress",
    "_why",
)
#: A page that shows, however it is asked.
SHOWN_ONLY = {
    "redemption_redemptionbatch_result", "redemption_redemptionbatch_template",
    "coupons_coupon_change", "coupons_coupon_version", "coupons_product_offers",
    "coupons_category_offers", "coupons_code_change", "coupons_codepool_change",
}  # fmt: skip
LOOKED_AT = ("_changelist", "_change", "_history")
REFUSED = (403, 404)
#: What a page that is only ever sent answers whoever opens it, before it looks at anything.
NOT_OPENED = (*REFUSED, 405)


@pytest.fixture
def people(db: None) -> People:
    people = People.meet()
    shop_with_everything(merchant=people.acme, user=people.alice.user)
    redeemers.allow(
        merchant=people.acme, coupons=Coupon.objects.of(people.acme),
        who=Redeemers(all_clerks=True), by="system", at=NOW,
    )  # fmt: skip
    return people


def rows_of(model: type[Model], merchant: Merchant) -> Any:
    """Return a merchant's rows of a model."""
    if model is Merchant:
        return Merchant.objects.filter(pk=merchant.pk)
    if model is User:
        return User.objects.filter(memberships__merchant=merchant)
    return model._default_manager.filter(merchant=merchant)


def missing(model: type[Model]) -> Any:
    """Return a key that no row has."""
    is_uuid = model._meta.pk.get_internal_type() == "UUIDField"
    return uuid.UUID(int=1) if is_uuid else 987_654_321


def walked(*, rows: bool) -> list[Address]:
    """Return the addresses about a model, those of one row or the others."""
    found = [each for each in every_address() if each.model and each.has_row == rows]
    # Accounts are for superusers alone, whoever's they are: they have a test of their own.
    return [each for each in found if each.name not in BESIDE and each.model is not User]


def test_every_address_of_the_console_is_known_to_the_walk() -> None:
    assert unknown() == []


def test_every_model_with_pages_has_a_row_here(people: People) -> None:
    lacking = [m.__name__ for m in admin.site._registry if not rows_of(m, people.acme).exists()]
    assert lacking == []


def test_another_merchants_row_is_answered_as_one_that_is_not_there(people: People) -> None:
    told = []
    with nothing_changes():
        for each in walked(rows=True):
            row = rows_of(each.model, people.acme).first()
            for path, none in zip(each.paths(row.pk), each.paths(missing(each.model)), strict=True):
                for call, wanted in (
                    (people.charlie.get, NOT_OPENED),
                    (people.charlie.post, REFUSED),
                ):
                    answer, absent = call(path), call(none)
                    same = answer.status_code == absent.status_code and answer.status_code in wanted
                    if not same or b"SECRET" in answer.content:
                        told.append((path, answer.status_code, absent.status_code))
    assert told == []


# The check of the counters wants a transaction of its own.
@pytest.mark.django_db(transaction=True)
def test_no_page_of_another_merchant_shows_or_takes_the_row(people: People) -> None:
    told = []
    # The check of the counters writes down that Charlie has checked her own.
    with nothing_changes(but=("redemption_reconciliation",)):
        for each in walked(rows=False):
            keys = [str(row.pk) for row in rows_of(each.model, people.acme)]
            foreign = dict.fromkeys(("filter", "pk", "id", "_selected_action", "coupon"), keys)
            (path,) = each.paths(None)
            for answer in (people.charlie.get(path), people.charlie.post(path, **foreign)):
                body = answer.content.decode(errors="replace")  # spreadsheets too
                if answer.status_code >= 500 or any(
                    w in body for w in ("SECRET", "secret-", "Acme")
                ):
                    told.append((path, answer.status_code))
                listed = answer.context.get("cl") if answer.context else None
                if listed is not None and {str(row.pk) for row in listed.result_list} & set(keys):
                    told.append((path, "listed"))
    assert told == []


@pytest.mark.parametrize(
    "typed",
    [
        "SECRET", "secret-coupon", "SECRET-COUPON", "SECRETCODE1", "SECRET-C", "SECRET-O",
        "SECRET-ORDER", "SECRET-SKU",
    ],
)  # fmt: skip
def test_the_search_over_all_finds_nothing_of_another_merchant(people: People, typed: str) -> None:
    assert people.charlie.post("/search/", q=typed).context["groups"] == []
    assert people.alice.post("/search/", q=typed).context["groups"] != []


def opens(role: Role, each: Address) -> bool:
    """Say whether the table of roles lets a role open a page."""
    if each.name in OF_THE_PLATFORM:  # Acme is not the platform.
        return False
    area, right = NEEDS.get(each.name, ((_area(each), Right.VIEW),))[0]
    return may(role=role, area=area, right=right)


def sends(role: Role, each: Address, path: str) -> bool:
    """Say whether the table of roles lets a role send a page's form."""
    if each.name in NEEDS:
        area, right = NEEDS[each.name][1]
        return may(role=role, area=area, right=right)
    if each.name.endswith(OWN_AFFAIR) or each.name in SHOWN_ONLY:
        return opens(role, each)
    step = path.rstrip("/").split("/")[-2]
    right = Right.PUBLISH if step in PUBLISHING else Right.CHANGE
    return may(role=role, area=_area(each), right=right)


def _area(each: Address) -> Area:
    return admin.site._registry[each.model].area


def unopened(someone: Person, role: Role, each: Address, path: str) -> list[tuple[Any, ...]]:
    """List where a page answers a role otherwise than the table says."""
    told: list[tuple[Any, ...]] = []
    if not opens(role, each):
        told += [
            (path, answer.status_code)
            for answer, wanted in (
                (someone.get(path), NOT_OPENED),
                (someone.post(path), REFUSED),
            )
            if answer.status_code not in wanted
        ]
        return told
    answer = someone.get(path)
    wanted = (200, 302) if each.name.endswith(LOOKED_AT) else (200, 302, 403, 404, 405)
    if answer.status_code not in wanted:
        told.append((path, answer.status_code))
    if not sends(role, each, path):
        status = someone.post(path).status_code
        if status not in (*REFUSED, 405):
            told.append((path, "sent", status))
    return told


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_and_sends_what_the_table_says(people: People, role: Role) -> None:
    someone = person("someone", people.acme, role)
    told = []
    with nothing_changes():
        for each in walked(rows=True) + walked(rows=False):
            row = rows_of(each.model, people.acme).first()
            for path in each.paths(row.pk):
                told += unopened(someone, role, each, path)
    assert told == []


@pytest.mark.parametrize("role", Role)
def test_the_menu_offers_a_role_what_it_may_open(people: People, role: Role) -> None:
    # A clerk is led to the desk, which has no menu.
    menu = person("someone", people.acme, role).get("/").content.decode()
    for each in walked(rows=False):
        if each.name.endswith("_changelist"):
            (path,) = each.paths(None)
            assert (f'href="{path}"' in menu) == opens(role, each), path


@pytest.mark.parametrize("role", Role)
def test_accounts_of_all_are_for_superusers_alone(people: People, role: Role) -> None:
    someone = person("someone", people.acme, role)
    for each in every_address():
        if each.model is User:
            for path in each.paths(people.bob.user.pk):
                assert someone.get(path).status_code == 403
                assert someone.post(path).status_code == 403
