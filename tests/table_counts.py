"""What PostgreSQL itself has counted of our tables."""

from django.db import connection


def counted(column: str) -> dict[str, int]:
    """Return a column of `pg_stat_user_tables` by table, with all that this connection did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(f"SELECT relname, {column} FROM pg_stat_user_tables")  # noqa: S608
        return dict(cursor.fetchall())
