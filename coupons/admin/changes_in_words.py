"""What a change did, field by field: from what to what, in the words of the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coupons.admin.coupon_fields import METHODS
from coupons.admin.rules_in_words import facts, listed
from coupons.models import Kind

Definition = Mapping[str, Any]

#: Lists that grow and shrink by entries, by their place in the definition.
_LISTS = {
    ("scope", "categories"): gettext_lazy("Categories"),
    ("scope", "products"): gettext_lazy("Products"),
    ("scope", "exclude_categories"): gettext_lazy("Categories left out"),
    ("scope", "exclude_products"): gettext_lazy("Products left out"),
    ("customers", "tags"): gettext_lazy("Customer tags"),
    ("customers", "tiers"): gettext_lazy("Member tiers"),
    ("customers", "segments"): gettext_lazy("Segments"),
    ("customers", "ids"): gettext_lazy("Named customers"),
    ("countries",): gettext_lazy("Countries"),
    ("channels",): gettext_lazy("Sales channels"),
    ("payment_methods",): gettext_lazy("Payment methods"),
    ("partners",): gettext_lazy("Partners"),
    ("stacks_with",): gettext_lazy("Goes together with"),
    ("methods",): gettext_lazy("Ways to redeem it"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs: from `old` to `new`, or, of a list, what came and went."""

    label: str
    old: str = ""
    new: str = ""
    added: str = ""
    removed: str = ""

    @property
    def is_list(self) -> bool:
        """Say whether entries came or went."""
        return bool(self.added or self.removed)


def changes(before: Definition, after: Definition) -> list[Change]:
    """Say every field that differs between two definitions."""
    lists = [
        change for path, label in _LISTS.items() if (change := _list(path, label, before, after))
    ]
    return [*_heads(before, after), *_rules(before, after), *lists]


def _heads(before: Definition, after: Definition) -> list[Change]:
    """Compare what the rules in words don't say: name, kind, shared code."""

    def kind(definition: Definition) -> str:
        return str(Kind(definition["kind"]).label)

    pairs = [
        (_("Name"), before["name"], after["name"]),
        (_("Kind"), kind(before), kind(after)),
        (_("Shared code"), before["code"] or "", after["code"] or ""),
    ]
    return [Change(label=label, old=old, new=new) for label, old, new in pairs if old != new]


def _rules(before: Definition, after: Definition) -> list[Change]:
    """Compare the rules as they are said, with the lists that are compared apart left alike."""
    old = dict(facts(_without_lists(before), starts_at=None))
    new = dict(facts(_without_lists(after), starts_at=None))
    labels = [*old, *(label for label in new if label not in old)]
    return [
        Change(label=label, old=old.get(label, ""), new=new.get(label, ""))
        for label in labels
        if old.get(label) != new.get(label)
    ]


def _without_lists(definition: Definition) -> dict[str, Any]:
    bare = dict(definition)
    for *parents, name in _LISTS:
        if parents:
            bare[parents[0]] = {**bare[parents[0]], name: []}
        elif name != "methods":
            bare[name] = []
    return {**bare, "methods": [name for name, _label in METHODS]}


def _list(path: Sequence[str], label: Any, before: Definition, after: Definition) -> Change | None:
    old, new = _entries(before, path), _entries(after, path)
    added = [entry for entry in new if entry not in set(old)]
    removed = [entry for entry in old if entry not in set(new)]
    if not added and not removed:
        return None
    return Change(label=str(label), added=listed(added), removed=listed(removed))


def _entries(definition: Definition, path: Sequence[str]) -> list[str]:
    value: Any = definition
    for name in path:
        value = value[name]
    words = {name: str(word) for name, word in METHODS} if path == ("methods",) else {}
    return [words.get(entry, entry) for entry in value]
