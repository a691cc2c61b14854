"""Pictures: looked at, written anew, kept.

Nothing of an uploaded file is served as it came: it is decoded, made smaller and written
as WebP, without its metadata.
"""

import io
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import Image, ImageOps

from coupons import journal
from coupons.errors import FieldError, Invalid
from coupons.models import Merchant, Picture

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000
#: The longer side of what is kept.
MAX_SIDE = 1_200
CONTENT_TYPE = "image/webp"
#: What Pillow raises over files that are broken or made to harm.
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, OverflowError)


def keep(*, merchant: Merchant, file: UploadedFile, by: str, at: datetime) -> Picture:
    """Keep an uploaded PNG, JPEG or WebP; `Invalid` for anything else, or too large a one."""
    if (file.size or 0) > MAX_BYTES:
        raise _refused("A picture has at most 5 MB.", field="picture")
    picture = _decoded(file.read(MAX_BYTES + 1))
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=85)
    id = uuid.uuid4()
    name = default_storage.save(
        f"pictures/{merchant.pk}/{id}.webp", ContentFile(written.getvalue())
    )
    width, height = picture.size
    with transaction.atomic():
        row = Picture.objects.create(
            id=id,
            merchant=merchant,
            name=name,
            width=width,
            height=height,
            created_by=by,
            created_at=at,
        )
        journal.record(
            merchant=merchant,
            type="picture.added",
            actor=by,
            at=at,
            data={"picture": str(id)},
        )
    return row


def content(*, picture: Picture) -> bytes:
    """Return a picture's bytes; raises FileNotFoundError where the storage lost it."""
    with default_storage.open(picture.name) as file:
        found: bytes = file.read()
    return found


@contextmanager
def opened(*, raw: bytes, field: str) -> Iterator[Image.Image]:
    """Open a PNG, JPEG or WebP, to be decoded within.

    `Invalid`, at the `field` it came in, for anything else and for too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(raw), formats=FORMATS)
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise _refused("The picture has too many pixels; make it smaller.", field=field)
            yield picture
    except (*UNREADABLE, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        told = "This is no PNG, JPEG or WebP picture, or it is broken."
        raise _refused(told, field=field) from error


def _decoded(raw: bytes) -> Image.Image:
    """Decode the first frame upright, in the size and colours that are kept."""
    with opened(raw=raw, field="picture") as picture:
        upright = ImageOps.exif_transpose(picture) or picture
        plain = upright.convert("RGBA" if _is_clear(upright) else "RGB")
    plain.thumbnail((MAX_SIDE, MAX_SIDE))
    # A new picture takes over the pixels and nothing else.
    bare = Image.new(plain.mode, plain.size)
    bare.paste(plain)
    return bare


def _is_clear(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info


def _refused(message: str, *, field: str) -> Invalid:
    return Invalid(errors=[FieldError(field, message)])
