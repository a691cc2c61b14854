"""The best combination of many coupons, exactly: branch and bound in order of application."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from coupons.pricing.candidate import Candidate
from coupons.pricing.cart import Cart
from coupons.pricing.conditions import Asked, expiry, limit_refusals
from coupons.pricing.evaluate import evaluate, examined
from coupons.pricing.exchange import NO_RATES, Rates
from coupons.pricing.outlook import Option, Outlook, View, most_off
from coupons.pricing.quote import Quote, Reason
from coupons.pricing.stacking import combinable
from coupons.pricing.taking import Taken, in_order, take
from coupons.pricing.terms import CouponTerms

#: How much is looked at before the search stops and says that it is not exact. A step is one
#: line or one option looked at: the number is fixed, so a search ends the same on any machine.
MAX_STEPS = 300_000
#: What a bound costs besides its options, and pricing one more coupon besides its lines.
_STEPS_A_BOUND, _STEPS_A_SET = 30, 50
#: Carts above this many lines keep no memory of baskets seen: it would cost more than it saves.
_MAX_REMEMBERED_LINES = 64
_NEVER = datetime.max.replace(tzinfo=UTC)

#: What decides between sets that save the same: fewer, first expiry, earliest created.
TieKey = tuple[int, datetime, tuple[tuple[int, int], ...]]


class Best(Struct, frozen=True):
    """The best set of codes, in order of application; `exact` is False where the search stopped."""

    quote: Quote
    codes: tuple[str, ...]
    exact: bool


def best_combination(
    *,
    cart: Cart,
    candidates: Sequence[Candidate],
    at: datetime,
    method: str = "automatic",
    used_with: Sequence[CouponTerms] = (),
    rates: Rates = NO_RATES,
    max_steps: int = MAX_STEPS,
) -> Best:
    """Find the allowed set of codes with the greatest saving, and quote it.

    Ties: fewer coupons, then the soonest first expiry, then the earliest created. Gifts,
    passes and draws never take part.
    """
    asked = examined(cart=cart, candidates=candidates, at=at, method=method, rates=rates)
    search = _Search(options=_options(asked, used_with), max_steps=max_steps)
    if search.options:
        search.extend(start=0, open_places=(1 << len(search.options)) - 1)
    chosen = [candidates[option.asked.position] for option in search.best]
    quote = evaluate(
        cart=cart, candidates=chosen, at=at, method=method, used_with=used_with, rates=rates
    )
    codes = tuple(candidate.code for candidate in chosen)
    return Best(quote=quote, codes=codes, exact=search.steps_left >= 0)


def _options(asked: Sequence[Asked], used_with: Sequence[CouponTerms]) -> list[Option]:
    """Return the codes that can save anything, in order of application."""
    hopeful = [one for one in in_order(asked) if _is_hopeful(one, used_with)]
    company = _company(hopeful)
    groups: dict[str, int] = {}
    options = []
    for place, one in enumerate(hopeful):
        if one.amounts is None:  # never: the currency is one of the conditions
            continue
        group = one.terms.stacking_group
        is_alone_in_group = group not in one.terms.stacks_with
        options.append(
            Option(
                asked=one,
                place=place,
                goes_with=company[place],
                expires=expiry(one) or _NEVER,
                created=(one.terms.created_order, one.position),
                most_off=most_off(one, one.amounts),
                exclusive=groups.setdefault(group, len(groups)) if is_alone_in_group else ~place,
                lines=tuple(sorted({*one.eligible, *one.gettable})),
            )
        )
    return options


def _company(hopeful: Sequence[Asked]) -> list[int]:
    """Return the places that each code goes together with, as bits.

    Coupons of one group that stack alike are looked at once: most of a shop's are.
    """
    keys = [(one.terms.stacking_group, one.terms.stacks_with) for one in hopeful]
    bits: dict[tuple[str, frozenset[str]], int] = {}
    terms: dict[tuple[str, frozenset[str]], CouponTerms] = {}
    for place, key in enumerate(keys):
        bits[key] = bits.get(key, 0) | 1 << place
        terms[key] = hopeful[place].terms
    together = {
        key: sum(bits[other] for other in bits if combinable(terms[key], terms[other]))
        for key in bits
    }
    return [together[key] & ~(1 << place) for place, key in enumerate(keys)]


def _is_hopeful(one: Asked, used_with: Sequence[CouponTerms]) -> bool:
    if one.refusals or not one.terms.kind.gives_money:
        return False
    if not all(combinable(one.terms, used) for used in used_with):
        return False
    alone = take(one)
    if isinstance(alone, Taken):
        return True
    # Once others have lowered what remains, it may fit its budget, or reach a lower tier that
    # gives more.
    if alone.reason is Reason.BUDGET_EXHAUSTED:
        return True
    return bool(one.terms.tiers) and one.terms.threshold_after_discounts


class _Search:
    """Walks over the allowed sets, extending each by later options only.

    What applies earlier never depends on what applies later, so a set is priced by one more
    step from the set it extends.
    """

    def __init__(self, *, options: list[Option], max_steps: int) -> None:
        self.options = options
        self.outlook = Outlook(options)
        self.steps_left = max_steps
        self.best: list[Option] = []
        self.best_saving = 0
        self.best_key: TieKey = (0, _NEVER, ())
        self.chosen: list[Option] = []
        self.saving = 0
        self.uses: dict[int, int] = {}
        self.budgets: dict[int, int] = {}
        self.seen: dict[tuple[object, ...], TieKey] = {}
        coupons = [option.asked.terms.coupon_id for option in options]
        self.repeated = sorted({coupon for coupon in coupons if coupons.count(coupon) > 1})

    def extend(self, *, start: int, open_places: int) -> None:
        """Try every set that adds open options from `start` on to the chosen one."""
        basket = self.options[0].asked.basket
        view = self.outlook.view(
            start=start,
            open_places=open_places,
            remaining=basket.remaining,
            shipping=basket.shipping,
        )
        self.steps_left -= len(basket.remaining) + open_places.bit_count()
        for option in self.options[start:]:
            if not open_places >> option.place & 1:
                continue
            self.steps_left -= _STEPS_A_BOUND + (open_places >> option.place).bit_count()
            if self.steps_left < 0 or not self._may_improve(view, option.place, open_places):
                return
            self.steps_left -= _STEPS_A_SET + 2 * len(option.lines)
            taken = self._take(option)
            if taken is None:
                continue
            self._choose(option, taken)
            still_open = open_places & option.goes_with
            if not self._is_dominated(option.place + 1, still_open):
                self._remember_best()
                self.extend(start=option.place + 1, open_places=still_open)
            self._let_go(option, taken)

    def _take(self, option: Option) -> Taken | None:
        one = option.asked
        coupon = one.terms.coupon_id
        one.taken = self.uses.get(coupon, 0)
        if one.taken and limit_refusals(one):
            return None
        taken = take(one, budget_taken=self.budgets.get(coupon, 0))
        return taken if isinstance(taken, Taken) else None

    def _choose(self, option: Option, taken: Taken) -> None:
        self._count(option, taken, 1)
        self.chosen.append(option)
        option.asked.basket.take(parts=taken.parts, shipping=taken.shipping)

    def _let_go(self, option: Option, taken: Taken) -> None:
        self._count(option, taken, -1)
        self.chosen.pop()
        option.asked.basket.put_back(parts=taken.parts, shipping=taken.shipping)

    def _count(self, option: Option, taken: Taken, sign: int) -> None:
        coupon = option.asked.terms.coupon_id
        self.saving += sign * taken.saving
        self.uses[coupon] = self.uses.get(coupon, 0) + sign
        self.budgets[coupon] = self.budgets.get(coupon, 0) + sign * (taken.budget_amount or 0)

    def _key(self) -> TieKey:
        return (
            len(self.chosen),
            min((option.expires for option in self.chosen), default=_NEVER),
            tuple(sorted(option.created for option in self.chosen)),
        )

    def _remember_best(self) -> None:
        if self.saving < self.best_saving:
            return
        key = self._key()
        if self.saving > self.best_saving or key < self.best_key:
            self.best, self.best_saving, self.best_key = list(self.chosen), self.saving, key

    def _is_dominated(self, start: int, open_places: int) -> bool:
        """Say whether another set left the very same basket and is no worse on ties."""
        basket = self.options[0].asked.basket
        if len(basket.remaining) > _MAX_REMEMBERED_LINES:
            return False
        later = open_places >> start << start
        state = (
            start,
            later,
            basket.shipping,
            tuple(basket.remaining),
            tuple([(self.uses.get(c, 0), self.budgets.get(c, 0)) for c in self.repeated]),
        )
        key, other = self._key(), self.seen.get(state)
        if other is None or key[0] < other[0]:
            self.seen[state] = key
            return False
        # Expiry and creation must both be no better: completed, either may come to decide.
        return key[0] > other[0] or (key[1] >= other[1] and key[2] >= other[2])

    def _may_improve(self, view: View, start: int, open_places: int) -> bool:
        """Say whether the open options could lead to a better set, by the bound."""
        needed = self.best_saving - self.saving
        most = self.outlook.most(view=view, start=start, open_places=open_places, enough=needed)
        if most != needed:
            return most > needed
        return self._may_win_tie(view, start, open_places)

    def _may_win_tie(self, view: View, start: int, open_places: int) -> bool:
        needed, more = self.best_saving - self.saving, 0
        gains = self.outlook.singly(view=view, start=start, open_places=open_places)
        gains.sort(reverse=True)
        while needed > 0 and more < len(gains):
            needed -= gains[more]
            more += 1
        count = len(self.chosen) + more
        if count != self.best_key[0]:
            return count < self.best_key[0]
        later = [o for o in self.options[start:] if open_places >> o.place & 1]
        expires = min(option.expires for option in [*self.chosen, *later])
        if expires != self.best_key[1]:
            return expires < self.best_key[1]
        earliest = sorted(option.created for option in later)[:more]
        created = sorted([*(option.created for option in self.chosen), *earliest])
        return tuple(created) < self.best_key[2]
