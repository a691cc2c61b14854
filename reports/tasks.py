"""Background work of the reports."""

from celery import shared_task

from reports import rollups

#: Chunks in one run; beat sends the next run soon, so a long backlog holds no worker.
CHUNKS = 40


@shared_task
def fold_journal() -> int:
    """Bring the daily figures up to date; running twice does no harm."""
    return rollups.catch_up(chunks=CHUNKS)
