"""Whether a workbook's archive may be opened: its size unpacked, its parts, its locks."""

import zipfile
import zlib
from typing import BinaryIO

from coupons.sheets.errors import Unreadable

#: Bytes that all parts may have together, unpacked.
MOST_UNPACKED = 2 << 30
#: How much larger a large part may become than it is packed. Real sheets stay below 60.
MOST_RATIO = 250
LARGE = 64 << 20
MOST_PARTS = 10_000

_CHUNK = 1 << 20
_LOCAL_HEADER = 30


def check_archive(*, file: BinaryIO) -> None:
    """Raise Unreadable for an archive that is no sheet, broken, locked, or a trap."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
            _check_directory(parts)
            _check_manifest(archive)
    except _BAD as error:
        raise Unreadable(_BROKEN) from error
    for part in parts:
        # Calamine reads nothing but these; what else is packed in stays packed.
        if part.filename.lower().endswith((".xml", ".rels")):
            try:
                _check_part(file, part)
            except zlib.error as error:
                raise Unreadable(_BROKEN) from error


_BAD = (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError)
_BROKEN = "The file is broken or cut off; save it again and send it whole."
_LOCKED = "The file has a password; save it without one."
_TOO_LARGE = "The file becomes too large when it is unpacked; split it, or send it as CSV."


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    names = {part.filename.lower() for part in parts}
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(_LOCKED)
    if any(name.rpartition("/")[2] == "vbaproject.bin" for name in names):
        raise Unreadable("The file has macros; save it as xlsx without them.")
    if not names & {"xl/workbook.xml", "content.xml"}:
        raise Unreadable("This is no spreadsheet; send xlsx, xls, ods or CSV.")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable(_TOO_LARGE)
    if any(_is_bomb(part.file_size, part.compress_size) for part in parts):
        raise Unreadable(_TOO_LARGE)


def _check_manifest(archive: zipfile.ZipFile) -> None:
    """Look whether an ods file is locked; its manifest says so, part by part."""
    if "META-INF/manifest.xml" in archive.namelist():
        with archive.open("META-INF/manifest.xml") as manifest:
            if b"encryption-data" in manifest.read(_CHUNK):
                raise Unreadable(_LOCKED)


def _is_bomb(size: int, packed: int) -> bool:
    return size > LARGE and size > packed * MOST_RATIO


def _check_part(file: BinaryIO, part: zipfile.ZipInfo) -> None:
    """Unpack a part, without keeping it, to see that the directory told the truth."""
    file.seek(part.header_offset)
    header = file.read(_LOCAL_HEADER)
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    file.seek(names, 1)
    left, unpacked, tail = part.compress_size, 0, b""
    inflate = zlib.decompressobj(-15) if part.compress_type == zipfile.ZIP_DEFLATED else None
    while left and (packed := file.read(min(_CHUNK, left))):
        left -= len(packed)
        while packed:
            text = inflate.decompress(packed, _CHUNK) if inflate else packed
            packed = inflate.unconsumed_tail if inflate else b""
            unpacked += len(text)
            if unpacked > part.file_size:
                raise Unreadable(_BROKEN)
            _check_text(tail + text)
            tail = text[-16:]


def _check_text(text: bytes) -> None:
    # A document type declares entities, which grow without end; no sheet has one.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise Unreadable("The file declares entities, as no spreadsheet does.")
