"""Spreadsheets taken away: what stands in them, and that they come in again as they were."""

import csv
import io
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from campaigns import customers
from campaigns.models import Customer
from coupons import catalogue, exporting, importing, jobs
from coupons.errors import Invalid
from coupons.models import (
    Code,
    Coupon,
    CouponVersion,
    Job,
    JournalEntry,
    Merchant,
    Product,
    Role,
    SheetExport,
    SheetImport,
    StagedRow,
)
from coupons.sheets.cell_text import defused, defused_in_sql
from tests.people import person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

#: What an import writes that changes nothing.
STAGED = ("coupons_sheetimport", "coupons_stagedrow", "coupons_job")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def export(merchant: Merchant, sheet: str, format: str = "csv", **more: Any) -> Job:
    return exporting.start(
        merchant=merchant,
        sheet=sheet,
        format=format,
        filters=more.get("filters", {}),
        language=more.get("language", "en"),
        by="staff:alice",
        at=NOW,
    )


def content(job: Job) -> bytes:
    with job.result.open("rb") as file:
        return bytes(file.read())


def told(job: Job) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content(job).decode("utf-8-sig"), newline="")))


def bring_in(merchant: Merchant, job: Job, sheet: str, **more: Any) -> SheetImport:
    imported = importing.upload(
        merchant=merchant,
        sheet=sheet,
        file=ContentFile(content(job), name=job.result.name.rsplit("/")[-1]),
        by="staff:alice",
        at=NOW,
        on_duplicate=more.get("on_duplicate", "update"),
        at_once=True,
    )
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    return SheetImport.objects.select_related("job").get(pk=imported.pk)


def outcomes(imported: SheetImport) -> Mapping[str, int]:
    found = {name: getattr(imported, name) for name in StagedRow.Outcome.values}
    return {name: number for name, number in found.items() if number}


def different(merchant: Merchant) -> list[Any]:
    found = StagedRow.objects.of(merchant).exclude(outcome="same")
    return list(found.values_list("key", "outcome", "problem", "cells", "before"))


def fill(shop: Shop) -> None:
    """Give a shop codes, products and customers of every form."""
    shop.coupon("ten", code="TEN")
    shop.coupon("many", code=None)
    shop.codes("many", "A1", "+CMD", "'=X", "@B", "R1")
    Code.objects.filter(text="A1").update(
        expires_at=datetime(2026, 10, 25, 0, 30, 1, 250_000, tzinfo=UTC), max_uses=3, uses=2
    )
    Code.objects.filter(text="R1").update(state="revoked")
    catalogue.put_products(
        merchant=shop.merchant,
        changes={
            "=1+1": {"name": "-5 %", "category": "shoes/running", "price_minor": 1_999},
            "two": {"currency": "JPY", "price_minor": 500, "on_sale": True, "stock": 0},
            "three": {"currency": "KWD", "cost_minor": 1_005, "name": 'a "b", \n c'},
        },
    )
    Customer.objects.bulk_create(
        Customer(merchant=shop.merchant, ref=ref, created_at=NOW, **more)
        for ref, more in {
            "C1": {"tags": ["a, b", "vip"], "consents": {"marketing": {"email": True}}},
            "007": {
                "tags": ["x", "y"], "phone": "+4930", "birthday": date(1890, 5, 17),
                "registered_at": datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            },
            "林": {"email": "lin@example.com", "is_test": True, "tags": ["=z", "["]},
        }.items()
    )  # fmt: skip


