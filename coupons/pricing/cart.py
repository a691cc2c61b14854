"""What is being bought, and by whom: frozen values."""

from collections.abc import Mapping

from msgspec import Struct, field


class Line(Struct, frozen=True):
    """One line of a cart; money in minor units of the cart's currency.

    `member_discount` is for the whole line. `category` is a path such as `shoes/running`.
    """

    id: str
    sku: str
    quantity: int
    unit_price: int
    member_discount: int = 0
    category: str = ""
    on_sale: bool = False
    order: str = ""

    @property
    def gross(self) -> int:
        """Return the line's price before any discount."""
        return self.unit_price * self.quantity

    @property
    def base(self) -> int:
        """Return what coupons start from: the price less the member discount."""
        return self.unit_price * self.quantity - self.member_discount


class Shopper(Struct, frozen=True):
    """Who buys; without a `ref` a guest.

    `is_new`: no paid order that was not fully refunded. `is_test`: may use coupons under test.
    """

    ref: str | None = None
    is_new: bool = True
    tier: str = ""
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    is_test: bool = False


GUEST = Shopper()


class Cart(Struct, frozen=True):
    """A cart as the checkout sent it, gaps filled from the products and the key.

    `prior` is what earlier redemptions of the same order took off each line (by line id) and
    `prior_shipping` off the shipping: it lowers what remains, not the bases.
    """

    currency: str
    lines: tuple[Line, ...]
    shipping: int = 0
    country: str | None = None
    channel: str | None = None
    #: The API key that asks; None where a person does.
    key: str | None = None
    payment_method: str | None = None
    partner: str | None = None
    language: str = "en"
    shopper: Shopper = GUEST
    prior: Mapping[str, int] = field(default_factory=dict)
    prior_shipping: int = 0
