"""A slice of the demo's data, and how to read the package's files ourselves."""

import importlib.util
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pyarrow.parquet import ParquetFile
from rich.console import Console

from config.demo import journey, source

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
# Together they use coupons on baskets and without one, several on one basket, one on
# goods that cost nothing, and one on goods that nobody of the slice ever bought.
PART = source.Slice(households=frozenset({712, 1029, 2341}), campaigns=frozenset({8, 26}))


def load(only: source.Slice = PART) -> journey.Loaded:
    return journey.load(password="not-a-secret", at=AT, console=Console(file=StringIO()), only=only)


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Read the package's file ourselves: the slice's rows, times as whole seconds."""
    package = importlib.util.find_spec(source.PACKAGE)
    assert package is not None
    folder = Path(package.submodule_search_locations[0])
    table = ParquetFile(str(folder / "data" / f"{name}.parquet")).read()
    for place, column in enumerate(table.schema):
        if str(column.type).startswith("timestamp"):
            seconds = table[column.name].cast("timestamp[s]").cast("int64")
            table = table.set_column(place, column.name, seconds)
    if "household_id" in table.column_names:
        wanted = [each in PART.households for each in table["household_id"].to_pylist()]
        table = table.filter(wanted)
    if "campaign_id" in table.column_names:
        wanted = [each in PART.campaigns for each in table["campaign_id"].to_pylist()]
        table = table.filter(wanted)
    yield from table.to_pylist()


def cents(*dollars: float) -> int:
    return int(sum(Decimal(str(round(each, 4))) for each in dollars) * 100)


def wall(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=NEW_YORK)
