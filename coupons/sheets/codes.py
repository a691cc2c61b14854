"""Codes as a spreadsheet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from coupons import coding, issuing
from coupons.errors import FieldError, Invalid
from coupons.fields import MAX_INTEGER
from coupons.models import Code, CodeBatch, Coupon, Merchant
from coupons.models.sheet import SheetImport
from coupons.sheets.checking import filled, wanted
from coupons.sheets.columns import Column, Holds, SheetShape
from coupons.sheets.kinds import Row, Sheet, Stored
from coupons.sheets.outgoing import Asked, Outgoing
from coupons.staff import Area

#: A state to narrow by: used up or not.
UNREVOKED = "unrevoked"

SHAPE = SheetShape(
    name="codes",
    title=_("Codes"),
    key="code",
    columns=(
        Column(
            "code",
            _("Code"),
            _("As shoppers type it; small letters, spaces and hyphens make no difference."),
            holds=Holds.CODE,
            required=True,
            also=("券号", "优惠码"),
        ),
        Column(
            "coupon",
            _("Coupon"),
            _("The coupon's slug. May be left out where the file is for one coupon."),
            longest=80,
        ),
        Column(
            "expires_at",
            _("Expires"),
            _("An end of the code's own, such as 2026-12-31 23:59. Empty: the coupon's."),
            holds=Holds.MOMENT,
        ),
        Column(
            "max_uses",
            _("Uses allowed"),
            _("How often it may be used. Empty: as the coupon says."),
            holds=Holds.WHOLE,
        ),
        Column(
            "shared",
            _("Shared"),
            _("Whether all shoppers share it; such a code comes with its coupon."),
            holds=Holds.YES_NO,
            told=True,
        ),
        Column(
            "state",
            _("State"),
            _("Only active codes are brought in anew."),
            holds=Holds.CHOICE,
            choices=dict(Code.Standing.choices),
            told=True,
        ),
        Column("uses", _("Uses"), _("How often it was used."), holds=Holds.WHOLE, told=True),
        Column("batch", _("Batch"), _("The batch it was made in."), holds=Holds.WHOLE, told=True),
        Column("pool", _("Partner pool"), _("The partner it is set aside for."), told=True),
        Column("replaced_by", _("Replaced by"), _("The code given for it."), told=True),
    ),
)

# The uses of a code, by the coupon's version `v`.
_AS_COUPON = f"coalesce((v.definition->'limits'->>'uses_per_code')::int, {issuing.UNLIMITED_USES})"
_COUPON = "coupons_coupon co ON co.merchant_id = %(merchant)s AND co.slug = r.cells->>0"
_USUAL_USES = f"""(
SELECT {_AS_COUPON} FROM coupons_coupon uc
  JOIN coupons_couponversion v ON v.coupon_id = uc.id AND v.version = uc.version
 WHERE uc.id = s.coupon_id)"""  # noqa: S608  (parts of our own)
_EXPIRES_AT = Stored("expires_at", "expires_at", "timestamptz", fresh="NULL")
_MAX_USES = Stored(
    "max_uses",
    "max_uses",
    "int",
    fresh=_AS_COUPON,
    usual=_USUAL_USES,
)
_ENDS = wanted(stored=_EXPIRES_AT, place=1)
_USES = wanted(stored=_MAX_USES, place=2)
_PROBLEM = f"""CASE
    WHEN co.id IS NULL THEN 'coupon|There is no such coupon.'
    WHEN s.id IS NULL AND co.state = 'ended'
    THEN 'coupon|The coupon has ended; it gets no more codes.'
    WHEN s.coupon_id <> co.id THEN 'code|The code belongs to another coupon.'
    WHEN s.shared AND ((r.cells->>3)::boolean IS NOT TRUE OR r.cells->>2 IS NOT NULL
         OR r.cells->>1 IS NOT NULL AND {_ENDS} IS DISTINCT FROM s.expires_at)
    THEN 'code|The code is the one that all shoppers share.'
    WHEN s.id IS NULL AND (r.cells->>3)::boolean
    THEN 'shared|A code that all share comes with its coupon.'
    WHEN s.id IS NULL AND r.cells->>4 <> 'active'
    THEN 'state|Only active codes are brought in anew.'
    WHEN {_USES} < s.uses THEN 'max_uses|The code has been used more often than that.'
END"""
# Those past a coupon's limit, the last of the file first.
_TOO_MANY = """
UPDATE coupons_stagedrow d
   SET outcome = 'bad', problem = 'coupon|That is more than the coupon may issue.'
  FROM (SELECT r.number, n.max_issued - n.issued AS room,
               row_number() OVER (PARTITION BY n.coupon_id ORDER BY r.number) AS place
          FROM coupons_stagedrow r
          JOIN coupons_coupon co ON co.merchant_id = %(merchant)s AND co.slug = r.cells->>0
          JOIN coupons_couponcounter n ON n.coupon_id = co.id AND n.max_issued IS NOT NULL
         WHERE r.imported_id = %(imported)s AND r.outcome = 'new') AS counted
 WHERE d.imported_id = %(imported)s AND d.number = counted.number AND counted.place > counted.room
