"""Customers in the console."""

from campaigns.admin import customer

__all__ = ["customer"]
