"""The ground floor's pages in the console."""

from coupons.admin import (
    code,
    code_pool,
    coupon,
    exchange,
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
    "code_pool",
    "coupon",
    "exchange",
    "job",
    "journal",
    "product",
    "review",
    "settings",
    "staff_group",
    "tax",
    "user",
]
