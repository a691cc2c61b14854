"""How PostgreSQL plans: once, or anew for the values of each call; and what it knows of rows.

The plans of a checkout are always the same, each table by its key, and planning takes five
times as long as asking. Left to itself, PostgreSQL plans them for every cart. Other statements
need their values: a search by the beginning of a code cannot do without, nor a list of the few
redemptions that were reversed, which stand in an index of their own.

What is planned once must also last: a plan made for a table that was just found empty reads
all of it, and goes on to do so while it fills. So there a key is used wherever there is one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model

#: `plan_cache_mode` and `enable_seqscan`.
_Mode = tuple[str, str]
_ONCE: _Mode = ("force_generic_plan", "off")
_ANEW: _Mode = ("force_custom_plan", "on")

#: How each connection plans. Said outside a transaction: a rollback would take it back.
_modes: WeakKeyDictionary[Any, _Mode] = WeakKeyDictionary()


def once() -> None:
    """Plan the statements of this thread's connection once and by key, until `anew`."""
    _plan(_ONCE)


def anew() -> None:
    """Plan each statement with its values, until `once`."""
    _plan(_ANEW)


@contextmanager
def by_key() -> Iterator[None]:
    """Look each row of a piece of work up by its key; in a transaction.

    PostgreSQL joins the rows of a piece with all that a table has when it takes that for few,
    as it does of one that has grown since it last looked: each piece then costs more than the
    one before.
    """
    _join_whole_tables("off")
    yield
    # An error takes the transaction with it, and this too.
    _join_whole_tables("on")


#: Ways to join that go through all rows there are.
_WHOLE = ["enable_hashjoin", "enable_mergejoin", "enable_material", "enable_seqscan"]


def _join_whole_tables(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(name, %s, true) FROM unnest(%s::text[]) AS name",
            [word, _WHOLE],
        )


def know(*, model: type[Model], columns: Sequence[str]) -> None:
    """Have PostgreSQL look at these columns of a table that many rows have just come to.

    By itself it looks minutes later. Until then it takes the rows of a file for few, and reads
    all of them for each piece of the work.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {model._meta.db_table} ({', '.join(columns)})")


def _plan(mode: _Mode) -> None:
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    if _modes.get(database.connection) == mode or database.in_atomic_block:
        return
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('plan_cache_mode', %s, false), "
            "set_config('enable_seqscan', %s, false)",
            mode,
        )
    _modes[database.connection] = mode
