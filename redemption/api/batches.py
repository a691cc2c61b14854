"""Redemption by file over the API: a file handed in, followed, and its result taken away."""

import uuid
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from msgspec import Struct
from rest_framework.request import Request

from coupons import jobs
from coupons.api.bodies import BrokenJson
from coupons.api.documentation import describes
from coupons.api.endpoint import Endpoint, answer, caller_of, plain
from coupons.api.idempotency import once
from coupons.errors import FieldError, FileRemoved, Invalid, NotFound, WrongState
from coupons.sheets.digests import digest_of
from redemption import batches
from redemption.batching.results import result
from redemption.models import RedemptionBatch

_WORDS = {"": False, "false": False, "0": False, "true": True, "1": True}


class BatchAnswer(Struct, kw_only=True):
    """How far a batch is: its rows, those dealt with, and what became of them.

    `ready` are rows of a dry run that could be redeemed; `already` were redeemed before on
    the same order. `repeats` is the first batch with the same file.
    """

    id: str
    status: str
    stage: str
    total: int
    done: int
    redeemed: int
    failed: int
    already: int
    ready: int
    dry_run: bool
    all_or_nothing: bool
    file: str
    repeats: str | None
    problem: str | None


class BatchesEndpoint(Endpoint):
    """Files of codes to be redeemed."""

    scopes = {"POST": ("redeem",)}

    @describes(
        summary="Redeem a file of codes",
        form={
            "file": {"type": "string", "format": "binary"},
            "dry_run": {"type": "string", "enum": ["true", "false"]},
            "all_or_nothing": {"type": "string", "enum": ["true", "false"]},
        },
        needed=("file",),
        answers={202: BatchAnswer},
        idempotent=True,
    )
    def post(self, request: Request) -> HttpResponse:
        """Take a file in, to be redeemed in the background, or with `dry_run` only checked."""
        caller = caller_of(request)
        file, asked = _form(plain(request))

        def work() -> HttpResponse:
            batch = batches.start(
                caller=caller,
                file=file,  # type: ignore[arg-type]
                name=file.name or "",
                at_once=True,
                at=self.at,
                dry_run=asked["dry_run"],
                all_or_nothing=asked["all_or_nothing"],
            )
            return answer(batch_answer(batch), status=202)

        body = f"{digest_of(file=file)} {sorted(asked.items())}"
        return once(
            request=plain(request), caller=caller, at=self.at, work=work, body=body.encode()
        )


class BatchEndpoint(Endpoint):
    """One file."""

    scopes = {"GET": ("redeem",)}

    @describes(summary="Follow a batch", answers={200: BatchAnswer}, errors=(404,))
    def get(self, request: Request, batch_id: uuid.UUID) -> HttpResponse:
        """Say how far a batch has come."""
        return answer(batch_answer(batch_of(request, batch_id)))


class BatchResultEndpoint(Endpoint):
    """What became of the rows of one file."""

    scopes = {"GET": ("redeem",)}

    @describes(
        summary="Take the result of a batch away", csv=True, answers={}, errors=(404, 409, 410)
    )
    def get(self, request: Request, batch_id: uuid.UUID) -> Any:
        """Answer the file again, with a status and a reason for each row, as CSV."""
        batch = batch_of(request, batch_id)
        if batch.job.status in jobs.UNFINISHED:
            raise WrongState("The batch is under way; its result comes at the end.")
        if batch.removed_at:
            raise FileRemoved("Results are kept for a while only; the counts of the batch stay.")
        return result_file(batch=batch, chunks=result(batch=batch))


def batch_of(request: Request, batch_id: uuid.UUID) -> RedemptionBatch:
    """Return a batch of the caller's; raise `NotFound`."""
    rows = RedemptionBatch.objects.of(caller_of(request).merchant).select_related("job", "merchant")
    batch: RedemptionBatch | None = rows.filter(pk=batch_id).first()
    if batch is None:
        raise NotFound("There is no such batch.")
    return batch


def result_file(*, batch: RedemptionBatch, chunks: Any) -> StreamingHttpResponse:
    """Answer a result as a file to keep."""
    sent = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    sent["Content-Disposition"] = f'attachment; filename="result-{batch.pk}.csv"'
    sent["Cache-Control"] = "private, no-store"
    return sent


def batch_answer(batch: RedemptionBatch) -> BatchAnswer:
    """Write a batch in the form of the contract."""
    job = batch.job
    return BatchAnswer(
        id=str(batch.pk),
        status=job.status,
        stage=batch.stage,
        total=batch.total,
        done=batch.total - batch.waiting,
        redeemed=batch.redeemed,
        failed=batch.failed,
        already=batch.already,
        ready=batch.ready,
        dry_run=batch.dry_run,
        all_or_nothing=batch.all_or_nothing,
        file=batch.file_name,
        repeats=str(batch.repeats_id) if batch.repeats_id else None,
        problem=job.problem or None,
    )


def _form(request: HttpRequest) -> tuple[UploadedFile, dict[str, bool]]:
    """Read the form; `Invalid` names what is wrong with it, `BrokenJson` one that broke off."""
    try:
        form, files = request.POST, request.FILES
    except UnreadablePostError as error:
        raise BrokenJson("The body broke off.") from error
    except (MultiPartParserError, BadRequest, SuspiciousOperation) as error:
        raise BrokenJson("The body is no form.") from error
    errors, asked = [], {}
    file = files.get("file")
    if not isinstance(file, UploadedFile):
        errors.append(FieldError("file", "Send a file, as multipart/form-data."))
    for name in ("dry_run", "all_or_nothing"):
        said = _WORDS.get(form.get(name, "").lower())
        if said is None:
            errors.append(FieldError(name, "Send true or false."))
        else:
            asked[name] = said
    if errors or not isinstance(file, UploadedFile):
        raise Invalid(errors=errors)
    return file, asked
