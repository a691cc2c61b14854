"""How a shopper reads money, discounts, days, hours and lists; in the language in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_name
from babel.numbers import format_currency, format_decimal, get_currency_symbol
from django.utils.translation import gettext as _

from coupons.pricing.terms import WEEKDAYS

#: Entries of a list that are named; the rest is counted.
NAMED = 5

Amounts = Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Names:
    """What the merchant calls its goods and channels, by SKU and slug."""

    products: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speech:
    """One language, and the merchant's names."""

    language: str
    names: Names = field(default_factory=Names)

    @property
    def is_chinese(self) -> bool:
        """Say whether discounts are named as 折 and yuan as 元."""
        return self.language == "zh-hans"

    @property
    def locale(self) -> Locale:
        """Return the language as Babel knows it."""
        return Locale.parse("zh_Hans" if self.is_chinese else "en")

    # --- money ---

    def money(self, amount: str, currency: str) -> str:
        """Write a decimal string as people do; whole amounts without decimals."""
        value = Decimal(amount)
        digits = self.decimal(value)
        symbol = get_currency_symbol(currency, locale=self.locale)
        if self.is_chinese and currency == "CNY":
            return f"{digits}元"
        if symbol == currency:
            return f"{digits} {currency}"
        if value == value.to_integral_value():
            return format_currency(
                value, currency, format="¤#,##0", locale=self.locale, currency_digits=False
            )
        return format_currency(value, currency, locale=self.locale)

    def decimal(self, value: Decimal) -> str:
        """Write a number; a fraction keeps its places."""
        whole = value == value.to_integral_value()
        places = 0 if whole else max(0, -int(value.as_tuple().exponent))
        shape = "#,##0" + (f".{'0' * places}" if places else "")
        return format_decimal(value, format=shape, locale=self.locale)

    def amounts(self, by_currency: Amounts) -> str:
        """Write an amount in each of its currencies."""
        pairs = (by_currency or {}).items()
        return " / ".join(self.money(amount, code) for code, amount in pairs)

    def bare(self, by_currency: Amounts) -> str:
        """Write an amount as in 满200减30, where yuan go without saying."""
        if self.is_chinese and by_currency and list(by_currency) == ["CNY"]:
            return self.decimal(Decimal(by_currency["CNY"]))
        return self.amounts(by_currency)

    def percent_off(self, percent: str) -> str:
        """Say a percentage off; Chinese names what is left to pay out of ten: 20 is 8折."""
        if not self.is_chinese:
            return _("%(percent)s%% off") % {"percent": percent}
        left = (100 - Decimal(percent)) / 10
        return f"{left.normalize():f}折" if left else "全免"

    # --- lists ---

    def listed(self, entries: Sequence[str], *, named: int = NAMED) -> str:
        """Write a list; a long one is cut and counted."""
        between = "、" if self.is_chinese else ", "
        shown, rest = between.join(entries[:named]), len(entries) - named
        if rest <= 0:
            return shown
        return _("%(shown)s and %(rest)s more") % {"shown": shown, "rest": f"{rest:,}"}

    def goods(self, scope: Mapping[str, Sequence[str]], *, prefix: str = "") -> list[str]:
        """Name the categories and products of a scope, products by name where it is known."""
        paths = [self.category(path) for path in scope.get(f"{prefix}categories") or ()]
        return paths + [self.product(sku) for sku in scope.get(f"{prefix}products") or ()]

    def category(self, path: str) -> str:
        """Name a category, with those above it."""
        return path.replace("/", " › ")

    def product(self, sku: str) -> str:
        """Name a product."""
        return self.names.products.get(sku) or sku

    def channel(self, slug: str) -> str:
        """Name a sales channel."""
        return self.names.channels.get(slug) or slug

    def country(self, code: str) -> str:
        """Name a country."""
        return str(self.locale.territories.get(code, code))

    # --- time ---

    def zone(self, name: str) -> str:
        """Name a time zone as people say it."""
        if name in ("UTC", "Etc/UTC", "GMT"):
            return "UTC"
        return get_timezone_name(ZoneInfo(name), locale=self.locale)

    def start(self, text: str, zone: str) -> str:
        """Write a start: a day, with its time where it is not midnight."""
        at = _in_zone(text, zone)
        return self._moment(at, with_time=at.time().replace(second=0, microsecond=0) != time())

    def end(self, text: str, zone: str) -> str:
        """Write an end: of midnight, the day that still counts."""
        at = _in_zone(text, zone)
        if at.time() == time() and at.date() > date.min:
            return self._moment(at - timedelta(days=1), with_time=False)
        return self._moment(at, with_time=True)

    def _moment(self, at: datetime, *, with_time: bool) -> str:
        day = format_date(at, "long", locale=self.locale)
        if not with_time:
            return day
        clock = self._clock(at.time())
        return f"{day} {clock}" if self.is_chinese else f"{day}, {clock}"

    def hour(self, clock: str) -> str:
        """Write a time of day such as `09:00`."""
        return self._clock(time.fromisoformat(clock))

    def _clock(self, at: time) -> str:
        # CLDR puts a narrow space before AM, which few fonts have.
        return format_time(at, "short", locale=self.locale).replace("\u202f", " ")

    def days(self, chosen: Sequence[str]) -> str:
        """Write days of the week, three or more in a row as from … to …."""
        width = "wide" if self.is_chinese else "abbreviated"
        names = self.locale.days["format"][width]
        places = [place for place, day in enumerate(WEEKDAYS) if day in chosen]
        runs: list[list[int]] = []
        for place in places:
            if runs and runs[-1][-1] == place - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
        dash = "至" if self.is_chinese else "–"
        written = [
            [f"{names[run[0]]}{dash}{names[run[-1]]}"]
            if len(run) > 2
            else [names[place] for place in run]
            for run in runs
        ]
        return ("、" if self.is_chinese else ", ").join(name for run in written for name in run)


def _in_zone(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text)
    try:
        return at.astimezone(ZoneInfo(zone))
    except OverflowError:  # the first day of the year 1, and the last of 9999
        return at


def chance(weight: int, total: int) -> str:
    """Write the share of a weight in the sum as a percentage; a small one is not nothing."""
    hundredths = weight * 10_000 // total if total else 0
    if weight and not hundredths:
        return "< 0.01%"
    return f"{hundredths // 100}.{hundredths % 100:02}".rstrip("0").rstrip(".") + "%"
