"""From a photo, or from what a scanner read, to the code that is meant; nothing is stored."""

import re
from urllib.parse import unquote

import zxingcpp
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageOps

from coupons.errors import FieldError, Invalid
from coupons.pictures import opened

#: What phones make of a photo.
MAX_BYTES = 10 * 1024 * 1024
#: The longer side that is searched: a voucher fills some of the picture, and more takes longer.
MAX_SIDE = 2_000
SYMBOLS = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.Code128,
        zxingcpp.BarcodeFormat.PDF417,
    ]
)
#: What may be typed or scanned: a link with a code is longer than a code.
MAX_TEXT = 500

NO_CODE = FieldError("code", "Type or scan a code first.")

_LINK = re.compile(r"https?://", re.IGNORECASE)


class NothingToRead(Invalid):
    """A picture without a code in it."""


def code_of(*, text: str) -> str:
    """Return the code in what was typed or scanned: of a link, what stands after `#`.

    Empty where a link has none.
    """
    text = text.strip()
    return unquote(text.partition("#")[2]) if _LINK.match(text) else text


def code_in(*, photo: UploadedFile) -> str:
    """Read the QR code, Code 128 or PDF417 in a photo.

    Raises `Invalid` for what is no picture or too large a one, and for one without a code.
    """
    if (photo.size or 0) > MAX_BYTES:
        raise Invalid(errors=[FieldError("photo", "A photo has at most 10 MB.")])
    picture = _decoded(photo.read(MAX_BYTES + 1))
    found = [each.text for each in zxingcpp.read_barcodes(picture, formats=SYMBOLS) if each.text]
    codes = [code for code in (code_of(text=text[:MAX_TEXT]) for text in found) if code]
    if not codes:
        told = "There is no readable code in the photo. Go closer, or type the code."
        raise NothingToRead(errors=[FieldError("photo", told)])
    return codes[0]


def _decoded(raw: bytes) -> Image.Image:
    """Decode a picture upright, in shades of grey."""
    with opened(raw=raw, field="photo") as picture:
        picture.draft("L", (MAX_SIDE, MAX_SIDE))
        grey = (ImageOps.exif_transpose(picture) or picture).convert("L")
    grey.thumbnail((MAX_SIDE, MAX_SIDE))
    return grey
