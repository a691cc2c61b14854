"""Who coupons are for."""

from campaigns.models.customer import Customer

__all__ = ["Customer"]
