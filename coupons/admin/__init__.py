"""The ground floor's pages in the console."""

from coupons.admin import (
    code,
    code_batch,
    code_pool,
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
from coupons.admin.coupon_page import PAGES
from coupons.admin.printing import preview_view, print_view, sample_view

PAGES.extend(
    [
        ("print", "coupons_coupon_print", print_view),
        ("print/preview", "coupons_coupon_print_preview", preview_view),
        ("print/sample", "coupons_coupon_print_sample", sample_view),
    ]
)

__all__ = [
    "code",
    "code_batch",
    "code_pool",
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
