"""One line for each stage: how far it is, and how fast."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

#: Told of how many rows were done since the last time.
Told = Callable[[int], None]
Bar = Callable[[str, int | None], AbstractContextManager[Told]]


class Rate(ProgressColumn):
    """Rows a second since the stage began."""

    def render(self, task: Task) -> Text:
        """Write the rate, or nothing before there is one."""
        if not task.completed or not task.elapsed:
            return Text("")
        return Text(f"{task.completed / task.elapsed:,.0f}/s", style="cyan", justify="right")


@contextmanager
def bars(*, console: Console) -> Iterator[Bar]:
    """Show the bars; on something that is no terminal, only how they ended."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeElapsedColumn(),
        console=console,
    )

    @contextmanager
    def bar(name: str, size: int | None) -> Iterator[Told]:
        task = progress.add_task(f"{name:<22}", total=size)
        yield lambda rows: progress.advance(task, rows)
        reached = int(progress.tasks[task].completed)
        # Nothing was done where an earlier run had done it: no line for that.
        progress.update(task, total=reached, visible=reached > 0)
        progress.stop_task(task)

    with progress:
        yield bar
