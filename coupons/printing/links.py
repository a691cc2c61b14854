"""Where a voucher's QR code leads, and how its code is written to be read."""

import re
from urllib.parse import quote

from django.conf import settings

from coupons import coding

#: A code of nobody's pattern is read in one go up to here.
SHORT = 10
GROUP = 4


def link_to(*, shop: str, code: str) -> str:
    """Return the address of a code's page; `shop` is the merchant's slug.

    The code stands behind a #, which browsers keep to themselves: no server's log has it.
    """
    return f"{settings.HEXIAO_URL}/c/{shop}#{quote(code, safe='')}"


def grouped(*, code: str, pattern: str = "") -> str:
    """Write a code in groups, as its pattern has them; typed with hyphens it is the same code."""
    parts = [coding.normal_form(part) for part in re.split(r"[- ]+", pattern)]
    lengths = [len(part) for part in parts if part]
    if sum(lengths) != len(code):
        lengths = [len(code)] if len(code) <= SHORT else _groups(len(code))
    written, begin = [], 0
    for length in lengths:
        written.append(code[begin : begin + length])
        begin += length
    return "-".join(written)


def _groups(length: int) -> list[int]:
    whole, rest = divmod(length, GROUP)
    return [GROUP] * whole + ([rest] if rest else [])
