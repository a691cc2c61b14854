"""The cart while it is being priced: what each line still has to give."""

from collections.abc import Sequence
from functools import lru_cache

from coupons.pricing.cart import Cart, Line
from coupons.pricing.terms import Scope


class Basket:
    """A cart's lines with what remains of them; the only mutable thing in the engine.

    Lines are named by their position. Amounts are in minor units.
    """

    __slots__ = ("lines", "remaining", "shipping")

    def __init__(self, cart: Cart) -> None:
        prior = cart.prior
        self.lines: Sequence[Line] = cart.lines
        self.remaining = [
            line.unit_price * line.quantity - line.member_discount for line in cart.lines
        ]
        if prior:
            for i, line in enumerate(cart.lines):
                self.remaining[i] -= min(self.remaining[i], prior.get(line.id, 0))
        self.shipping = max(0, cart.shipping - cart.prior_shipping)

    def take(self, *, parts: Sequence[tuple[int, int]], shipping: int) -> None:
        """Take a coupon's parts off the lines, and its share off the shipping."""
        for i, minor in parts:
            self.remaining[i] -= minor
        self.shipping -= shipping

    def put_back(self, *, parts: Sequence[tuple[int, int]], shipping: int) -> None:
        """Undo `take`."""
        for i, minor in parts:
            self.remaining[i] += minor
        self.shipping += shipping


def eligible_lines(*, lines: Sequence[Line], scope: Scope) -> tuple[int, ...]:
    """Return the positions of the lines that are in scope and cost anything."""
    if scope.is_whole_shop:
        return tuple(
            [
                i
                for i, line in enumerate(lines)
                if line.unit_price * line.quantity > line.member_discount
            ]
        )
    return tuple([i for i, line in enumerate(lines) if line.base > 0 and _in_scope(line, scope)])


def _in_scope(line: Line, scope: Scope) -> bool:
    if scope.exclude_sale_items and line.on_sale:
        return False
    if line.sku in scope.exclude_products:
        return False
    path = _with_parents(line.category)
    if scope.exclude_categories and not scope.exclude_categories.isdisjoint(path):
        return False
    if not scope.categories and not scope.products:
        return True
    return line.sku in scope.products or not scope.categories.isdisjoint(path)


@lru_cache(maxsize=4096)
def _with_parents(category: str) -> frozenset[str]:
    """Return a category's path and those above it: a/b/c is in a/b and in a."""
    if not category:
        return frozenset()
    names = category.split("/")
    return frozenset("/".join(names[: depth + 1]) for depth in range(len(names)))
