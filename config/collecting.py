"""How a process of ours collects garbage: what is there when it begins is never looked at again.

Everything that is imported stays to the end, a quarter of a million objects. Looking at all of
them again took a worker a quarter of its time, and now and then held up a request.
"""

import gc

from django.urls import get_resolver

#: New objects before the young ones are looked at; Python's own 700 are those of few requests.
YOUNG = 10_000


def leave_what_is_loaded() -> None:
    """Load every page, then take what is loaded out of the collection; once for a process."""
    get_resolver().url_patterns  # noqa: B018  (reading it imports the views)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
