"""The ground floor's pages in the console."""

from coupons.admin import (
    code,
    coupon,
    exchange,
    imports,
    job,
    journal,
    product,
    review,
    settings,
    staff_group,
    tax,
    user,
)

__all__ = [
    "code",
    "coupon",
    "exchange",
    "imports",
    "job",
    "journal",
    "product",
    "review",
    "settings",
    "staff_group",
    "tax",
    "user",
]
