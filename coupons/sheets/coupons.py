"""Coupons as a spreadsheet: what is set every day in columns, the rest of a definition as JSON.

A row goes through the same verbs as the form's and the API's; it never publishes anything.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from coupons import changing, definition, freezing
from coupons.errors import FieldError, HexiaoError, Invalid
from coupons.models import Coupon, CouponVersion, Kind, Merchant, State
from coupons.platform import with_payer
from coupons.references import check_references
from coupons.sheets.checking import EMPTIED
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.kinds import Row, Sheet, Stored
from coupons.sheets.money_by_currency import amounts_in, in_one_cell
from coupons.sheets.outgoing import Asked, Outgoing
from coupons.staff import Area

#: Characters of a list in a cell.
_LONG = 30_000
_MONEY = _("An amount for each currency, such as USD 10; EUR 9.")
_LIST = _("With commas between them.")
_LIMIT = _("A whole number. Empty: no limit.")

SHAPE = SheetShape(
    name="coupons",
    title=_("Coupons"),
    key="slug",
    columns=(
        Column(
            "slug",
            _("Slug"),
            _("The coupon's short name in addresses, such as summer-2026. Needed."),
            required=True,
            longest=80,
        ),
        Column("name", _("Name"), _("As shoppers read it."), longest=200),
        Column("name_zh", _("Chinese name"), _("As Chinese shoppers read it."), longest=200),
        Column(
            "kind",
            _("Kind"),
            _("What it gives."),
            holds=Holds.CHOICE,
            choices=dict(Kind.choices),
        ),
        Column("value", _("Amount off"), _MONEY, longest=_LONG),
        Column("percent", _("Percent off"), _("Such as 15 or 12.5."), holds=Holds.AMOUNT),
        Column("cap", _("At most"), _MONEY, longest=_LONG),
        Column("min_spend", _("Minimum spend"), _MONEY, longest=_LONG),
        Column(
            "starts_at",
            _("Starts"),
            _("Such as 2026-11-01 00:00. Empty: once it is published."),
            holds=Holds.MOMENT,
        ),
        Column(
            "ends_at",
            _("Ends"),
            _("Such as 2026-12-01 00:00. Empty: it has no end."),
            holds=Holds.MOMENT,
        ),
        Column("time_zone", _("Time zone"), _("Such as Europe/Berlin."), longest=64),
        Column("categories", _("Categories"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("products", _("Products"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("not_categories", _("Not categories"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("not_products", _("Not products"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("channels", _("Channels"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("code", _("Shared code"), _("Empty: it has unique ones."), holds=Holds.CODE),
        Column("most_codes", _("Codes at most"), _LIMIT, holds=Holds.WHOLE),
        Column("most_uses", _("Uses at most"), _LIMIT, holds=Holds.WHOLE),
        Column("uses_per_customer", _("Uses per customer"), _LIMIT, holds=Holds.WHOLE),
        Column("budget", _("Budget"), _("An amount, such as USD 5000."), longest=100),
        Column("methods", _("Ways to redeem"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column("stacking_group", _("Stacking group"), _("Such as order."), longest=50),
        Column("stacks_with", _("Stacks with"), _LIST, holds=Holds.WORDS, longest=_LONG),
        Column(
            "rules",
            _("Further rules"),
            _("What has no column, as JSON such as the API has it."),
            holds=Holds.JSON,
        ),
        Column(
            "state",
            _("State"),
            _("A file changes no state."),
            holds=Holds.CHOICE,
            choices=dict(State.choices),
            told=True,
        ),
        Column("uses", _("Uses"), _("How often it was used."), holds=Holds.WHOLE, told=True),
        Column("issued", _("Codes issued"), _("How many are out."), holds=Holds.WHOLE, told=True),
    ),
)

#: Where in a definition each column has its place.
_PLACES: Mapping[str, tuple[str, ...]] = {
    **{
        name: (name,)
        for name in (
            "name", "kind", "value", "percent", "cap", "min_spend", "starts_at", "ends_at",
            "time_zone", "channels", "code", "methods", "stacking_group", "stacks_with",
        )
    },
    "name_zh": ("names", "zh-hans"),
    "categories": ("scope", "categories"),
    "products": ("scope", "products"),
    "not_categories": ("scope", "exclude_categories"),
    "not_products": ("scope", "exclude_products"),
    "most_codes": ("limits", "issued"),
    "most_uses": ("limits", "uses"),
    "uses_per_customer": ("limits", "uses_per_customer"),
    "budget": ("limits", "budget"),
}  # fmt: skip
_AMOUNTS = frozenset({"value", "cap", "min_spend", "budget"})
#: What of a definition columns say a part of.
_PARTS = ("names", "scope", "limits")
_TOP = [*(path[0] for path in _PLACES.values() if len(path) == 1), "slug"]
_HAS_COLUMN = "This has a column of its own."
_NOT_AS_A_WHOLE = "The further rules are not emptied as a whole; name each that is to change."
_MAY_BE_LATER = ("follow_up", "prizes")


@dataclass(frozen=True, slots=True)
class _Known:
    coupon: Coupon
    definition: Mapping[str, Any]


def _known(merchant: Merchant, slugs: Sequence[str]) -> dict[str, _Known]:
    coupons = Coupon.objects.of(merchant).filter(slug__in=slugs).select_related("merchant")
    return {coupon.slug: _Known(coupon, now) for coupon, now in _with_definitions(coupons)}


def _with_definitions(coupons: QuerySet) -> Iterator[tuple[Coupon, dict[str, Any]]]:
    found = list(coupons)
    versions = CouponVersion.objects.filter(coupon__in=found, version=F("coupon__version"))
    newest = {row.coupon_id: row.definition for row in versions}
    for coupon in found:
        yield coupon, definition.completed(newest[coupon.pk])


def _values(row: Row) -> Sequence[Any]:
    """Return the canonical value of each cell that is filled; all rules are checked together."""
    body = _body(row)
    try:
        after = _checked(row, body)
    except HexiaoError as error:
        raise Invalid(errors=_by_column(error)) from error
    values = [
        _at(after, _PLACES[stored.name]) if stored.name in row.values else None
        for stored in SHEET.stored[:-1]
    ]
    return [*values, _rest(after) if "rules" in row.values else None]


def _body(row: Row) -> dict[str, Any]:
    """Put the columns and the further rules together to what is to be set."""
    rules = row.values.get("rules", {})
    if rules is None:
        raise Invalid(errors=[FieldError("rules", _NOT_AS_A_WHOLE)])
    if not isinstance(rules, dict):
        raise Invalid(errors=[FieldError("rules", "Send an object.")])
    taken = [name for name, path in _PLACES.items() if _has(rules, path)]
    if taken or "slug" in rules:
        raise Invalid(errors=[FieldError("rules", _HAS_COLUMN)])
    before = row.known.definition if row.known else {}
    body = {"slug": row.key, **rules}
    for part in _PARTS:
        if isinstance(rules.get(part, {}), dict):
            body[part] = {**before.get(part, {}), **rules.get(part, {})}
    for name, path in _PLACES.items():
        if name in row.values:
            _put(body, path, _as_sent(name, row.values[name], _at(before, path)))
    return body


def _as_sent(name: str, value: Any, before: Any) -> Any:
    if name in _AMOUNTS and value is not None:
        try:
            return amounts_in(text=value)
        except ValueError as error:
            raise Invalid(errors=[FieldError(name, str(error))]) from error
    if isinstance(value, datetime):
        # The same moment in another zone is no change.
        is_same = before is not None and datetime.fromisoformat(before) == value
        return before if is_same else value.isoformat()
    return value


def _checked(row: Row, body: dict[str, Any]) -> dict[str, Any]:
    """Return the whole definition, or raise what the verbs would."""
    zone = row.merchant.time_zone
    if row.known is None:
        sent = with_payer(merchant=row.merchant, body=body)
        after, before = definition.parse(sent, time_zone=zone), None
    else:
        before = row.known.definition
        after = definition.parse({**before, **body}, time_zone=zone)
        changed = sorted(key for key in after if after[key] != before.get(key))
        if not changed:
            return after
        if row.known.coupon.state == State.ENDED:
            raise Invalid(errors=[FieldError("slug", "The coupon has ended.")])
        freezing.refuse_frozen(coupon=row.known.coupon, before=before, after=after, changed=changed)
    # Other coupons may stand further down in the same file.
    still = before or {"follow_up": None, "prizes": []}
    named = {**after, **{name: still[name] for name in _MAY_BE_LATER}}
    check_references(merchant=row.merchant, canonical=named, before=before)
    return after


def _by_column(error: HexiaoError) -> list[FieldError]:
    """Say what is wrong by the columns, as far as there is one."""
    found = []
    for each in error.errors or [FieldError("slug", error.detail)]:
        path = tuple(each.field.split("."))
        columns = [name for name, place in _PLACES.items() if path[: len(place)] == place]
        found.append(FieldError(columns[0] if columns else each.field, each.message))
    return found


def _apply(*, row: Mapping[str, Any], merchant: Merchant, key: str, by: str, at: datetime) -> None:
    """Write a draft, or change the coupon; `row` is what its cells hold."""
    rules = row.get("rules") or {}
    body: dict[str, Any] = {"slug": key, **rules}
    coupon = Coupon.objects.of(merchant).filter(slug=key).first()
    if coupon is not None:
        now = dict(_with_definitions(Coupon.objects.filter(pk=coupon.pk)))[coupon]
        for part in _PARTS:
            body[part] = {**now[part], **rules.get(part, {})}
    for name, path in _PLACES.items():
        if row.get(name) is not None:
            _put(body, path, None if row[name] == EMPTIED else row[name])
    try:
        if coupon is None:
            changing.create(merchant=merchant, body=body, by=by, at=at)
        else:
            changing.change(coupon=coupon, body=body, by=by, at=at)
    except HexiaoError as error:
        raise Invalid(errors=_by_column(error)) from error


def _rows(rows: QuerySet) -> Iterator[list[Any]]:
    kinds = dict(Kind.choices)
    states = dict(State.choices)
    for coupon, now in _with_definitions(rows.select_related("merchant", "counter")):
        flat = {name: _at(now, path) for name, path in _PLACES.items()}
        for name in _AMOUNTS:
            flat[name] = in_one_cell(amounts=flat[name]) if flat[name] else None
        for name in ("starts_at", "ends_at"):
            flat[name] = datetime.fromisoformat(flat[name]) if flat[name] else None
        flat["kind"] = str(kinds[flat["kind"]])
        cells = {
            **{name: None if value == [] else value for name, value in flat.items()},
            "slug": coupon.slug,
            "rules": _unusual(now) or None,
            "state": str(states[coupon.state]),
            "uses": coupon.counter.uses,
            "issued": coupon.counter.issued,
        }
        yield [cells[column.name] for column in SHAPE.columns]


def _unusual(now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has no column and is not as it would be if nobody said anything."""
    told = {name: _at(now, path) for name, path in _PLACES.items()}
    least: dict[str, Any] = {"slug": now["slug"]}
    for name, path in _PLACES.items():
        if told[name] is not None:
            _set(least, path, told[name])
    usual = _rest(definition.read(least)[0])
    found = {}
    for name, value in _rest(now).items():
        if name in _PARTS:
            part = {key: each for key, each in value.items() if usual[name].get(key, "") != each}
            if part:
                found[name] = part
        elif value != usual.get(name):
            found[name] = value
    return found


