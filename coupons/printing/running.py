"""Printing: asked for by a person, written by a worker part by part."""

import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from coupons import jobs, journal, parts
from coupons.errors import FieldError, Invalid
from coupons.face import face_of
from coupons.lifecycle import current_definition
from coupons.models import Code, CodeBatch, Coupon, Job, Printout
from coupons.plain_words import conditions
from coupons.plain_words.wording import Speech
from coupons.printing import joining
from coupons.printing.drawing import Voucher, Words, write
from coupons.printing.layouts import LAYOUTS, Layout
from coupons.printing.links import grouped, link_to

#: Codes of one file, and files that may be asked for in one go.
PER_FILE = 10_000
MOST_FILES = 10
MOST = PER_FILE * MOST_FILES
#: About as many vouchers as are drawn in a second by one core.
PIECE = 500


def start(
    *,
    coupon: Coupon,
    layout: str,
    language: str,
    by: str,
    at: datetime,
    batch: CodeBatch | None = None,
    unused_only: bool = True,
) -> list[Job]:
    """Queue the printing of a coupon's codes, or one batch's: a job for each 10,000.

    Codes that are withdrawn are never printed. A shared code fills a page. Raises `Invalid`
    for no codes, for more than 100,000, and for a layout or a language that there is not.
    """
    _refuse_unknown(coupon=coupon, layout=layout, language=language, batch=batch)
    rows = _rows(coupon=coupon, batch=batch, unused_only=unused_only)
    keys = list(rows.order_by("id").values_list("id", flat=True)[: MOST + 1])
    if not keys:
        raise Invalid(errors=[FieldError("batch", "There are no such codes to print.")])
    if len(keys) > MOST:
        raise Invalid(errors=[FieldError("batch", f"At most {MOST:,} codes are printed at once.")])
    files = [keys[begin : begin + PER_FILE] for begin in range(0, len(keys), PER_FILE)]
    with transaction.atomic():
        started = [
            _open(
                Printout(
                    merchant=coupon.merchant,
                    coupon=coupon,
                    batch=batch,
                    unused_only=unused_only,
                    layout=layout,
                    language=language,
                    number=number,
                    of=len(files),
                    after=file[0] - 1,
                    last=file[-1],
                ),
                total=len(file),
                by=by,
                at=at,
            )
            for number, file in enumerate(files, start=1)
        ]
        _record(coupon=coupon, batch=batch, count=len(keys), layout=layout, by=by, at=at)
    return started


