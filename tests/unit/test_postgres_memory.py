"""What PostgreSQL is given of a machine's memory."""

import pytest

from config.services.postgres import memory

GIB = 2**30


@pytest.mark.parametrize(
    ("total", "pages", "cache"),
    [(GIB, "128MB", "512MB"), (4 * GIB, "256MB", "1024MB"), (256 * GIB, "1024MB", "4096MB")],
)
def test_a_part_of_the_memory_is_for_pages_within_bounds(
    total: int, pages: str, cache: str
) -> None:
    assert memory(total=total) == {"shared_buffers": pages, "effective_cache_size": cache}
