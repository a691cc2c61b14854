"""Spreadsheets brought in: what each row does, and what is left as it was."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from campaigns.models import Customer
from coupons import importing, jobs
from coupons.errors import Invalid, WrongState
from coupons.models import (
    Category,
    Code,
    CodeBatch,
    Coupon,
    CouponCounter,
    JournalEntry,
    Product,
    Role,
    SheetImport,
    StagedRow,
)
from coupons.sheets import kept_open, merging, staging
from redemption.reconciling import differences
from tests.people import person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open()
    shop.coupon("ten", code=None)
    return shop


def upload(shop: Shop, sheet: str, text: str | bytes, **more: Any) -> SheetImport:
    content = text.encode() if isinstance(text, str) else text
    coupon = more.pop("coupon", None)
    return importing.upload(
        merchant=shop.merchant,
        sheet=sheet,
        file=ContentFile(content, name=more.pop("name", f"{sheet}.csv")),
        coupon=Coupon.objects.get(slug=coupon) if coupon else None,
        by="staff:alice",
        at=NOW,
        **more,
    )


def work_off(imported: SheetImport) -> SheetImport:
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    return SheetImport.objects.select_related("job").get(pk=imported.pk)


def applied(imported: SheetImport) -> SheetImport:
    importing.confirm(imported=imported, by="staff:alice", at=NOW)
    return work_off(imported)


def outcomes(imported: SheetImport) -> list[tuple[int, str, str]]:
    rows = StagedRow.objects.of(imported.merchant).filter(imported=imported).order_by("number")
    return [(row.number, row.outcome, row.problem) for row in rows]


def counts(imported: SheetImport) -> tuple[int, ...]:
    return (imported.new, imported.changed, imported.kept, imported.same, imported.bad)


def issued(slug: str = "ten") -> int:
    return int(CouponCounter.objects.get(coupon__slug=slug).issued)


def test_codes_are_staged_looked_at_and_then_made(shop: Shop) -> None:
    found = upload(
        shop, "codes", "code,expires_at,max_uses\na-1,2026-12-31 23:59,3\na2,,\n", coupon="ten"
    )
    assert (found.stage, found.job.status, counts(found)) == ("checked", "waiting", (2, 0, 0, 0, 0))
    assert Code.objects.count() == 0
    found = applied(found)
    assert (found.stage, found.job.status, found.job.done) == ("applied", "done", 2)
    codes = Code.objects.order_by("text").values_list("text", "expires_at", "max_uses", "state")
    assert list(codes) == [
        ("A1", datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 3, "active"),
        ("A2", None, 1, "active"),
    ]
    batch = CodeBatch.objects.get()
    assert (batch.total, batch.job_id, issued()) == (2, found.job_id, 2)
    entry = JournalEntry.objects.get(type="codes.issued")
    assert (entry.data, entry.actor) == (
        {"batch": batch.pk, "count": 2, "pattern": ""},
        "staff:alice",
    )
    assert differences() == []


CODES = """code,coupon,expires_at,max_uses
mine,,,
MINE,,,
theirs,,,
shared,,,
,,,
naïve code?,,yesterday,many
zero,,,0
fine,,2026-05-01,2
nowhere,no-such,,
gone,over,,
elsewhere,other,,
"""


def test_a_row_of_codes_does_what_the_table_says(shop: Shop) -> None:
    shop.codes("ten", "MINE")
    shop.coupon("other", code=None)
    shop.codes("other", "THEIRS")
    shop.coupon("shared")
    shop.coupon("over", code=None)
    assert shop.api.post("coupons/over/end").status == 200
    found = upload(shop, "codes", CODES, coupon="ten")
    assert outcomes(found) == [
        (2, "same", ""),
        (3, "bad", "code|Row 2 has the same already."),
        (4, "bad", "code|The code belongs to another coupon."),
        (5, "bad", "code|The code belongs to another coupon."),
        (7, "bad", "expires_at|Write a time such as 2026-03-04 12:00.\n"
                   "max_uses|Write a whole number, such as 100."),
        (8, "bad", f"max_uses|Send a whole number from 1 to {2**31 - 1}."),
        (9, "new", ""),
        (10, "bad", "coupon|There is no such coupon."),
        (11, "bad", "coupon|The coupon has ended; it gets no more codes."),
        (12, "new", ""),
    ]  # fmt: skip
    assert counts(found) == (2, 0, 0, 1, 7)
    found = applied(found)
    assert (found.stage, counts(found)) == ("applied", (2, 0, 0, 1, 7))
    assert Code.objects.get(text="FINE").max_uses == 2
    assert Code.objects.get(text="ELSEWHERE").coupon.slug == "other"
    assert (issued("ten"), issued("other")) == (2, 2)
    assert differences() == []


@pytest.mark.parametrize(
    ("policy", "outcome", "uses"), [("skip", "kept", 1), ("update", "changed", 5)]
)
def test_a_code_that_is_there_is_left_or_changed(
    shop: Shop, policy: str, outcome: str, uses: int
) -> None:
    shop.codes("ten", "A1", "A2")
    found = upload(shop, "codes", "code,max_uses\nA1,5\nA2,\n", coupon="ten", on_duplicate=policy)
    assert [each[1] for each in outcomes(found)] == [outcome, "same"]
    applied(found)
    assert Code.objects.get(text="A1").max_uses == uses
    assert (Code.objects.get(text="A2").max_uses, issued()) == (1, 2)


def test_all_or_nothing_applies_nothing_where_one_is_there(shop: Shop) -> None:
    shop.codes("ten", "A1")
    bookkeeping = ("coupons_job", "coupons_sheetimport", "coupons_stagedrow")
    with nothing_changes(but=bookkeeping):
        found = upload(shop, "codes", "code\nA1\nB2\n", coupon="ten", on_duplicate="fail")
    assert (found.stage, found.job.status, counts(found)) == ("refused", "failed", (1, 0, 0, 0, 1))
    assert found.job.problem == importing.NOTHING_APPLIED
    with pytest.raises(WrongState), nothing_changes():
        importing.confirm(imported=found, by="staff:alice", at=NOW)


def test_all_or_nothing_applies_nothing_where_one_came_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "CHUNK", 2)
    found = upload(shop, "codes", "code\nA1\nB2\nC3\n", coupon="ten", on_duplicate="fail")
    shop.codes("ten", "C3")
    found = applied(found)
    assert (found.stage, found.job.status) == ("refused", "failed")
    assert (list(Code.objects.values_list("text", flat=True)), issued()) == (["C3"], 1)
    assert differences() == []


def test_all_or_nothing_applies_everything_where_all_is_well(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "CHUNK", 2)
    found = applied(upload(shop, "codes", "code\nA1\nB2\nC3\n", coupon="ten", on_duplicate="fail"))
    assert (found.stage, found.job.done, Code.objects.count(), issued()) == ("applied", 3, 3, 3)


def test_the_same_file_again_is_known_and_changes_nothing(shop: Shop) -> None:
    text = "code,max_uses\nA1,3\nB2,\n"
    first = applied(upload(shop, "codes", text, coupon="ten", on_duplicate="update"))
    again = upload(shop, "codes", text, coupon="ten", on_duplicate="update")
    assert importing.same_before(imported=again) == first
    assert counts(again) == (0, 0, 0, 2, 0)
    with nothing_changes(but=("coupons_job", "coupons_sheetimport")):
        applied(again)
    assert SheetImport.objects.get(pk=again.pk).stage == "applied"


def test_codes_past_the_limit_are_bad_rows_and_the_others_are_made(shop: Shop) -> None:
    shop.coupon("few", code=None, limits={"issued": 3})
    shop.codes("few", "A0")
    found = upload(shop, "codes", "code\nA1\nA2\nA3\n", coupon="few")
    assert counts(found) == (2, 0, 0, 0, 1)
    assert outcomes(found)[2][2] == "coupon|That is more than the coupon may issue."
    applied(found)
    assert (issued("few"), Code.objects.filter(coupon__slug="few").count()) == (3, 3)


def test_stock_that_is_gone_meanwhile_refuses_the_whole(shop: Shop) -> None:
    shop.coupon("few", code=None, limits={"issued": 2})
    found = upload(shop, "codes", "code\nA1\nA2\n", coupon="few")
    shop.codes("few", "B1")
    with pytest.raises(Invalid), nothing_changes():
        importing.confirm(imported=found, by="staff:alice", at=NOW)


def test_a_code_typed_in_meanwhile_is_not_made_twice(shop: Shop) -> None:
    shop.coupon("other", code=None)
    found = upload(shop, "codes", "code\nA1\nA2\nA3\n", coupon="ten")
    shop.codes("ten", "A1")
    shop.codes("other", "A2")
    found = applied(found)
    assert [each[1:] for each in outcomes(found)] == [
        ("same", ""), ("bad", "code|The code belongs to another coupon."), ("new", ""),
    ]  # fmt: skip
    assert (issued("ten"), issued("other"), CodeBatch.objects.get(job=found.job).total) == (2, 1, 1)
    assert differences() == []


def test_products_come_with_their_categories(shop: Shop) -> None:
    shop.api.put("products/S1", {"name": "Old", "price": "5.00", "cost": "1.00", "stock": 4})
    text = (
        "SKU;名称;类目;币种;售价;成本;on_sale;库存\n"
        "S1;New;;;7,50;;是;\nS2;Shoe;shoes/running;EUR;19,99;;否;3\nS3;;;XXX;1;;;\n"
        "S1x;;a//b;;;;;\nS4;;;JPY;1,5;;;\n"
    )
    found = upload(shop, "products", text, on_duplicate="update")
    assert outcomes(found) == [
        (2, "changed", ""),
        (3, "new", ""),
        (4, "bad", "currency|'XXX' is not a currency code (ISO 4217)."),
        (5, "bad", "category|A path such as shoes/running."),
        (6, "bad", "price|JPY has 0 decimals; the amount has 1."),
    ]
    found = applied(found)
    row = Product.objects.get(sku="S1")
    assert (row.name, row.price_minor, row.cost_minor, row.on_sale, row.stock, row.currency) == (
        "New", 750, 100, True, 4, "USD",
    )  # fmt: skip
    shoe = Product.objects.get(sku="S2")
    assert (shoe.name, shoe.category.path, shoe.price_minor, shoe.currency) == (
        "Shoe", "shoes/running", 1999, "EUR",
    )  # fmt: skip
    assert Category.objects.count() == 1
    assert Product.objects.count() == 2


def test_an_amount_never_changes_its_currency_unseen(shop: Shop) -> None:
    shop.api.put("products/S1", {"price": "5.00", "cost": "1.00"})
    told = "Send it too: the one there is in USD."
    found = upload(shop, "products", "sku,currency,price\nS1,EUR,4\n", on_duplicate="update")
    assert outcomes(found) == [(2, "bad", f"cost|{told}")]
    found = upload(shop, "products", "sku,price\nS1,4\n", on_duplicate="update")
    Product.objects.update(currency="EUR")
    assert outcomes(applied(found)) == [
        (2, "bad", "currency|Send it too: the one there is in EUR.")
    ]
    assert Product.objects.get().price_minor == 500


def test_customers_come_with_tags_and_consents(shop: Shop) -> None:
    shop.api.put("customers/C1", {"email": "a@example.com", "tags": ["old"], "tier": "gold"})
    text = (
        "id,email,country,tags,birthday,registered_at,is_test,consents,timezone\n"
        'C1,,de,"vip, 新客, vip",,,,,\n'
        'C2,b@example.com,CN,,1990-05-17,2024-03-01 12:00,yes,"{""ads"":{""email"":true}}",'
        "Asia/Shanghai\n"
        "C3,nobody,QQ,,,1800-01-01,,[],Mars\n"
    )
    found = upload(shop, "customers", text, on_duplicate="update")
    assert outcomes(found)[:2] == [(2, "changed", ""), (3, "new", "")]
    assert outcomes(found)[2][1:] == ("bad", "consents|Send an object.")
    applied(found)
    one, two = Customer.objects.order_by("ref")
    assert (one.email, one.country, one.tags, one.tier) == (
        "a@example.com", "DE", ["vip", "新客"], "gold",
    )  # fmt: skip
    assert (two.birthday.isoformat(), two.is_test, two.consents, two.time_zone, two.tags) == (
        "1990-05-17", True, {"ads": {"email": True}}, "Asia/Shanghai", [],
    )  # fmt: skip
    assert (two.registered_at, two.created_at, two.paid_orders) == (
        datetime(2024, 3, 1, 12, 0, tzinfo=UTC), NOW, 0,
    )  # fmt: skip
    again = upload(shop, "customers", text, on_duplicate="update")
    assert counts(again) == (0, 0, 0, 2, 1)


def test_a_file_from_chinese_excel_is_read(shop: Shop) -> None:
    found = upload(shop, "customers", "顾客,标签\n张三,老客\n".encode("gb18030"))
    applied(found)
    assert Customer.objects.get().tags == ["老客"]


def test_the_bad_rows_are_a_file_to_mend_and_send_again(shop: Shop) -> None:
    found = upload(shop, "codes", "code,max_uses,colour\nA1,x,red\nB2,2,\n=C3,0,\n", coupon="ten")
    assert (found.columns, found.ignored) == (["code", "max_uses"], ["colour"])
    with found.job.result.open("rb") as file:
        lines = file.read().decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Code,Uses allowed,Row in the file,What is wrong")
    assert lines[1].startswith("A1,x,2,")
    assert lines[2].startswith("'=C3,0,4,")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("coupon,max_uses\nten,1\n", "These columns are missing: code."),
        ("code,券码\nA,B\n", "Two columns are named code."),
        ("code\n", importing.NO_ROWS),
        ("%PDF-1.7", "This is no spreadsheet; send xlsx, xls, ods or CSV."),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(
    shop: Shop, text: str, problem: str
) -> None:
    found = upload(shop, "codes", text, coupon="ten")
    assert (found.stage, found.job.status, found.job.problem) == ("refused", "failed", problem)
    assert StagedRow.objects.of(shop.merchant).count() == 0


def test_a_file_that_is_too_large_is_not_even_kept(shop: Shop, settings: Any) -> None:
    settings.SHEET_MAX_BYTES = 10
    for text in ("code\nA1\nA2\nA3\n", ""):
        with pytest.raises(Invalid), nothing_changes():
            upload(shop, "codes", text, coupon="ten")


def test_reading_goes_on_where_another_worker_ended(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(importing, "SMALL", 0)
    found = upload(shop, "codes", "code\nA1\nA2\n\nA3\nA4\nA5\n", coupon="ten")
    assert jobs.work_on(job_id=found.job_id, at=NOW)
    kept_open.let_go()  # as if the process had died
    found = work_off(found)
    assert [each[0] for each in outcomes(found)] == [2, 3, 5, 6, 7]


def test_a_piece_that_died_is_read_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK", 2)
    monkeypatch.setattr(importing, "SMALL", 0)
    found = upload(shop, "codes", "code\nA1\nA2\nA3\nA4\nA5\n", coupon="ten")
    assert jobs.work_on(job_id=found.job_id, at=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(staging, "_stage", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            jobs.work_on(job_id=found.job_id, at=NOW)
    assert counts(work_off(found)) == (5, 0, 0, 0, 0)


def test_a_stopped_import_says_how_far_it_came_and_gives_back_the_rest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "CHUNK", 2)
    found = upload(shop, "codes", "code\nA1\nA2\nA3\nA4\nA5\n", coupon="ten")
    importing.confirm(imported=found, by="staff:alice", at=NOW)
    assert issued() == 5
    assert jobs.work_on(job_id=found.job_id, at=NOW)
    importing.cancel(imported=found, at=NOW)
    found = SheetImport.objects.select_related("job").get()
    assert (found.stage, found.job.status, found.applied_to) == ("stopped", "cancelled", 3)
    assert (issued(), Code.objects.count(), CodeBatch.objects.get().total) == (2, 2, 2)
    assert differences() == []
    with nothing_changes():
        assert not jobs.work_on(job_id=found.job_id, at=NOW)


def test_applied_at_once_needs_nobody(shop: Shop) -> None:
    found = work_off(upload(shop, "codes", "code\nA1\nA2\n", coupon="ten", at_once=True))
    assert (found.stage, issued(), Code.objects.count()) == ("applied", 2, 2)


def test_the_page_shows_what_would_change_and_applies_it(shop: Shop) -> None:
    bob = person("bob", shop.merchant, Role.OPERATOR)
    shop.api.put("products/S1", {"name": "Old", "price": "5.00"})
    file = ContentFile(b"sku,name,price,colour\nS1,New,7.50,red\nS2,x,y,\n", name="p.csv")
    answer = bob.client.post(
        "/coupons/sheetimport/upload/",
        {"sheet": "products", "file": file, "on_duplicate": "update"},
    )
    found = SheetImport.objects.get()
    assert answer["Location"] == f"/coupons/sheetimport/{found.pk}/change/"
    page = bob.get(answer["Location"])
    assert [(d.row, d.key, d.old, d.new) for d in page.context["differences"]] == [
        (2, "S1", "Old", "New"), (2, "S1", "5.00", "7.50"),
    ]  # fmt: skip
    assert [row for row, *_ in page.context["bad_rows"]] == [3]
    assert "Not known, so left out:" in page.content.decode()
    assert Product.objects.get().name == "Old"
    assert bob.post(f"/coupons/sheetimport/{found.pk}/apply/").status_code == 302
    work_off(found)
    assert (Product.objects.get().name, Product.objects.get().price_minor) == ("New", 750)
    assert "Applied" in bob.get(answer["Location"]).content.decode()


def test_a_cancelled_preview_changes_nothing(shop: Shop) -> None:
    bob = person("bob", shop.merchant, Role.OPERATOR)
    found = upload(shop, "codes", "code\nA1\n", coupon="ten")
    bob.post(f"/coupons/sheetimport/{found.pk}/cancel/")
    assert SheetImport.objects.get().stage == "stopped"
    with nothing_changes():
        bob.post(f"/coupons/sheetimport/{found.pk}/apply/")
    assert (Code.objects.count(), issued()) == (0, 0)


def test_whoever_may_not_change_customers_sees_no_bad_rows_of_theirs(shop: Shop) -> None:
    found = upload(shop, "customers", "id,email\nC1,nobody\n")
    analyst = person("ann", shop.merchant, Role.ANALYST)
    address = f"/coupons/job/{found.job_id}/result/"
    assert analyst.get(address).status_code == 404
    answer = person("bob", shop.merchant, Role.OPERATOR).client.get(address)
    assert b"nobody" in b"".join(answer.streaming_content)
    answer.close()


def command(*words: str) -> tuple[int, str]:
    out, status = io.StringIO(), 0
    try:
        call_command("sheet", "import", "--merchant=acme", *words, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    return status, out.getvalue()


def test_the_command_says_what_a_file_would_do_and_does_it(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    file.write_text("code,max_uses\nA1,\nB2,x\n")
    told = "Row 3 (B2): Uses allowed: Write a whole number, such as 100.\n"
    words = ("codes", str(file), "--coupon=ten")
    assert command(*words, "--dry-run") == (
        1, f"{told}Nothing was applied: 1 new, 0 changed, 0 kept, 0 same, 1 bad.\n",
    )  # fmt: skip
    assert Code.objects.count() == 0
    assert command(*words) == (1, f"{told}Applied: 1 new, 0 changed, 0 kept, 0 same, 1 bad.\n")
    assert command(*words, "--on-duplicate=fail")[0] == 1
    file.write_text("code\nA1\n")
    assert command(*words) == (0, "Applied: 0 new, 0 changed, 0 kept, 1 same, 0 bad.\n")
    for wrong in (("--coupon=none",), ("--merchant=none",)):
        with pytest.raises(CommandError), nothing_changes():
            command("codes", str(file), *wrong)