def print_piece(*, job: Job, at: datetime) -> bool:
    """Write the next part of a file, or join the parts, as a piece of its job."""
    printout = Printout.objects.select_related("coupon__merchant", "batch").get(job=job)
    layout = LAYOUTS[printout.layout]
    rows = _rows(
        coupon=printout.coupon, batch=printout.batch, unused_only=printout.unused_only
    ).filter(id__gt=printout.after, id__lte=printout.last)
    # Whole pages, so that no part but the last ends with a gap.
    count = max(1, PIECE // layout.per_page) * layout.per_page
    codes = list(rows.select_related("batch").order_by("id")[:count])
    if not codes:
        return _finish(printout=printout, job=job, at=at)
    content = _drawn(coupon=printout.coupon, codes=codes, layout=layout, language=printout.language)
    parts.keep(of=_parts_of(job), number=printout.parts, content=content)
    printout.after = codes[-1].pk
    printout.parts += 1
    printout.save(update_fields=["after", "parts"])
    job.done += len(codes)
    return True


def stopped(*, job: Job, at: datetime) -> None:
    """Forget what a stopped job has written."""
    count = Printout.objects.values_list("parts", flat=True).get(job=job)
    transaction.on_commit(partial(parts.forget, of=_parts_of(job), count=count), robust=True)


def sample(
    *,
    coupon: Coupon,
    layout: str,
    language: str,
    batch: CodeBatch | None = None,
    unused_only: bool = True,
) -> bytes:
    """Show the first page that would be printed, as a PNG.

    Raises `Invalid` like `start`.
    """
    _refuse_unknown(coupon=coupon, layout=layout, language=language, batch=batch)
    rows = _rows(coupon=coupon, batch=batch, unused_only=unused_only)
    paper = LAYOUTS[layout]
    codes = list(rows.select_related("batch").order_by("id")[: paper.per_page])
    if not codes:
        raise Invalid(errors=[FieldError("batch", "There are no such codes to print.")])
    return joining.picture(
        content=_drawn(coupon=coupon, codes=codes, layout=paper, language=language)
    )


def _open(printout: Printout, *, total: int, by: str, at: datetime) -> Job:
    """Write a file down, with the job that writes it."""
    printout.job = jobs.start(
        merchant=printout.merchant,
        kind=Job.Kind.PRINT,
        about=printout.coupon.slug,
        total=total,
        by=by,
        at=at,
    )
    printout.save()
    return printout.job


def _record(
    *, coupon: Coupon, batch: CodeBatch | None, count: int, layout: str, by: str, at: datetime
) -> None:
    journal.record(
        merchant=coupon.merchant,
        type="codes.printed",
        actor=by,
        at=at,
        coupon=coupon,
        data={"count": count, "batch": batch.pk if batch else None, "layout": layout},
    )


def _refuse_unknown(*, coupon: Coupon, layout: str, language: str, batch: CodeBatch | None) -> None:
    wrong = []
    if layout not in LAYOUTS:
        wrong.append(FieldError("layout", "There is no such layout."))
    if language not in dict(settings.LANGUAGES):
        wrong.append(FieldError("language", "There is no such language."))
    if batch is not None and batch.coupon_id != coupon.pk:
        wrong.append(FieldError("batch", "The batch is another coupon's."))
    if wrong:
        raise Invalid(errors=wrong)


def _parts_of(job: Job) -> str:
    return f"printing/{job.pk}"


def _rows(*, coupon: Coupon, batch: CodeBatch | None, unused_only: bool) -> Any:
    """Find the codes to print, by an index of the coupon's or the batch's."""
    rows = Code.objects.filter(coupon=coupon, state=Code.State.ACTIVE)
    if batch is not None:
        rows = rows.filter(batch=batch)
    return rows.filter(uses=0) | rows.filter(shared=True) if unused_only else rows


def _finish(*, printout: Printout, job: Job, at: datetime) -> bool:
    if not printout.parts:
        raise jobs.JobFailed("There are no such codes to print.")
    name = f"{printout.coupon.slug}-{printout.layout}"
    if printout.of > 1:
        name += f"-{printout.number}"
    with joining.joined(of=_parts_of(job), count=printout.parts) as file:
        job.result.save(f"{name}.pdf", File(file), save=False)
    # Some may have been withdrawn or used since they were counted.
    job.total = job.done
    transaction.on_commit(
        partial(parts.forget, of=_parts_of(job), count=printout.parts), robust=True
    )
    return jobs.finish(job=job, at=at)


def _drawn(*, coupon: Coupon, codes: list[Code], layout: Layout, language: str) -> bytes:
    """Draw these codes' vouchers as a PDF."""
    shown = current_definition(coupon)
    if coupon.starts_at:
        shown = {**shown, "starts_at": coupon.starts_at.isoformat()}
    face = face_of(merchant=coupon.merchant, shown=shown, language=language)
    said = face["words"]
    with translation.override(language):
        words = Words(
            shop=coupon.merchant.name,
            headline=said.headline or face["name"],
            name=face["name"] if said.headline else "",
            terms=("" if language == "zh-hans" else " ").join(
                text for text in said.sentences if text != said.validity
            ),
            code_label=_("Code"),
            scan_label=_("Scan to see whether it still counts"),
            color=face["color"],
        )
        vouchers = list(_vouchers(coupon, codes, shown, said.validity, language))
    if codes[0].shared:
        vouchers *= layout.per_page
    content = io.BytesIO()
    write(to=content, layout=layout, words=words, vouchers=vouchers)
    return content.getvalue()


def _vouchers(
    coupon: Coupon,
    codes: list[Code],
    shown: Mapping[str, Any],
    validity: str,
    language: str,
) -> Iterator[Voucher]:
    for code in codes:
        yield Voucher(
            code=grouped(code=code.text, pattern=code.batch.pattern if code.batch else ""),
            link=link_to(shop=coupon.merchant.slug, code=code.text),
            validity=own_validity(shown=shown, code=code, language=language) or validity,
        )


def own_validity(*, shown: Mapping[str, Any], code: Code, language: str) -> str:
    """Say until when a code with an end of its own is valid; empty for all others."""
    if code.expires_at is None:
        return ""
    ends_at = code.expires_at.astimezone(UTC).isoformat()
    with translation.override(language):
        return conditions.validity({**shown, "ends_at": ends_at}, speech=Speech(language=language))
