"""What can be wrong with a spreadsheet as a whole."""

from coupons.errors import HexiaoError


class Unreadable(HexiaoError):
    """A file that is no spreadsheet, is broken or locked, or is larger than any may be."""

    code, status, title = "unreadable_file", 422, "The file cannot be read"
