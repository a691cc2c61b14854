"""What was loaded and replayed, as tables for whoever looks on."""

from rich.console import Console
from rich.table import Table

from config.demo.journey import Loaded
from config.demo.replay import REDEEMED, Replayed
from config.demo.shop import CURRENCY
from coupons.pricing.money import format_amount
from redemption.models import Method

_WAYS = {Method.AUTOMATIC: "on its basket", Method.MANUAL: "at the counter"}


def show(*, loaded: Loaded, console: Console) -> None:
    """Print the rows with their rates, and what became of every use."""
    console.print(_rows(loaded), _uses(loaded.replayed))
    if loaded.replayed.fresh:
        rate = loaded.replayed.fresh / loaded.replay_seconds
        console.print(
            f"{loaded.replayed.fresh:,} uses put to redeem in {loaded.replay_seconds:.1f} s "
            f"({rate:,.0f}/s)."
        )
    console.print(
        f"Coupons took off {format_amount(loaded.replayed.discount, CURRENCY)} {CURRENCY}."
    )


def _rows(loaded: Loaded) -> Table:
    table = Table(title="Rows", title_justify="left")
    table.add_column("stage")
    for name in ("rows", "seconds", "rows/s"):
        table.add_column(name, justify="right")
    for stage in loaded.stages:
        if not stage.rows:
            table.add_row(stage.name, "there already", "", "")
        for name, count in stage.rows.items():
            rate = f"{count / stage.seconds:,.0f}"
            table.add_row(name, f"{count:,}", f"{stage.seconds:.1f}", rate)
    return table


def _uses(replayed: Replayed) -> Table:
    table = Table(title="Coupon uses", title_justify="left", show_footer=True)
    table.add_column("outcome", footer="all")
    for way, name in _WAYS.items():
        table.add_column(name, justify="right", footer=f"{replayed.total(method=way):,}")
    table.add_column("all", justify="right", footer=f"{replayed.total():,}")
    outcomes = {outcome for _, outcome in replayed.outcomes}
    for outcome in sorted(outcomes, key=lambda each: (each != REDEEMED, each)):
        counts = [replayed.outcomes[way.value, outcome] for way in _WAYS]
        named = outcome if outcome == REDEEMED else f"refused: {outcome}"
        table.add_row(named, *(f"{count:,}" for count in (*counts, sum(counts))))
    return table
