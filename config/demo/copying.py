"""Rows by the hundred thousand into PostgreSQL: one COPY for each piece."""

import io

import pyarrow as pa
from django.db import connection
from psycopg import sql
from pyarrow.csv import WriteOptions, write_csv


def copy_in(*, into: str, rows: pa.Table) -> None:
    """COPY `rows` into a table; the columns carry the names they have there."""
    written = io.BytesIO()
    write_csv(rows, written, WriteOptions(include_header=False))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(into), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(written.getbuffer())


def constant(value: str | int | bool, *, like: pa.Table) -> pa.Array:
    """Return a column that says the same in each of the rows of `like`."""
    return pa.repeat(value, like.num_rows)


def reserved_ids(*, table: str, count: int) -> pa.Array:
    """Take `count` new identifiers from a table's sequence."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return pa.array([row[0] for row in cursor.fetchall()], pa.int64())
