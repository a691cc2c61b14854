"""Loading the demo, stage after stage; what is done stays done."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import transaction
from rich.console import Console

from config.demo import goods, offers, orders, people
from config.demo.progress import Told, bars
from config.demo.replay import Replayed, replay
from config.demo.shop import Shop, open_shop
from config.demo.source import Slice, Source


@dataclass(frozen=True, slots=True)
class Stage:
    """Rows of one kind or two that come together, or not at all."""

    name: str
    #: How many steps the progress bar has, where that is known before.
    size: int | None
    is_there: Callable[..., bool]
    load: Callable[..., dict[str, int]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a stage wrote, by kind of row; nothing, where an earlier run had written it."""

    name: str
    rows: dict[str, int]
    seconds: float


@dataclass(slots=True)
class Loaded:
    """What a run did."""

    stages: list[Done] = field(default_factory=list)
    replayed: Replayed = field(default_factory=Replayed)
    replay_seconds: float = 0.0


def load(*, password: str, at: datetime, console: Console, only: Slice | None = None) -> Loaded:
    """Load The Complete Journey, or what earlier runs have left of it.

    A stage is one transaction; the replay is one for each basket. A run that is killed
    loses the one it was at. `password` is for staff who have no log-in yet. Raises
    `SourceMissing` where the data is not installed.
    """
    source = Source(only=only)
    shop = open_shop(password=password, at=at)
    loaded = Loaded()
    with bars(console=console) as bar:
        for stage in _stages(source=source, at=at):
            with bar(stage.name, stage.size) as told:
                loaded.stages.append(_done(stage=stage, shop=shop, source=source, told=told))
        started = time.monotonic()
        with bar("coupon uses, replayed", len(source.wishes)) as told:
            loaded.replayed = replay(shop=shop, source=source, told=told)
        loaded.replay_seconds = time.monotonic() - started
    return loaded


def _stages(*, source: Source, at: datetime) -> list[Stage]:
    return [
        Stage("products", None, goods.are_there, goods.load),
        Stage("customers", None, people.are_there, partial(people.load, at=at)),
        Stage("order lines", source.count_lines(), orders.are_there, orders.load),
        Stage("coupons", len(source.scopes), offers.are_there, offers.load),
    ]


def _done(*, stage: Stage, shop: Shop, source: Source, told: Told) -> Done:
    started = time.monotonic()
    if stage.is_there(shop=shop):
        return Done(stage.name, rows={}, seconds=0.0)
    with transaction.atomic():
        rows = stage.load(shop=shop, source=source, told=told)
    return Done(stage.name, rows=rows, seconds=time.monotonic() - started)
