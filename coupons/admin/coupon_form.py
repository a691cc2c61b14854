"""The coupon's form: what a person types, to the contract's definition.

No rule stands here. The form hands the definition over and shows what comes back.
"""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from coupons.admin.coupon_fields import (
    BenefitFields,
    CodeFields,
    ConditionFields,
    LimitFields,
    TogetherFields,
    WhenFields,
    WordingFields,
)
from coupons.admin.coupon_sections import PLAIN, Shown, shown
from coupons.admin.coupon_typed import CUSTOMERS, LIMITS, instant, typed
from coupons.admin.face_fields import FaceFields, face_body, offered_pictures
from coupons.admin.form_fields import Text
from coupons.admin.money_rows import MoneyByCurrency
from coupons.admin.repeated import Repeated, plain_percent
from coupons.models import Channel, Coupon, Kind, Merchant, State

#: Channels offered to tick; a shop with more names them by the API.
MAX_OFFERED = 1_000
#: Coupons suggested; any other may be typed.
MAX_SUGGESTED = 200

#: Where the contract's names differ from the form's.
CONTRACT_TO_FORM = {
    "starts_at": "starts_on",
    "ends_at": "ends_on",
    "limits": "uses",
    "every": "every_value",
    "get_scope": "get_products",
    "face.color": "face_own_color",
    "face.picture": "face_picture",
    **{f"every.{name}": f"every_{name}" for name in ("step", "value", "max_times")},
    **{f"get_scope.{name}": f"get_{name}" for name in ("categories", "products")},
    **{
        f"scope.{name}": name
        for name in (
            "categories", "products", "exclude_categories", "exclude_products",
            "exclude_sale_items",
        )
    },
    **{f"customers.{name}": ours for name, ours in CUSTOMERS.items()},
    **{f"limits.{name}": name for name in LIMITS},
}  # fmt: skip

#: Where the contract has each field of the form, if it is not called the same there.
FORM_TO_CONTRACT = {
    **{ours: path for path, ours in CONTRACT_TO_FORM.items()},
    "starts_time": "starts_at",
    "ends_time": "ends_at",
    "tiering": "tiers",
    **dict.fromkeys(("face_color", "face_own_color", "face_picture"), "face"),
}

NO_BENEFIT: dict[str, Any] = {
    "value": None,
    "percent": None,
    "cap": None,
    "tiers": [],
    "every": None,
    "buy_quantity": None,
    "get_quantity": None,
    "get_percent": None,
    "max_times": None,
    "get_scope": None,
    "gifts": [],
    "prizes": [],
}


