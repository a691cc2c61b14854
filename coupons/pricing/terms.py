"""What a coupon promises, compiled for evaluation: frozen values.

Money is in minor units per currency, percentages in basis points (20 % is 2000),
times of day in minutes, weekdays as in `datetime` (Monday is 0).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct, field

Amounts = Mapping[str, int]
METHODS = ("automatic", "manual", "api", "batch")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Kind(StrEnum):
    """What a coupon gives."""

    AMOUNT_OFF = "amount_off"
    PERCENT_OFF = "percent_off"
    FREE_SHIPPING = "free_shipping"
    GIFT = "gift"
    TIERED = "tiered"
    BUY_X_GET_Y = "buy_x_get_y"
    PASS = "pass"  # noqa: S105 - an admission, not a password
    DRAW = "draw"

    @property
    def gives_money(self) -> bool:
        """Say whether the kind takes money off the cart."""
        return self not in (Kind.GIFT, Kind.PASS, Kind.DRAW)


class MemberPrices(StrEnum):
    """How a coupon goes with member discounts."""

    STACK = "stack"
    BETTER_OF = "better_of"
    REFUSE = "refuse"


class Level(IntEnum):
    """The first key of the order of application."""

    ITEM = 0
    ORDER = 1
    SHIPPING = 2


class Scope(Struct, frozen=True):
    """Which lines a coupon is for; nothing named means the whole shop."""

    categories: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    exclude_categories: frozenset[str] = frozenset()
    exclude_products: frozenset[str] = frozenset()
    exclude_sale_items: bool = False

    @property
    def is_whole_shop(self) -> bool:
        """Say whether nothing narrows the scope; an exclusion does."""
        return not (
            self.categories
            or self.products
            or self.exclude_categories
            or self.exclude_products
            or self.exclude_sale_items
        )


WHOLE_SHOP = Scope()


class Tier(Struct, frozen=True):
    """One step of a tiered coupon: an amount or a percentage from a threshold on."""

    min_spend: Amounts
    value: Amounts = field(default_factory=dict)
    percent_bps: int | None = None


class Every(Struct, frozen=True):
    """So much off for every so much spent (每满N减M)."""

    step: Amounts
    value: Amounts
    max_times: int | None = None


class Gift(Struct, frozen=True):
    """Goods that a coupon hands over."""

    sku: str
    quantity: int = 1


class Prize(Struct, frozen=True):
    """What a draw may give: `coupon` is a slug, None for a blank; `stock` None is unlimited."""

    name: str
    weight: int
    names: Mapping[str, str] = field(default_factory=dict)
    coupon: str | None = None
    stock: int | None = None


class WeeklyWindow(Struct, frozen=True):
    """Hours of the week on the wall clock, `start` included, `end` not; equal is the whole day."""

    days: frozenset[int]
    start: int
    end: int


class Audience(Struct, frozen=True):
    """Who may use a coupon: and between the fields, or within one."""

    who: str = "all"
    tiers: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    @property
    def is_everyone(self) -> bool:
        """Say whether the audience asks nothing of the shopper."""
        return self.who == "all" and not (self.tiers or self.tags or self.segments or self.ids)


class Limits(Struct, frozen=True):
    """How much of a coupon there is; None is unlimited. `budget` is in `budget_currency`."""

    issued: int | None = None
    uses: int | None = None
    uses_per_day: int | None = None
    budget: int | None = None
    budget_currency: str | None = None
    claims_per_customer: int | None = None
    claims_per_device: int | None = None
    uses_per_customer: int | None = None
    uses_per_code: int | None = 1


class CouponTerms(Struct, frozen=True):
    """A coupon's definition, one version of it, ready for evaluation."""

    coupon_id: int
    slug: str
    name: str
    kind: Kind
    version: int = 1
    created_order: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    thank_you: str = ""
    #: By language.
    thank_yous: Mapping[str, str] = field(default_factory=dict)
    #: The slug of the coupon that is offered after it.
    follow_up: str | None = None
    # The benefit
    value: Amounts = field(default_factory=dict)
    percent_bps: int | None = None
    cap: Amounts = field(default_factory=dict)
    convert: bool = False
    tiers: tuple[Tier, ...] = ()
    every: Every | None = None
    buy_quantity: int = 0
    get_quantity: int = 0
    get_percent_bps: int = 10_000
    max_times: int | None = None
    get_scope: Scope | None = None
    gifts: tuple[Gift, ...] = ()
    prizes: tuple[Prize, ...] = ()
    # The conditions
    min_spend: Amounts = field(default_factory=dict)
    min_quantity: int | None = None
    threshold_after_discounts: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    time_zone: str = "UTC"
    valid_days: int | None = None
    starts_after_days: int = 0
    weekly_windows: tuple[WeeklyWindow, ...] = ()
    scope: Scope = WHOLE_SHOP
    audience: Audience = Audience()
    countries: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    payment_methods: frozenset[str] = frozenset()
    partners: frozenset[str] = frozenset()
    limits: Limits = Limits()
    methods: frozenset[str] = frozenset(METHODS)
    #: The keys that may redeem it by `api`; empty is every key.
    api_keys: frozenset[str] = frozenset()
    claim_required: bool = False
    # How it goes with others
    stacking_group: str = "order"
    stacks_with: frozenset[str] = frozenset()
    priority: int = 100
    member_prices: MemberPrices = MemberPrices.STACK
    # What happens around it
    return_policy: str = "restore_if_valid"
    extend_days: int | None = None
    claw_back: bool = False
    funded_by: str = "merchant"
    risk_level: str = "normal"
    code: str | None = None

    @property
    def currencies(self) -> frozenset[str]:
        """Name the currencies that its amounts are written in."""
        amounts = [self.value, self.cap, self.min_spend]
        for tier in self.tiers:
            amounts += [tier.min_spend, tier.value]
        if self.every:
            amounts += [self.every.step, self.every.value]
        return frozenset().union(*amounts)

    @property
    def level(self) -> Level:
        """Return where the coupon stands in the order of application."""
        if self.kind is Kind.FREE_SHIPPING:
            return Level.SHIPPING
        if self.kind is Kind.BUY_X_GET_Y or not self.scope.is_whole_shop:
            return Level.ITEM
        return Level.ORDER

    @property
    def needs_lines(self) -> bool:
        """Say whether the coupon asks for goods in the cart (a goods voucher may not)."""
        if self.kind in (Kind.PASS, Kind.DRAW):
            return False
        if self.kind is Kind.GIFT:
            asks = self.min_spend or self.min_quantity or not self.scope.is_whole_shop
            return bool(asks)
        return True
