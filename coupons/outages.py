"""A database that is away, told from one that refuses."""

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError


def is_outage(error: BaseException) -> bool:
    """Say whether a database error means that nobody was there to do what was asked.

    When the server goes in the middle of a statement, libpq may find nothing but that its
    connection has ended. It then answers with a failure that has no SQLSTATE, which each of
    the server's own has, and the driver makes a plain `DatabaseError` of it.
    """
    if isinstance(error, OperationalError | InterfaceError):
        return True
    cause = error.__cause__
    return (
        type(error) is DatabaseError
        and isinstance(cause, psycopg.DatabaseError)
        and cause.sqlstate is None
    )
