"""Codes are printed: a file by a job, whose every QR code leads to its own code."""

from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from coupons import coding, jobs
from coupons.errors import Invalid
from coupons.models import Code, CodeBatch, Coupon, Job, JournalEntry, Printout, Role
from coupons.printing import running
from coupons.printing.layouts import LAYOUTS
from tests.people import Person, person
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = {"en": "Spring voucher", "zh-hans": "春季大促券"}
LONGEST = "W" * coding.MAX_LENGTH


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.HEXIAO_URL = "https://coupons.example.com"


@pytest.fixture
def shop() -> Shop:
    shop = Shop.open(languages=["en", "zh-hans"], time_zone="Asia/Shanghai")
    shop.coupon(
        "spring",
        code=None,
        names=NAMES,
        min_spend={"USD": "50.00"},
        ends_at="2097-03-31T15:00:00Z",
        time_zone="Asia/Shanghai",
    )
    shop.codes("spring", *(f"SPRING{n:04}" for n in range(30)), LONGEST)
    return shop


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


def start(**changes: Any) -> list[Job]:
    values = {"layout": "a4-cards", "language": "en", "by": "staff:bob", "at": NOW, **changes}
    return running.start(coupon=Coupon.objects.get(), **values)


def worked(job: Job) -> Job:
    while jobs.work_on(job_id=job.pk, at=NOW):
        pass
    job.refresh_from_db()
    return job


def pages(job: Job) -> list[tuple[str, list[str]]]:
    """Return each page's text, and what its QR codes say."""
    with job.result.open("rb") as file:
        document = pypdfium2.PdfDocument(file.read())
    found = []
    for page in document:
        text = page.get_textpage()
        shown = page.render(scale=3).to_pil()
        codes = zxingcpp.read_barcodes(shown, formats=zxingcpp.BarcodeFormat.QRCode)
        # PDFium's mark of a hyphen at the end of a line.
        read = text.get_text_range().replace("\ufffe", "-")
        found.append((read, [code.text for code in codes]))
        text.close()
        page.close()
    document.close()
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("Acme", "$10 off", "Spring voucher", "March 31, 2097", "Minimum spend: $50.")),
        ("zh-hans", ("Acme", "满US$50减US$10", "春季大促券", "2097年3月31日", "US$50")),
    ],
)
def test_each_voucher_says_what_it_is_and_leads_to_its_own_code(
    shop: Shop, layout: str, language: str, said: tuple[str, ...]
) -> None:
    (job,) = start(layout=layout, language=language)
    job = worked(job)
    assert (job.status, job.done, job.total, job.problem) == ("done", 31, 31, "")
    read = pages(job)
    links = {link for _, links in read for link in links}
    assert links == {
        f"https://coupons.example.com/c/acme#{text}"
        for text in Code.objects.values_list("text", flat=True)
    }
    assert len(read) == -(-31 // LAYOUTS[layout].per_page)
    for text, links in read:
        together = "".join(text.split())
        for words in said:
            assert "".join(words.split()) in together, (words, text)
        for link in links:
            assert link.partition("#")[2] in coding.normal_form(text)


def test_a_file_is_written_in_parts_that_a_kill_does_not_lose(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PIECE", 10)
    (job,) = start()
    assert jobs.work_on(job_id=job.pk, at=NOW)
    job.refresh_from_db()
    assert (job.done, job.total) == (10, 31)
    # A worker that was killed between writing a part and committing it.
    default_storage.save(f"printing/{job.pk}/1", ContentFile(b"half a part"))
    job = worked(job)
    assert [len(links) for _, links in pages(job)] == [10, 10, 10, 1]
    assert len({link for _, links in pages(job) for link in links}) == 31
    assert default_storage.listdir(f"printing/{job.pk}")[1] == []
    assert job.result.name.endswith("spring-a4-cards.pdf")


def test_a_stopped_file_leaves_no_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PIECE", 10)
    (job,) = start()
    assert jobs.work_on(job_id=job.pk, at=NOW)
    jobs.cancel(job=job, at=NOW)
    assert default_storage.listdir(f"printing/{job.pk}")[1] == []
    assert not Job.objects.get(pk=job.pk).result


def test_withdrawn_codes_are_never_printed_and_used_ones_only_if_asked(shop: Shop) -> None:
    (job,) = start(unused_only=False)
    Code.objects.filter(text="SPRING0000").update(state=Code.State.REVOKED)
    Code.objects.filter(text="SPRING0001").update(uses=1)
    job = worked(job)
    assert (job.status, job.done, job.total) == ("done", 30, 30)
    (unused,) = start()
    printed = {link[-10:] for _, links in pages(worked(unused)) for link in links}
    assert len(printed) == 29
    assert "SPRING0001" not in printed


def test_a_batch_alone_is_printed(shop: Shop) -> None:
    shop.codes("spring", "OTHER1", "OTHER2")
    batch = CodeBatch.objects.latest("pk")
    (job,) = start(batch=batch)
    assert {link[-6:] for _, links in pages(worked(job)) for link in links} == {"OTHER1", "OTHER2"}
    entry = JournalEntry.objects.get(type="codes.printed")
    assert entry.data == {"count": 2, "batch": batch.pk, "layout": "a4-cards"}


def test_a_shared_code_fills_a_page() -> None:
    shop = Shop.open()
    shop.coupon("spring", code="SPRING")
    (job,) = start(layout="a4-labels")
    ((_, links),) = pages(worked(job))
    assert links == ["https://coupons.example.com/c/acme#SPRING"] * 24


def test_many_codes_make_several_files_and_too_many_none(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "PER_FILE", 12)
    files = start()
    assert [job.total for job in files] == [12, 12, 7]
    names = [worked(job).result.name.rsplit("/", 1)[1] for job in files]
    assert names == [f"spring-a4-cards-{n}.pdf" for n in (1, 2, 3)]
    links = [link for job in files for _, links in pages(job) for link in links]
    assert len(links) == len(set(links)) == 31
    monkeypatch.setattr(running, "MOST", 30)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start()
    assert refused.value.errors[0].message == "At most 30 codes are printed at once."


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"layout": "a0"}, "layout"), ({"language": "fr"}, "language")],
)
def test_what_there_is_not_is_refused(shop: Shop, changes: dict[str, str], field: str) -> None:
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start(**changes)
    assert [each.field for each in refused.value.errors] == [field]


