"""Customers as a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns import customers
from campaigns.models import Customer
from coupons.errors import FieldError, Invalid
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.kinds import Row, Sheet, Stored
from coupons.sheets.outgoing import Outgoing
from coupons.staff import Area

SHAPE = SheetShape(
    name="customers",
    title=_("Customers"),
    key="id",
    columns=(
        Column(
            "id",
            _("Customer"),
            _("Your own number of the customer. Needed."),
            required=True,
            longest=100,
            also=("会员号", "顾客编号"),
        ),
        Column("email", _("E-mail"), _("Such as ada@example.com."), longest=254),
        Column("phone", _("Phone"), _("With the country's code."), longest=32, also=("手机号",)),
        Column("country", _("Country"), _("Two letters, such as DE."), longest=2),
        Column("language", _("Language"), _("Such as en or zh-hans."), longest=16),
        Column("timezone", _("Time zone"), _("Such as Europe/Berlin."), longest=64),
        Column("tags", _("Tags"), _("With commas between them."), holds=Holds.WORDS),
        Column("tier", _("Tier"), _("Such as gold."), longest=64, also=("会员等级",)),
        Column("birthday", _("Birthday"), _("Such as 1990-05-17."), holds=Holds.DATE),
        Column("source", _("Source"), _("Where the customer came from."), longest=64),
        Column(
            "registered_at",
            _("Registered"),
            _("Such as 2024-03-01 12:00, in your time zone."),
            holds=Holds.MOMENT,
        ),
        Column("is_test", _("Test customer"), _("Yes or no."), holds=Holds.YES_NO),
        Column(
            "consents",
            _("Consents"),
            _('What the customer agreed to, such as {"marketing": {"email": true}}.'),
            holds=Holds.JSON,
        ),
        Column(
            "paid_orders",
            _("Paid orders"),
            _("How many orders were paid."),
            holds=Holds.WHOLE,
            told=True,
        ),
    ),
)
#: Of one customer, and of one tag in characters.
MOST_TAGS, LONGEST_TAG = 500, 64


#: What an emptied cell makes of a value that is never unknown.
_USUAL: Mapping[str, Any] = {
    **dict.fromkeys(("email", "phone", "country", "language", "timezone", "tier", "source"), ""),
    "tags": [],
    "is_test": False,
    "consents": {},
}


def _values(row: Row) -> Sequence[Any]:
    given = row.given(but="id", usual=_USUAL)
    if "timezone" in given:
        given["time_zone"] = given.pop("timezone")
    if "country" in given:
        given["country"] = given["country"].upper()
    tags = given.get("tags", ())
    if len(tags) > MOST_TAGS:
        raise Invalid(errors=[FieldError("tags", f"Send at most {MOST_TAGS} entries.")])
    if any(len(tag) > LONGEST_TAG for tag in tags):
        raise Invalid(errors=[FieldError("tags", f"At most {LONGEST_TAG} characters.")])
    if not isinstance(given.get("consents", {}), dict):
        raise Invalid(errors=[FieldError("consents", "Send an object.")])
    values = customers.stored_values(given=given)
    if isinstance(at := values.get("registered_at"), datetime):
        values["registered_at"] = at.astimezone(UTC).isoformat()
    if birthday := values.get("birthday"):
        values["birthday"] = birthday.isoformat()
    return [values.get(stored.column) for stored in SHEET.stored]


_OUT = Outgoing(
    model=Customer,
    filters={"q": lambda rows, asked: customers.named(rows=rows, typed=asked.value)},
    along=lambda _filters: "ref",
    values={
        **{column.name: f"s.{column.name}" for column in SHAPE.columns},
        "id": "s.ref",
        "timezone": "s.time_zone",
    },
)

SHEET = Sheet(
    shape=SHAPE,
    area=Area.CUSTOMERS,
    table="campaigns_customer",
    key="ref",
    stored=(
        Stored("email", "email", "text"),
        Stored("phone", "phone", "text"),
        Stored("country", "country", "text"),
        Stored("language", "language", "text"),
        Stored("timezone", "time_zone", "text"),
        Stored(
            "tags",
            "tags",
            "jsonb",
            fresh="'{}'::varchar[]",
            now="to_jsonb(s.tags)",
            written="ARRAY(SELECT jsonb_array_elements_text({cell}))",
        ),
        Stored("tier", "tier", "text"),
        Stored("birthday", "birthday", "date", fresh="NULL"),
        Stored("source", "source", "text"),
        Stored("registered_at", "registered_at", "timestamptz", fresh="NULL"),
        Stored("is_test", "is_test", "boolean", fresh="false"),
        Stored("consents", "consents", "jsonb", fresh="'{}'::jsonb"),
    ),
    values=_values,
    out=_OUT,
    more={"paid_orders": "0", "created_at": "%(at)s"},
)
