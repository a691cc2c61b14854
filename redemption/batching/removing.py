"""A batch's file and rows go once their time is over; its counts stay."""

from datetime import datetime

from coupons.models import Job
from redemption.models import BatchRow, RedemptionBatch


def remove_piece(*, job: Job, most: int, at: datetime) -> bool:
    """Remove the next rows of the batch whose last work a job was; False once all is gone."""
    batches = RedemptionBatch.objects.of(job.merchant_id).filter(job=job)
    # From here on it cannot be run or undone: of the two, one finds the other's mark.
    batches.filter(removed_at=None).update(removed_at=at)
    batch = batches.first()
    if batch is None:
        return False  # it was taken up again: a later job has it
    rows = BatchRow.objects.of(job.merchant_id).filter(batch=batch)
    if rows.delete_first(most=most):
        return True
    if batch.file:
        batch.file.delete(save=False)
    batches.update(file="")
    return False
