"""Split an amount over lines, and a line's part over its units, losing nothing (分摊)."""

from collections.abc import Sequence


def apportion(*, amount: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Split `amount` in proportion to `weights`, part i being at most `most[i]`.

    Every part is rounded down; the minor units left over go one each to the largest
    fractional remainders, ties to the earlier line. Raises ValueError where `amount`
    does not fit.
    """
    if not 0 <= amount <= sum(most):
        raise ValueError("The amount does not fit into the lines.")
    if amount == 0:
        return [0] * len(weights)
    total = sum(weights)
    parts = [
        min(amount * weight // total, room) for weight, room in zip(weights, most, strict=True)
    ]
    left = amount - sum(parts)
    if left:
        turn = sorted(range(len(weights)), key=lambda i: (-(amount * weights[i] % total), i))
        while left:  # a second round only where a line had no room in the first
            for i in turn:
                if left and weights[i] and parts[i] < most[i]:
                    parts[i] += 1
                    left -= 1
    return parts


def unit_share(*, amount: int, units: int, unit: int) -> int:
    """Return what unit number `unit` (from 1) of a line of `units` carries of `amount`."""
    return amount * unit // units - amount * (unit - 1) // units


def returned(*, amount: int, units: int, already: int, quantity: int) -> int:
    """Return the share of the next `quantity` units to come back after `already` of them.

    Whatever the sequence of returns, their shares add up to `amount` (pricing rules,
    splitting, 4). Raises ValueError for more units than the line has.
    """
    if already < 0 or quantity < 0 or already + quantity > units:
        raise ValueError("More units come back than the line has.")
    return amount * (already + quantity) // units - amount * already // units
