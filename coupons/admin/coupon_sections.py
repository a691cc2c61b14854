"""The steps of the coupon's form: which field stands where, and when it shows.

Each step has what most coupons need first; what few need stands under “More”, which is
open where it says something.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from coupons.admin.picking import Picked
from coupons.admin.repeated import Repeated
from coupons.colors import DEFAULT


@dataclass(frozen=True, slots=True)
class Section:
    """A step: what it asks first, and what it asks the few."""

    slug: str
    title: Any
    first: tuple[str | tuple[str, str], ...]
    more: tuple[str | tuple[str, str], ...] = ()
    #: What “More” is about.
    about: Any = ""


SECTIONS = (
    Section(
        "gives",
        _("What it gives"),
        (
            "name", "kind", "value", "percent", "gifts", "prizes", "tiering", "tiers",
            "every_step", "every_value", "every_max_times", ("buy_quantity", "get_quantity"),
            ("get_percent", "max_times"), "get_products", "get_categories", "cap", "min_spend",
        ),
        ("convert",),
        _("other currencies"),
    ),
    Section(
        "when",
        _("When"),
        (("starts_on", "starts_time"), ("ends_on", "ends_time")),
        ("weekly_windows", "valid_days", "starts_after_days"),
        _("hours of the day, days after a claim"),
    ),
    Section(
        "what",
        _("On what"),
        ("scope", "categories", "products"),
        (
            "exclude_categories", "exclude_products", "exclude_sale_items", "min_quantity",
            "threshold_after_discounts",
        ),
        _("exceptions, number of items"),
    ),
    Section(
        "whom",
        _("For whom"),
        ("who", "tags"),
        ("member_tiers", "countries", "customer_ids", "channels", "payment_methods", "partners"),
        _("member tiers, countries, channels, partners"),
    ),
    Section(
        "limits",
        _("Limits"),
        ("uses", "uses_per_customer", "budget", "uses_per_code"),
        ("uses_per_day", "issued", "claims_per_customer", "claims_per_device"),
        _("per day, codes, claims"),
    ),
    Section(
        "together",
        _("How it goes with others"),
        ("stacks_with", "member_prices"),
        ("stacking_group", "priority", "funded_by"),
        _("groups, order, who pays"),
    ),
    Section(
        "redeemed",
        _("How it is redeemed"),
        ("codes", "code", "count", "pattern"),
        ("methods", "claim_required", "return_policy", "extend_days", "claw_back", "risk_level"),
        _("desk and till, claims, returns, risk"),
    ),
    Section(
        "looks",
        _("How it looks"),
        ("face_color", "face_own_color", "face_picture", "description"),
        ("names", "thank_you", "texts", "follow_up", "slug"),
        _("other languages, thank-you, what follows, slug"),
    ),
)  # fmt: skip

_CAPPED = "['percent_off', 'free_shipping', 'buy_x_get_y'].includes(kind)"
#: When a field is asked for, in Alpine's words; the others always are.
SHOWN = {
    "value": "kind == 'amount_off'",
    "percent": "kind == 'percent_off'",
    "gifts": "kind == 'gift'",
    "prizes": "kind == 'draw'",
    "tiering": "kind == 'tiered'",
    "tiers": "kind == 'tiered' && tiering == 'tiers'",
    **dict.fromkeys(
        ("every_step", "every_value", "every_max_times"),
        "kind == 'tiered' && tiering == 'every'",
    ),
    **dict.fromkeys(
        ("buy_quantity", "get_percent", "get_products", "get_categories"), "kind == 'buy_x_get_y'"
    ),
    "cap": f"{_CAPPED} || (kind == 'tiered' && tiering == 'tiers')",
    "convert": "!['gift', 'pass', 'draw'].includes(kind)",
    "categories": "scope == 'categories' || scope == 'both'",
    "products": "scope == 'products' || scope == 'both'",
    "code": "codes == 'shared'",
    **dict.fromkeys(("count", "pattern", "uses_per_code"), "codes == 'unique'"),
    "face_own_color": "color == 'own'",
    "extend_days": "returned == 'restore_and_extend'",
}

#: What a field under “More” says when it says nothing.
PLAIN = {
    "stacking_group": "order",
    "priority": 100,
    "methods": ["automatic", "manual", "api", "batch"],
    "return_policy": "restore_if_valid",
    "funded_by": "merchant",
    "risk_level": "normal",
    "face_color": DEFAULT,
}
NOTHING = (None, "", [], {}, 0, False)


@dataclass(frozen=True, slots=True)
class Placed:
    """A field, or a pair of them side by side, as the page shows it."""

    fields: list[forms.BoundField]
    shown: str
    is_frozen: bool

    @property
    def field(self) -> forms.BoundField:
        """Return the first field."""
        return self.fields[0]

    @property
    def look(self) -> str:
        """Name how it is drawn: `flag`, `choices`, `entries`, `pictures` or `plain`."""
        if self.field.name == "face_picture":
            return "pictures"
        match self.field.field:
            case forms.BooleanField():
                return "flag"
            case Repeated():
                return "entries"
            case forms.ChoiceField() if self.field.use_fieldset:
                return "choices"
        return "plain"

    @property
    def is_wide(self) -> bool:
        """Say whether it takes a whole line."""
        return self.look in ("entries", "choices", "pictures") or isinstance(
            self.field.field, Picked
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """A step as the page shows it."""

    number: int
    slug: str
    title: Any
    first: list[Placed]
    more: list[Placed]
    about: Any
    #: Whether “More” stands open, and how many fields of the step are at fault.
    is_open: bool
    errors: int


def shown(*, form: forms.Form, frozen: frozenset[str], says: Callable[[str], Any]) -> list[Shown]:
    """Lay a form's fields out in steps; `says` tells what a field holds now."""
    return [
        _shown(number, section, form=form, frozen=frozen, says=says)
        for number, section in enumerate(SECTIONS, 1)
    ]


