"""The one door to rows that belong to a merchant."""

from typing import Any, Self

from django.db import models


class MerchantQuerySet(models.QuerySet):
    """Rows of one merchant; every list and look-up starts with `of`."""

    def of(self, merchant: Any) -> Self:
        """Keep the rows of that merchant (a row or its id)."""
        return self.filter(merchant=merchant)