def test_codes_go_out_with_how_they_stand(shop: Shop) -> None:
    fill(shop)
    batch = shop.merchant and Code.objects.get(text="A1").batch_id
    job = export(
        shop.merchant, "codes", filters={"coupon": str(Coupon.objects.get(slug="many").pk)}
    )
    assert (job.status, job.total, job.done) == ("done", 5, 5)
    assert job.result.name.rsplit("/")[-1] == f"codes-many-{NOW:%Y-%m-%d}.csv"
    heads, *rows = told(job)
    assert heads == [
        "Code", "Coupon", "Expires", "Uses allowed", "Shared", "State", "Uses", "Batch",
        "Partner pool", "Replaced by",
    ]  # fmt: skip
    number = "" if batch is None else str(batch)
    first = ["A1", "many", "2026-10-25 00:30:01.250000+00:00", "3", "No", "Active", "2", number]
    assert rows[0] == [*first, "", ""]
    assert [row[0] for row in rows[1:]] == ["'+CMD", "''=X", "'@B", "R1"]
    assert rows[4][5] == "Revoked"
    entry = JournalEntry.objects.get(type="sheet.exported")
    assert (entry.actor, entry.data["count"], entry.data["sheet"]) == ("staff:alice", 5, "codes")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize(("sheet", "rows"), [("codes", 6), ("products", 3), ("customers", 3)])
def test_what_goes_out_comes_in_and_is_the_same(
    shop: Shop, sheet: str, rows: int, format: str, language: str, zone: str
) -> None:
    fill(shop)
    Merchant.objects.filter(pk=shop.merchant.pk).update(time_zone=zone)
    shop.merchant.refresh_from_db()
    job = export(shop.merchant, sheet, format, language=language)
    assert (job.status, job.done) == ("done", rows), job.problem
    with nothing_changes(but=STAGED):
        imported = bring_in(shop.merchant, job, sheet)
        assert different(shop.merchant) == []
    assert (outcomes(imported), imported.ignored) == ({"same": rows}, [])


def state(merchant: Merchant, sheet: str) -> list[tuple[Any, ...]]:
    """Return all that a sheet can say of a merchant's rows; of codes the active ones."""
    if sheet == "codes":
        codes = Code.objects.of(merchant).filter(state="active").order_by("text")
        return list(
            codes.values_list("text", "coupon__slug", "expires_at", "max_uses", "shared", "state")
        )
    if sheet == "products":
        names = [name for name in catalogue.FIELDS if name != "category"]
        return list(
            Product.objects.of(merchant)
            .order_by("sku")
            .values_list("sku", "category__path", *names)
        )
    return list(Customer.objects.of(merchant).order_by("ref").values_list("ref", *customers.FIELDS))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("sheet", "first", "again"),
    [
        # The shared code came with its coupon; a revoked one is not made anew.
        ("codes", {"new": 4, "same": 1, "bad": 1}, {"same": 5, "bad": 1}),
        ("products", {"new": 3}, {"same": 3}),
        ("customers", {"new": 3}, {"same": 3}),
    ],
)
def test_what_goes_out_comes_in_elsewhere_as_it_was(
    shop: Shop, sheet: str, first: dict[str, int], again: dict[str, int], format: str, language: str
) -> None:
    fill(shop)
    there = Shop.open("other")
    there.coupon("ten", code="TEN")
    there.coupon("many", code=None)
    job = export(shop.merchant, sheet, format, language=language)
    imported = bring_in(there.merchant, job, sheet)
    assert (outcomes(imported), imported.ignored) == (first, [])
    assert state(there.merchant, sheet) == state(shop.merchant, sheet)
    assert outcomes(bring_in(there.merchant, job, sheet)) == again


def test_a_file_of_several_parts_is_whole(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop)
    whole = content(export(shop.merchant, "codes"))
    monkeypatch.setattr(exporting, "PIECE", 2)
    assert content(export(shop.merchant, "codes")) == whole


def test_a_workbook_may_take_longer_than_the_database_waits_for_a_statement(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shop)
    write = exporting.write_workbook

    def slowly(**named: Any) -> None:
        time.sleep(1)
        write(**named)

    monkeypatch.setattr(exporting, "write_workbook", slowly)
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '500ms'")
    try:
        job = export(shop.merchant, "products", "xlsx")
        assert (job.status, job.done) == ("done", 3)
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("500ms",)
    finally:
        connection.close()


