"""PDF files that were written in parts, joined; and a page of one as a picture."""

import io
import tempfile
import threading
from typing import IO

import pypdfium2

from coupons import parts

#: PDFium is one thing for the whole process.
_pdfium = threading.Lock()
#: Pixels a point in a preview: sharp enough for a QR code on a screen.
SCALE = 2


def joined(*, of: str, count: int) -> IO[bytes]:
    """Join the parts to one file, to be read from its beginning and closed by the caller."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
    with _pdfium:
        whole = pypdfium2.PdfDocument.new()
        for number in range(count):
            with parts.opened(of=of, number=number) as kept:
                part = pypdfium2.PdfDocument(kept.read())
            whole.import_pages(part)
            part.close()
        whole.save(file)
        whole.close()
    file.seek(0)
    return file


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
