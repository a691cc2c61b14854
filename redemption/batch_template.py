"""The file that codes used elsewhere are brought in with: its columns, and one to fill in."""

import csv
import io

from django.utils.translation import gettext_lazy

from coupons.sheets.cell_text import REMARK

#: (name, heading, what goes there), in their order. A heading counts in either language.
COLUMNS = (
    ("code", gettext_lazy("Code"), gettext_lazy("The code that was used. Needed.")),
    ("order", gettext_lazy("Order"), gettext_lazy("Your order number. Needed.")),
    (
        "amount",
        gettext_lazy("Amount"),
        gettext_lazy("What the goods cost, such as 19.99, in your currency."),
    ),
    (
        "redeemed_at",
        gettext_lazy("Redeemed at"),
        gettext_lazy("When, such as 2026-03-04 12:00, in your time zone. Empty: now."),
    ),
    ("note", gettext_lazy("Note"), gettext_lazy("Whatever you want to remember.")),
)


def template() -> bytes:
    """Return the file to fill in, as CSV in UTF-8 with its mark, in the language of the moment."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow([str(heading) for _, heading, _ in COLUMNS])
    helps = [str(help_text) for *_, help_text in COLUMNS]
    rows.writerow([f"{REMARK} {helps[0]}", *helps[1:]])
    # Spreadsheets take a file without the mark for one in the local 8-bit encoding.
    return text.getvalue().encode("utf-8-sig")