def _rest(now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a definition has no column."""
    inner = [path for path in _PLACES.values() if len(path) > 1]
    rest = {name: value for name, value in now.items() if name not in _TOP}
    for part in _PARTS:
        rest[part] = {
            key: value for key, value in (rest.get(part) or {}).items() if (part, key) not in inner
        }
    return rest


def _has(body: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    for name in path:
        if not isinstance(body, Mapping) or name not in body:
            return False
        body = body[name]
    return True


def _at(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    for name in path:
        body = body.get(name) or {} if name != path[-1] else body.get(name)  # type: ignore[assignment]
    return body


def _set(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
    body[path[-1]] = value


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set a value; None is what it would be if nobody said anything."""
    if value is None and path[0] == "names":
        body.setdefault("names", {}).pop(path[1], None)
    else:
        _set(body, path, _at(definition.completed({}), path) if value is None else value)


def _said(name: str, value: Any, _everything: Mapping[str, Any]) -> str:
    if name in _AMOUNTS and isinstance(value, dict):
        return in_one_cell(amounts=value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _stored() -> Iterator[Stored]:
    """Yield each column with the SQL of what the definition in force has there."""
    yield from (
        Stored(name, name, "jsonb", now=f"nullif(v.definition #> '{{{','.join(path)}}}', 'null')")
        for name, path in _PLACES.items()
    )
    inner = "".join(f" #- '{{{','.join(path)}}}'" for path in _PLACES.values() if len(path) > 1)
    usual = json.dumps(definition.completed({}))
    whole = f"('{usual}'::jsonb || v.definition)"
    top = ", ".join(f"'{name}'" for name in _TOP)
    yield Stored("rules", "rules", "jsonb", now=f"(({whole} - ARRAY[{top}]){inner})")


def _in_state(rows: Any, asked: Asked) -> QuerySet:
    return cast(QuerySet, rows.in_state(State(asked.value), asked.at))


_OUT = Outgoing(
    model=Coupon,
    filters={
        "state": _in_state,
        "kind": lambda rows, asked: rows.filter(kind=Kind(asked.value)),
        "show": lambda rows, asked: rows.looked_for(asked.value, by=asked.by, at=asked.at),
        "q": lambda rows, asked: rows.with_words(asked.value),
    },
    along=lambda _filters: "id",
    rows=_rows,
)

SHEET = Sheet(
    shape=SHAPE,
    area=Area.COUPONS,
    table="coupons_coupon",
    key="slug",
    stored=tuple(_stored()),
    values=_values,
    known=_known,
    out=_OUT,
    joins="LEFT JOIN coupons_couponversion v ON v.coupon_id = s.id AND v.version = s.version",
    said=_said,
    apply=_apply,
    at_once=100,
)