"""
_BY_COUPON = """
SELECT cells->>0, count(*) FROM coupons_stagedrow
 WHERE imported_id = %(imported)s AND outcome = 'new' AND number <= %(last)s GROUP BY 1 ORDER BY 1
"""


def _values(row: Row) -> Sequence[Any]:
    slug = row.values.get("coupon", row.coupon)
    if not slug:
        raise Invalid(errors=[FieldError("coupon", "This is required.")])
    uses = row.values.get("max_uses")
    if uses is not None and not 1 <= uses <= MAX_INTEGER:
        message = f"Send a whole number from 1 to {MAX_INTEGER}."
        raise Invalid(errors=[FieldError("max_uses", message)])
    ends = row.values.get("expires_at")
    until = ends.astimezone(UTC).isoformat() if isinstance(ends, datetime) else None
    return slug, until, uses, row.values.get("shared"), row.values.get("state")


def _staged(imported: SheetImport) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_TOO_MANY, filled(imported=imported))


def _by_coupon(imported: SheetImport, last: int) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(_BY_COUPON, {"imported": imported.pk, "last": last})
        return dict(cursor.fetchall())


def _open(*, imported: SheetImport, at: datetime) -> None:
    """Take the stock of each coupon, and open a batch for its codes."""
    wanted = _by_coupon(imported, imported.read_to)
    coupons = Coupon.objects.of(imported.merchant).filter(slug__in=wanted).order_by("pk")
    for coupon in coupons.select_related("merchant"):
        issuing.open_list(
            job=imported.job,
            coupon=coupon,
            count=wanted[coupon.slug],
            by=imported.created_by,
            at=at,
        )


def _close(*, imported: SheetImport, at: datetime) -> None:
    """Give back the stock of codes that were not made after all."""
    made = _by_coupon(imported, imported.applied_to)
    for batch in CodeBatch.objects.filter(job=imported.job).select_related("coupon"):
        issuing.close_list(batch=batch, made=made.get(batch.coupon.slug, 0))


def _found(rows: QuerySet, asked: Asked) -> QuerySet:
    return rows.filter(text__startswith=coding.normal_form(asked.value))


def _standing(rows: Any, asked: Asked) -> QuerySet:
    if asked.value == UNREVOKED:
        rows = rows.filter(state=Code.State.ACTIVE)
    else:
        rows = rows.standing(Code.Standing(asked.value))
    return cast(QuerySet, rows)


def _along(filters: Mapping[str, str]) -> str:
    """Follow the index of a coupon, a batch or a pool where the rows are one's."""
    return "id" if {"coupon", "batch", "pool"} & filters.keys() else "text"


def _called(merchant: Merchant, filters: Mapping[str, str]) -> str:
    if "coupon" in filters:
        found = Coupon.objects.of(merchant).filter(pk=filters["coupon"]).first()
        return found.slug if found else ""
    return "-".join(f"{name}-{filters[name]}" for name in ("batch", "pool") if name in filters)


_OUT = Outgoing(
    model=Code,
    filters={
        "coupon": lambda rows, asked: rows.filter(coupon=int(asked.value)),
        "batch": lambda rows, asked: rows.filter(batch=int(asked.value)),
        "pool": lambda rows, asked: rows.filter(pool=int(asked.value)),
        "state": _standing,
        "shared": lambda rows, asked: rows.filter(shared=asked.value == "1"),
        "q": _found,
    },
    along=_along,
    called=_called,
    values={
        "code": "s.text",
        "coupon": "co.slug",
        "expires_at": "s.expires_at",
        "max_uses": "s.max_uses",
        "shared": "s.shared",
        "state": "CASE WHEN s.state = 'revoked' THEN 'revoked'"
        " WHEN s.uses >= s.max_uses THEN 'redeemed' ELSE 'active' END",
        "uses": "s.uses",
        "batch": "s.batch_id",
        "pool": "p.partner",
        "replaced_by": "n.text",
    },
    joins="JOIN coupons_coupon co ON co.id = s.coupon_id"
    " LEFT JOIN coupons_codepool p ON p.id = s.pool_id"
    # Without `OFFSET` PostgreSQL goes through all codes there are, for each piece of the file.
    " LEFT JOIN LATERAL (SELECT n.text FROM coupons_code n WHERE n.id = s.replaced_by_id OFFSET 0)"
    " AS n ON true",
)

SHEET = Sheet(
    shape=SHAPE,
    area=Area.CODES,
    table="coupons_code",
    key="text",
    stored=(
        Stored("coupon", "", "text"),
        _EXPIRES_AT,
        _MAX_USES,
        Stored("shared", "", "boolean"),
        Stored("state", "", "text"),
    ),
    values=_values,
    out=_OUT,
    joins=f"LEFT JOIN {_COUPON}",
    new_joins=f"JOIN {_COUPON} JOIN coupons_codebatch b ON b.job_id = %(job)s "
    "AND b.coupon_id = co.id JOIN coupons_couponversion v "
    "ON v.coupon_id = co.id AND v.version = co.version",
    problem=_PROBLEM,
    more={
        "coupon_id": "co.id",
        "batch_id": "b.id",
        "state": "'active'",
        "shared": "false",
        "uses": "0",
    },
    lock_order="s.id",
    staged=_staged,
    opening=_open,
    closing=_close,
    of_coupons=True,
)