def test_what_nobody_can_narrow_by_is_refused(shop: Shop) -> None:
    for filters in ({"colour": "red"}, {"coupon": "ten"}, {"state": "lost"}):
        with pytest.raises(Invalid), nothing_changes():
            export(shop.merchant, "codes", filters=filters)
    with pytest.raises(Invalid), nothing_changes():
        export(shop.merchant, "codes", format="pdf")


def test_an_export_of_nothing_has_its_headings(shop: Shop) -> None:
    assert len(told(export(shop.merchant, "products"))) == 1


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6))
def test_the_database_defuses_as_python_does(text: str) -> None:
    with connection.cursor() as cursor:
        made = defused_in_sql(text="t")
        cursor.execute(f"SELECT {made} FROM (VALUES (%s)) AS v (t)", [text])  # noqa: S608
        assert cursor.fetchone() == (defused(text),)


def offers(shop: Shop) -> None:
    """Give a shop coupons that between them use every part of a definition."""
    shop.coupon(
        "euros", kind="amount_off", percent=None, value={"USD": "10.00", "JPY": "900"},
        code="HELLO", names={"zh-hans": "满减", "de": "Zehn"},
        starts_at="2026-11-27T00:00:00-05:00",
        ends_at="2027-03-28T01:30:00+01:00", min_spend={"USD": "50"}, channels=["web"],
        limits={"uses": 5, "budget": {"USD": "100"}, "uses_per_code": None}, publish=False,
        scope={"products": ["a, b", "c"], "exclude_sale_items": True}, customers={"who": "new"},
    )  # fmt: skip
    shop.coupon(
        "tiered", kind="tiered", percent=None, code=None, description="=1+1", follow_up="euros",
        tiers=[{"min_spend": {"USD": "50"}, "percent": "12.5"}], methods=["api", "manual"],
    )  # fmt: skip
    shop.coupon(
        "draw", kind="draw", percent=None, code=None, publish=False,
        prizes=[{"name": "Ten", "coupon": "euros", "weight": 1}, {"name": "None", "weight": 9}],
    )  # fmt: skip
    shop.coupon("over", code=None)
    assert shop.api.post("coupons/over/end").status == 200


def definitions(merchant: Merchant) -> dict[str, Any]:
    found = CouponVersion.objects.of(merchant).filter(version=F("coupon__version"))
    return {row.coupon.slug: row.definition for row in found.select_related("coupon")}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_coupons_go_out_and_come_in_the_same_here_and_elsewhere(
    shop: Shop, format: str, language: str
) -> None:
    offers(shop)
    job = export(shop.merchant, "coupons", format, language=language)
    with nothing_changes(but=STAGED):
        imported = bring_in(shop.merchant, job, "coupons")
        assert different(shop.merchant) == []
    assert (outcomes(imported), imported.ignored) == ({"same": 4}, [])

    other = Shop.open("other").merchant
    imported = bring_in(other, job, "coupons")
    found = StagedRow.objects.of(other).exclude(outcome="new")
    assert list(found.values_list("key", "problem")) == []
    mine, theirs = definitions(shop.merchant), definitions(other)
    for each in (*mine.values(), *theirs.values()):
        for name in ("starts_at", "ends_at"):
            each[name] = each[name] and datetime.fromisoformat(each[name])
    assert theirs == mine
    assert set(Coupon.objects.of(other).values_list("state", flat=True)) == {"draft"}
    assert outcomes(bring_in(other, job, "coupons")) == {"same": 4}


