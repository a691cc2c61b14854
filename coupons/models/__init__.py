"""What the ground floor keeps."""

from coupons.models.code import Code, CodeBatch, Job, new_id
from coupons.models.coupon import (
    Coupon,
    CouponCounter,
    CouponDay,
    CouponVersion,
    Kind,
    State,
)
from coupons.models.exchange import ExchangeRates
from coupons.models.idempotency import IdempotentAnswer
from coupons.models.journal import LIFE, JournalCursor, JournalEntry
from coupons.models.merchant import Channel, Merchant, MerchantOwned
from coupons.models.picture import Picture
from coupons.models.pin import Pin, PinTries
from coupons.models.pool import CodePool
from coupons.models.printout import Printout
from coupons.models.prize import Prize
from coupons.models.product import Category, Product
from coupons.models.reach import Reach
from coupons.models.redeemer import CouponGroup, CouponPerson, StaffGroup
from coupons.models.replacement import Replacement
from coupons.models.review import CouponInReview, Review
from coupons.models.saved_filter import SavedFilter
from coupons.models.sheet import SheetExport, SheetImport, StagedRow
from coupons.models.staff import Membership, Role, User
from coupons.models.tax import TaxRate
from coupons.models.walk import CodeWalk

__all__ = [
    "LIFE",
    "Category",
    "Channel",
    "Code",
    "CodeBatch",
    "CodePool",
    "CodeWalk",
    "Coupon",
    "CouponCounter",
    "CouponDay",
    "CouponGroup",
    "CouponInReview",
    "CouponPerson",
    "CouponVersion",
    "ExchangeRates",
    "IdempotentAnswer",
    "Job",
    "JournalCursor",
    "JournalEntry",
    "Kind",
    "Membership",
    "Merchant",
    "MerchantOwned",
    "Picture",
    "Pin",
    "PinTries",
    "Printout",
    "Prize",
    "Product",
    "Reach",
    "Replacement",
    "Review",
    "Role",
    "SavedFilter",
    "SheetExport",
    "SheetImport",
    "StaffGroup",
    "StagedRow",
    "State",
    "TaxRate",
    "User",
    "new_id",
]
