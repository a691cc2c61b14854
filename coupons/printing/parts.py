"""A file that is written in parts: kept until all are there, then joined."""

import io
import tempfile
import threading
from typing import IO

import pypdfium2
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

#: PDFium is one thing for the whole process.
_pdfium = threading.Lock()
#: Pixels a point in a preview: sharp enough for a QR code on a screen.
SCALE = 2


def keep(*, job: object, number: int, content: bytes) -> None:
    """Keep a part; one that a killed worker left under its name gives way."""
    name = _name(job, number)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(content))


def joined(*, job: object, count: int) -> IO[bytes]:
    """Join the parts to one file, to be read from its beginning and closed by the caller."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    with _pdfium:
        whole = pypdfium2.PdfDocument.new()
        for number in range(count):
            with default_storage.open(_name(job, number), "rb") as kept:
                part = pypdfium2.PdfDocument(kept.read())
            whole.import_pages(part)
            part.close()
        whole.save(file)
        whole.close()
    file.seek(0)
    return file


def forget(*, job: object, count: int) -> None:
    """Delete the parts of a file, one that a killed worker left among them."""
    for number in range(count + 1):
        default_storage.delete(_name(job, number))


def picture(*, content: bytes) -> bytes:
    """Show the first page of a PDF as a PNG."""
    with _pdfium:
        document = pypdfium2.PdfDocument(content)
        page = document[0]
        shown = page.render(scale=SCALE).to_pil().convert("RGB")
        page.close()
        document.close()
    png = io.BytesIO()
    shown.save(png, "PNG", optimize=False)
    return png.getvalue()


def _name(job: object, number: int) -> str:
    return f"printing/{job}/{number}.pdf"