def place_in_form(name: str | None) -> int:
    """Return where a field stands among all, as the page shows them; others come last."""
    order = [
        each for section in SECTIONS for each in (*_names(section.first), *_names(section.more))
    ]
    return order.index(name) if name in order else len(order)


def _shown(number: int, section: Section, *, form: Any, frozen: Any, says: Any) -> Shown:
    more = [name for name in _names(section.more) if name in form.fields]
    at_fault = [
        name for name in (*_names(section.first), *_names(section.more)) if name in form.errors
    ]
    is_open = any(
        name in form.errors or says(name) not in (*NOTHING, PLAIN.get(name)) for name in more
    )
    return Shown(
        number=number,
        slug=section.slug,
        title=section.title,
        first=list(_placed(section.first, form, frozen)),
        more=list(_placed(section.more, form, frozen)),
        about=section.about,
        is_open=is_open,
        errors=len(at_fault),
    )


def _names(row: tuple[str | tuple[str, str], ...]) -> Iterator[str]:
    for each in row:
        yield from (each,) if isinstance(each, str) else each


def _placed(
    row: tuple[str | tuple[str, str], ...], form: forms.Form, frozen: frozenset[str]
) -> Iterator[Placed]:
    for each in row:
        names = (each,) if isinstance(each, str) else each
        if names[0] in form.fields and _is_asked(form.fields[names[0]]):
            yield Placed(
                fields=[form[name] for name in names],
                shown=SHOWN.get(names[0], "") if names[0] not in _without(form) else "",
                is_frozen=bool(frozen.intersection(names)),
            )


def _is_asked(field: forms.Field) -> bool:
    """Leave out a choice among nothing: a merchant without sales channels."""
    return not isinstance(field, forms.MultipleChoiceField) or bool(field.choices)


def _without(form: forms.Form) -> tuple[str, ...]:
    """Name what shows at all times once the codes are out: the form asks no more how."""
    return () if "codes" in form.fields else ("code", "uses_per_code")
