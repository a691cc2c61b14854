"""How a process of ours collects garbage: what is there when it begins is never looked at again.

Everything that is imported stays to the end, a quarter of a million objects. Looking at all of
them again took a worker a quarter of its time, and now and then held up a request. How often
Python collects stays as it is: when it did so a fourteenth as often, Celery's worker was seen to
end itself over a lost connection that was left about.
"""

import gc

from django.urls import get_resolver


def leave_what_is_loaded() -> None:
    """Load every page, then take what is loaded out of the collection; once for a process."""
    get_resolver().url_patterns  # noqa: B018  (reading it imports the views)
    gc.collect()
    gc.freeze()
