"""One of several, by weight: the choice behind a prize draw."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate


def choose(weights: Sequence[int], *, pick: Callable[[int], int]) -> int | None:
    """Return a place with the chance that its weight has in the sum; None where all are 0.

    `pick(n)` returns a whole number below `n`, each as likely as the others. Exact: no
    fraction is rounded, and a place of weight 0 is never chosen.
    """
    *_, total = tickets = list(accumulate(weights, initial=0))
    return bisect_right(tickets, pick(total)) - 1 if total else None