def test_no_codes_are_refused(shop: Shop) -> None:
    Code.objects.update(state=Code.State.REVOKED)
    with nothing_changes(), pytest.raises(Invalid) as refused:
        start()
    assert refused.value.errors[0].message == "There are no such codes to print."


def test_a_code_with_an_end_of_its_own_says_it(shop: Shop) -> None:
    Code.objects.exclude(text="SPRING0003").update(state=Code.State.REVOKED)
    Code.objects.filter(text="SPRING0003").update(expires_at="2097-05-31T15:00:00Z")
    (job,) = start(layout="a4-vouchers")
    ((text, _),) = pages(worked(job))
    assert "May 31, 2097" in text
    assert "March 31, 2097" not in text


# --- The console ---


def test_the_page_shows_what_would_be_printed_and_starts_it(shop: Shop, bob: Person) -> None:
    coupon = Coupon.objects.get()
    address = f"/coupons/coupon/{coupon.pk}/print/"
    assert address in bob.get(f"/coupons/coupon/{coupon.pk}/change/").content.decode()
    page = bob.get(address).content.decode()
    assert page.count("<svg") >= len(LAYOUTS)
    picture = bob.get(f"{address}sample/", layout="roll-58", language="en", unused_only="on")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")
    assert picture.content[:4] == b"\x89PNG"
    sent = bob.post(address, batch="", unused_only="on", layout="roll-58", language="zh-hans")
    printout = Printout.objects.get()
    assert sent["Location"] == f"/coupons/job/{printout.job_id}/change/"
    assert (printout.layout, printout.language, printout.unused_only) == (
        "roll-58",
        "zh-hans",
        True,
    )
    job = worked(printout.job)
    answer = bob.get(f"/coupons/job/{job.pk}/result/")
    assert b"".join(answer.streaming_content)[:5] == b"%PDF-"
    assert (
        f"{address}?batch="
        in bob.get(f"/coupons/codebatch/{CodeBatch.objects.get().pk}/change/").content.decode()
    )


def test_nothing_to_print_is_said_on_the_page(shop: Shop, bob: Person) -> None:
    Code.objects.update(state=Code.State.REVOKED)
    address = f"/coupons/coupon/{Coupon.objects.get().pk}/print/"
    with nothing_changes():
        page = bob.post(address, batch="", layout="a4-cards", language="en").content.decode()
    assert "There are no such codes to print." in page
    assert bob.get(f"{address}sample/", layout="a4-cards", language="en").status_code == 404


@pytest.mark.parametrize("role", [Role.CLERK, Role.ANALYST, Role.REVIEWER])
def test_only_those_who_may_make_codes_print_them(shop: Shop, role: Role) -> None:
    somebody = person("cleo", shop.merchant, role)
    address = f"/coupons/coupon/{Coupon.objects.get().pk}/print/"
    with nothing_changes():
        assert somebody.get(address).status_code == 404
        assert (
            somebody.get(f"{address}sample/", layout="a4-cards", language="en").status_code == 404
        )
        assert somebody.post(address, layout="a4-cards", language="en").status_code == 404
