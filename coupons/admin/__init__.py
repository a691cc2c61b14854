"""The ground floor's pages in the console."""

from coupons.admin import code, coupon, exchange, journal, product, review, settings, tax, user

__all__ = ["code", "coupon", "exchange", "journal", "product", "review", "settings", "tax", "user"]
