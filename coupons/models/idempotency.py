"""Answers kept, so that a request sent twice counts once."""

from django.db import models

from coupons.models.merchant import MerchantOwned


class IdempotentAnswer(MerchantOwned):
    """The answer given to a POST with an `Idempotency-Key`, kept for 24 hours."""

    #: The API key's prefix: keys of two programs don't meet.
    caller = models.CharField(max_length=16)
    key = models.CharField(max_length=255)
    #: SHA-256 of method, path and body.
    request_hash = models.BinaryField()
    status = models.PositiveSmallIntegerField()
    content_type = models.CharField(max_length=64)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "caller", "key"], name="idempotency_key_is_used_once"
            ),
        ]

    def __str__(self) -> str:
        return self.key
