"""Products as a spreadsheet."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from coupons import catalogue
from coupons.models import Product
from coupons.pricing.money import currencies, decimals, format_amount
from coupons.sheets.checking import empties
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.kinds import Row, Sheet, Stored
from coupons.sheets.outgoing import Outgoing
from coupons.staff import Area

SHAPE = SheetShape(
    name="products",
    title=_("Products"),
    key="sku",
    columns=(
        Column(
            "sku",
            _("SKU"),
            _("Your own number of the article. Needed."),
            required=True,
            longest=100,
            also=("货号", "商品编码"),
        ),
        Column("name", _("Name"), _("What it is called."), also=("商品名称",)),
        Column(
            "category",
            _("Category"),
            _("A path such as shoes/running; a new one comes into being."),
            longest=500,
        ),
        Column(
            "currency",
            _("Currency"),
            _("Of price and cost, such as USD. Empty: your shop's."),
            longest=3,
        ),
        Column("price", _("Price"), _("Such as 19.99."), holds=Holds.AMOUNT, also=("售价",)),
        Column("cost", _("Cost"), _("What it costs you, such as 7.50."), holds=Holds.AMOUNT),
        Column("on_sale", _("On sale"), _("Yes or no."), holds=Holds.YES_NO),
        Column("stock", _("Stock"), _("How many there are."), holds=Holds.WHOLE),
    ),
)


#: What an emptied cell makes of a value that is never unknown.
_USUAL = {"name": "", "on_sale": False}


def _values(row: Row) -> Sequence[Any]:
    given = row.given(but="sku", usual=_USUAL)
    if "currency" in given:
        given["currency"] = (given["currency"] or row.merchant.currency).upper()
    values = catalogue.stored_values(given=given, merchant=row.merchant, known=row.known)
    # An amount is told together with its currency: another may stand there by then.
    if "price_minor" in values or "cost_minor" in values:
        known = row.known.currency if row.known else row.merchant.currency
        values.setdefault("currency", known)
    return [values.get(stored.column.removesuffix("_id")) for stored in SHEET.stored]


def _said(name: str, value: Any, everything: Mapping[str, Any]) -> str:
    if name in ("price", "cost") and isinstance(value, int) and everything.get("currency"):
        return format_amount(value, everything["currency"])
    return str(value)


# Minor units as the amount that the contract writes.
_AMOUNT = "round(s.{}::numeric / 10::numeric ^ d.places, d.places)"
_PLACES = "({}) AS d (currency, places)".format(
    "VALUES " + ", ".join(f"('{each}', {decimals(each)})" for each in sorted(currencies()))
)

_OUT = Outgoing(
    model=Product,
    filters={"q": lambda rows, asked: catalogue.with_words(rows=rows, typed=asked.value)},
    along=lambda _filters: "sku",
    values={
        "sku": "s.sku",
        "name": "s.name",
        "category": "c.path",
        "currency": "s.currency",
        "price": _AMOUNT.format("price_minor"),
        "cost": _AMOUNT.format("cost_minor"),
        "on_sale": "s.on_sale",
        "stock": "s.stock",
    },
    joins="LEFT JOIN coupons_category c ON c.id = s.category_id"
    f" LEFT JOIN {_PLACES} ON d.currency = s.currency",
)

_NEW_CATEGORIES = f"""
INSERT INTO coupons_category (merchant_id, path)
SELECT DISTINCT %(merchant)s::bigint, r.cells->>1 FROM {{rows}} AS r
 WHERE r.outcome IN ('new', 'changed') AND r.cells->>1 IS NOT NULL AND NOT {empties(place=1)}
 ORDER BY 2
    ON CONFLICT (merchant_id, path) DO NOTHING
"""  # noqa: S608  (parts of our own)

SHEET = Sheet(
    shape=SHAPE,
    area=Area.PRODUCTS,
    table="coupons_product",
    key="sku",
    stored=(
        Stored("name", "name", "text"),
        Stored(
            "category",
            "category_id",
            "text",
            fresh="NULL",
            now="sc.path",
            written="(SELECT rc.id FROM coupons_category rc"
            " WHERE rc.merchant_id = %(merchant)s AND rc.path = {cell})",
        ),
        Stored(
            "currency",
            "currency",
            "text",
            fresh="(SELECT m.currency FROM coupons_merchant m WHERE m.id = %(merchant)s)",
        ),
        Stored("price", "price_minor", "bigint", fresh="NULL"),
        Stored("cost", "cost_minor", "bigint", fresh="NULL"),
        Stored("on_sale", "on_sale", "boolean", fresh="false"),
        Stored("stock", "stock", "int", fresh="NULL"),
    ),
    values=_values,
    out=_OUT,
    known=lambda merchant, keys: catalogue.known(merchant=merchant, skus=keys),
    joins="LEFT JOIN coupons_category sc ON sc.id = s.category_id",
    # Somebody may have given the product another currency since it was read.
    problem="""CASE
        WHEN s.currency <> r.cells->>2 AND (r.cells->>3 IS NULL AND s.price_minor IS NOT NULL
             OR r.cells->>4 IS NULL AND s.cost_minor IS NOT NULL)
        THEN 'currency|Send it too: the one there is in ' || s.currency || '.'
    END""",
    first=_NEW_CATEGORIES,
    said=_said,
)