class CouponForm(
    CodeFields,
    FaceFields,
    WordingFields,
    TogetherFields,
    LimitFields,
    ConditionFields,
    WhenFields,
    BenefitFields,
):
    """Everything that a coupon's definition holds, and the codes of a new one."""

    name = Text(label=_("Name"), max_length=200)
    slug = Text(
        label=_("Slug"),
        max_length=80,
        required=False,
        help_text=_("How programs call it. Empty: made from the name. It never changes."),
    )

    def __init__(
        self,
        *args: Any,
        merchant: Merchant,
        stored: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
        frozen: frozenset[str] = frozenset(),
        **kw: Any,
    ) -> None:
        self.merchant = merchant
        #: The definition being changed; None for a new coupon.
        self.stored = stored
        #: What the form began with: that definition, or one to begin a new coupon from.
        self.origin: Mapping[str, Any] = stored or start or {}
        new = {"uses_per_code": 1, "methods": PLAIN["methods"]}
        kw["initial"] = (typed(self.origin) if self.origin else new) | kw.get("initial", {})
        super().__init__(*args, **kw)
        for field in self.fields.values():
            if isinstance(field, MoneyByCurrency | Repeated):
                field.widget.currency = merchant.currency
        self._offer_channels()
        if self.initial.get("scope") == "both":
            both = ("both", _("Some categories and some products"))
            self.fields["scope"].choices = [*self.fields["scope"].choices, both]
        if stored is not None:
            gone = ["slug", "codes", "count", "pattern", *([] if stored.get("code") else ["code"])]
            for name in gone:
                del self.fields[name]
        self.frozen = self._fixed(frozen)

    def _offer_channels(self) -> None:
        """Offer the merchant's channels to tick, and what the coupon names besides."""
        rows = Channel.objects.of(self.merchant).order_by("slug")
        known = list(rows.values_list("slug", "name")[:MAX_OFFERED])
        chosen = set(self.initial.get("channels") or []) - {slug for slug, _name in known}
        self.fields["channels"].choices = known + [(slug, slug) for slug in sorted(chosen)]

    def _fixed(self, frozen: frozenset[str]) -> frozenset[str]:
        """Fix what the rule names: what the page doesn't send stays as it is.

        What is sent all the same goes to the rule, which refuses it.
        """
        fixed = frozenset(name for name in self.fields if is_fixed(name, frozen=frozen))
        for name in fixed if self.is_bound else ():
            parts = (f"{name}_currency", f"{name}-")
            self.fields[name].disabled = not any(
                key == name or key.startswith(parts) for key in self.data
            )
        return fixed

    def other_coupons(self) -> list[tuple[str, str]]:
        """Suggest the merchant's newest coupons, as prizes or to follow, by slug and name."""
        rows = Coupon.objects.of(self.merchant).exclude(state=State.ENDED)
        if self.stored is not None:
            rows = rows.exclude(slug=self.stored["slug"])
        return list(rows.order_by("-pk").values_list("slug", "name")[:MAX_SUGGESTED])

    def pictures(self) -> list[str]:
        """Offer the merchant's newest pictures, and the one it has."""
        chosen = str((self.stored or {}).get("face", {}).get("picture") or "")
        return offered_pictures(self.merchant, chosen=chosen)

    def sections(self) -> list[Shown]:
        """Lay the fields out in steps."""
        return shown(form=self, frozen=self.frozen, says=self._says)

    def _says(self, name: str) -> Any:
        if self.is_bound:
            return getattr(self, "cleaned_data", {}).get(name)
        return self.initial.get(name)

    def clean(self) -> dict[str, Any]:
        """Suggest a slug; ask for the choices that only the form knows of."""
        data = super().clean()
        if self.stored is None:
            data["slug"] = data.get("slug") or slugify(data.get("name", ""))[:80]
            if not data["slug"] and "name" in data:
                self.add_error("slug", _("Give it a slug of small letters, digits and hyphens."))
            if data.get("codes") == "shared" and not data.get("code"):
                self.add_error("code", _("Which code do customers type?"))
            if data.get("codes") == "unique" and not data.get("count"):
                self.add_error("count", _("How many codes?"))
        if data.get("scope") in ("categories", "products") and not data.get(data["scope"]):
            self.add_error(data["scope"], _("Choose at least one."))
        return data

    def definition(self) -> dict[str, Any]:
        """Return what was typed in the form of the contract; what isn't shown stays."""
        data, old = self.cleaned_data, self.origin
        body = {
            "name": data["name"],
            "names": {each["language"]: each["name"] for each in data["names"]},
            "description": data["description"],
            "thank_you": data["thank_you"],
            "kind": data["kind"],
            **NO_BENEFIT,
            **self._benefit(),
            "convert": data["convert"],
            **self._conditions(),
            "limits": {**(old.get("limits") or {}), **self._limits()},
            **self._around(),
            **face_body(data, stored=self.stored),
        }
        if self.stored is None:
            body["slug"] = data["slug"]
            body["code"] = data["code"] if data["codes"] == "shared" else None
        elif self.stored.get("code"):
            body["code"] = data["code"]
        return body

    def _benefit(self) -> dict[str, Any]:
        """Return the fields of the kind chosen; what was typed for another is dropped."""
        data = self.cleaned_data
        kind = data["kind"]
        if kind == Kind.AMOUNT_OFF:
            return {"value": data["value"]}
        if kind == Kind.PERCENT_OFF:
            return {"percent": plain_percent(data["percent"]), "cap": data["cap"]}
        if kind == Kind.FREE_SHIPPING:
            return {"cap": data["cap"]}
        if kind == Kind.GIFT:
            return {"gifts": data["gifts"]}
        if kind == Kind.DRAW:
            return {"prizes": data["prizes"]}
        if kind == Kind.TIERED and data["tiering"] == "every":
            every = {name: data[f"every_{name}"] for name in ("step", "value", "max_times")}
            return {"every": every}
        if kind == Kind.TIERED:
            return {"tiers": data["tiers"], "cap": data["cap"]}
        if kind == Kind.BUY_X_GET_Y:
            return {
                **{name: data[name] for name in ("buy_quantity", "get_quantity", "max_times")},
                "get_percent": plain_percent(data["get_percent"]),
                "cap": data["cap"],
                "get_scope": self._get_scope(),
            }
        return {}

    def _get_scope(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        chosen = {name: data[f"get_{name}"] for name in ("categories", "products")}
        old = self.origin.get("get_scope") or {}
        return {**old, **chosen} if any(chosen.values()) else None

    def _ticked(self, name: str) -> list[str]:
        """Return a list, as it was where only its order differs: that is no change."""
        new: list[str] = self.cleaned_data[name]
        old: list[str] = self.initial.get(name) or []
        return old if sorted(old) == sorted(new) else new

    def _conditions(self) -> dict[str, Any]:
        data, old = self.cleaned_data, self.origin
        by_category = data["scope"] in ("categories", "both")
        by_product = data["scope"] in ("products", "both")
        return {
            **{
                name: data[name]
                for name in (
                    "min_spend", "min_quantity", "threshold_after_discounts", "valid_days",
                    "weekly_windows", "countries", "payment_methods", "partners",
                )
            },
            "starts_at": self._starts_at(),
            "ends_at": self._ends_at(),
            "time_zone": self.zone,
            "starts_after_days": data["starts_after_days"] or 0,
            "channels": self._ticked("channels"),
            "scope": {
                "categories": data["categories"] if by_category else [],
                "products": data["products"] if by_product else [],
                "exclude_categories": data["exclude_categories"],
                "exclude_products": data["exclude_products"],
                "exclude_sale_items": data["exclude_sale_items"],
            },
            "customers": {
                **(old.get("customers") or {}),
                **{name: data[ours] or None for name, ours in CUSTOMERS.items()},
            },
        }  # fmt: skip

    def _limits(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in LIMITS}

    def _around(self) -> dict[str, Any]:
        data = self.cleaned_data
        found = {
            name: data[name]
            for name in ("stacks_with", "priority", "methods", "claim_required", "claw_back")
        }
        # A choice left open is the contract's default.
        for name in ("stacking_group", "member_prices", "return_policy", "funded_by", "risk_level"):
            found[name] = data[name] or None
        extends = data["return_policy"] == "restore_and_extend"
        return found | {"extend_days": data["extend_days"] if extends else None}

    @property
    def zone(self) -> str:
        """Name the time zone that dates are typed in."""
        return self.origin.get("time_zone") or self.merchant.time_zone

    def _starts_at(self) -> str | None:
        day = self.cleaned_data["starts_on"]
        at = self.cleaned_data["starts_time"] or time()
        return instant(day, at, self.zone) if day else None

    def _ends_at(self) -> str | None:
        day, at = self.cleaned_data["ends_on"], self.cleaned_data["ends_time"]
        if day is None:
            return None
        # Windows are half-open: a day that still counts ends where the next begins.
        return instant(day, at, self.zone) if at else instant(day + timedelta(1), time(), self.zone)


def is_fixed(name: str, *, frozen: frozenset[str]) -> bool:
    """Say whether a field of the form is, or is part of, what the rule has fixed."""
    path = FORM_TO_CONTRACT.get(name, name)
    return path in frozen or path.partition(".")[0] in frozen