def test_a_file_changes_what_may_be_changed_and_says_what_may_not(shop: Shop) -> None:
    offers(shop)
    shop.coupon("out", kind="percent_off", percent="10", value=None, code="OUT")
    lines = [
        "slug,name,kind,percent,value,most_uses,rules",
        "euros,Renamed,,,EUR 7.5; 9 USD,,",
        'tiered,,,,,3,"{""priority"": 5}"',
        "out,Still,,20,,,",
        "over,Later,,,,,",
        "fresh,Fresh,percent_off,10,,,",
        "bad,,percent_off,ten,,,",
        "lacks,Lacks,percent_off,,,,",
        'twice,Twice,percent_off,5,,,"{""percent"": ""6"", ""colour"": 1}"',
        'odd,Odd,percent_off,5,,,"{""colour"": 1}"',
        "money,Money,amount_off,,7,,",
    ]
    imported = importing.upload(
        merchant=shop.merchant, sheet="coupons", by="staff:alice", at=NOW, at_once=True,
        file=ContentFile("\n".join(lines).encode(), name="coupons.csv"), on_duplicate="update",
    )  # fmt: skip
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    found = StagedRow.objects.of(shop.merchant).order_by("number")
    assert [(row.key, row.outcome, row.problem.partition("|")[0]) for row in found] == [
        ("euros", "changed", ""),
        ("tiered", "changed", ""),
        ("out", "bad", "percent"),
        ("over", "bad", "slug"),
        ("fresh", "new", ""),
        ("bad", "bad", "percent"),
        ("lacks", "bad", "percent"),
        ("twice", "bad", "rules"),
        ("odd", "bad", "colour"),
        ("money", "bad", "value"),
    ]
    now = definitions(shop.merchant)
    assert (now["euros"]["name"], now["euros"]["value"]) == (
        "Renamed", {"EUR": "7.50", "USD": "9.00"},
    )  # fmt: skip
    assert (now["tiered"]["limits"]["uses"], now["tiered"]["priority"]) == (3, 5)
    assert now["out"]["percent"] == "10"
    assert Coupon.objects.get(slug="fresh").state == "draft"


def test_the_button_of_a_list_takes_what_the_list_shows(shop: Shop) -> None:
    fill(shop)
    alice = person("alice", shop.merchant, Role.OWNER)
    query = f"?coupon__id__exact={Coupon.objects.get(slug='many').pk}&state=revoked"
    page = alice.get(f"/coupons/code/{query}").content.decode()
    assert "/coupons/code/export/?" in page
    assert "narrowed as it is: Codes" in alice.get(f"/coupons/code/export/{query}").content.decode()
    answer = alice.post(f"/coupons/code/export/{query}", format="csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="codes-many-20')
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == ["R1"]
    for address in ("coupons/product", "coupons/coupon", "campaigns/customer"):
        answer = alice.post(f"/{address}/export/", format="xlsx")
        assert b"".join(answer.streaming_content)[:2] == b"PK"


def test_whoever_may_only_look_takes_nothing_away(shop: Shop) -> None:
    fill(shop)
    ann = person("ann", shop.merchant, Role.ANALYST)
    assert "/export/" not in ann.get("/coupons/code/").content.decode()
    with nothing_changes():
        assert ann.post("/coupons/code/export/", format="csv").status_code == 404
        assert ann.get("/coupons/code/export/").status_code == 404


def test_a_long_file_is_a_job_of_its_own(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(shop)
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    alice = person("alice", shop.merchant, Role.OWNER)
    answer = alice.post("/coupons/code/export/", format="csv")
    job = Job.objects.get(kind="export")
    assert answer["Location"] == f"/coupons/job/{job.pk}/change/"
    assert job.status == "queued"
    jobs.cancel(job=job, at=NOW)
    assert (job.result.name, SheetExport.objects.get().parts) == ("", 0)


def test_the_command_writes_a_file(shop: Shop, tmp_path: Path) -> None:
    fill(shop)
    file, out = tmp_path / "codes.csv", io.StringIO()
    words = ("sheet", "export", "codes", str(file), "--merchant=acme", "--coupon=many")
    call_command(*words, "--state=revoked", stdout=out, stderr=io.StringIO())
    assert out.getvalue() == f"1 rows in {file}.\n"
    assert [row[0] for row in csv.reader(file.read_text("utf-8-sig").splitlines())] == [
        "Code",
        "R1",
    ]
    for wrong in (("--state=lost",), ("--merchant=none",), ("--coupon=none",), ("--kind=pass",)):
        with pytest.raises(CommandError), nothing_changes():
            call_command(*words, *wrong, stdout=out, stderr=out)
