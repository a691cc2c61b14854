"""The one door to rows that belong to a merchant."""

from typing import Any, Self

from django.db import models


class MerchantQuerySet(models.QuerySet):
    """Rows of one merchant; every list and look-up starts with `of`."""

    def of(self, merchant: Any) -> Self:
        """Keep the rows of that merchant (a row or its id)."""
        return self.filter(merchant=merchant)


class NumberedQuerySet(MerchantQuerySet):
    """Rows of a file, each with its number."""

    def delete_first(self, *, most: int) -> int:
        """Delete the rows with the lowest numbers; return how many there were."""
        numbers = self.order_by("number").values_list("number", flat=True)
        past = list(numbers[most : most + 1])
        gone, _by_model = (self.filter(number__lt=past[0]) if past else self).delete()
        return gone
