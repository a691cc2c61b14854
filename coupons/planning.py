"""How a connection plans its statements: once, or anew for the values of each call.

The plans of a checkout are always the same, each table by its key, and planning takes five
times as long as asking. Left to itself, PostgreSQL plans them for every cart. Other statements
need their values: a search by the beginning of a code cannot do without.
"""

from typing import Any
from weakref import WeakSet

from django.db import connection

#: The connections that plan once. Said outside a transaction: a rollback would take it back.
_once: WeakSet[Any] = WeakSet()


def once() -> None:
    """Plan the statements of this thread's connection once, until `anew`."""
    connection.ensure_connection()
    if connection.connection not in _once and not connection.in_atomic_block:
        _say("force_generic_plan")
        _once.add(connection.connection)


def anew() -> None:
    """Plan each statement with its values, where that is better: as PostgreSQL does by itself."""
    if connection.connection in _once and not connection.in_atomic_block:
        _say("auto")
        _once.discard(connection.connection)


def _say(mode: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('plan_cache_mode', %s, false)", [mode])
