"""Who coupons are for."""

from campaigns.models.activity import Activity
from campaigns.models.customer import Customer

__all__ = ["Activity", "Customer"]
