"""The ground floor's pages in the console."""

from coupons.admin import code, coupon, journal, product, settings, user

__all__ = ["code", "coupon", "journal", "product", "settings", "user"]
