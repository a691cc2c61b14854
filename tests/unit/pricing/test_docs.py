"""The worked numbers of docs/discounts.md, worked out again."""

import json
import re
from pathlib import Path

import pytest

from coupons.definition import compile, parse
from coupons.pricing.apportion import apportion, returned, unit_share
from coupons.pricing.money import format_amount, parse_amount
from coupons.pricing.quote import Quote
from tests.unit.pricing.builders import cart, line, price

PAGE = (Path(__file__).parents[3] / "docs" / "discounts.md").read_text(encoding="utf-8")
_LINE = re.compile(r"(\w+) (?:(\d+) × )?([\d.]+)(?: member ([\d.]+))?")


def table(title: str) -> list[list[str]]:
    """Return the rows of the table under `<!-- worked: title -->`."""
    after = PAGE.split(f"<!-- worked: {title} -->\n", 1)[1]
    rows = after.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows]


def amounts(cell: str) -> list[int]:
    return [parse_amount(text, "USD") for text in cell.split(", ")]


def terms(text: str, number: int = 1):
    body = {"slug": f"c{number}", "name": "C", **json.loads(text)}
    return compile(parse(body), coupon_id=number, version=1, created_order=number)


def lines(text: str):
    found = []
    for part in text.split("; "):
        sku, quantity, unit_price, member = _LINE.fullmatch(part).groups()
        found.append(
            line(
                sku,
                parse_amount(unit_price, "USD"),
                int(quantity or 1),
                member_discount=parse_amount(member or "0", "USD"),
            )
        )
    return found


def outcome(quote: Quote) -> str:
    if quote.rejected:
        (refusal,) = quote.rejected[0].refusals
        if refusal.missing is None:
            return refusal.reason.value
        return f"{refusal.reason.value}, {format_amount(refusal.missing, 'USD')} missing"
    return "; ".join(
        f"{one.id} {format_amount(one.discount, 'USD')}" for one in quote.lines if one.discount
    )


@pytest.mark.parametrize("row", table("one coupon"), ids=lambda row: f"{row[0]} → {row[2]}")
def test_one_coupon(row):
    what, definition, expected = row
    assert outcome(price(cart(*lines(what)), terms(definition))) == expected


@pytest.mark.parametrize("row", table("two coupons"), ids=lambda row: f"{row[2]}, {row[3]}")
def test_two_coupons(row):
    first, second, *expected = row
    basket = cart(line("shirt", 6_000), line("mug", 4_000), shipping=800)
    quote = price(basket, terms(first, 1), terms(second, 2))
    found = {one.code: format_amount(one.saving, "USD") for one in quote.applied}
    found |= {one.code: one.reason.value for one in quote.rejected}
    assert [found["C1"], found["C2"]] == expected


@pytest.mark.parametrize("row", table("split"), ids=lambda row: f"{row[0]} over {row[1]}")
def test_split(row):
    discount, remaining, parts = (amounts(cell) for cell in row)
    assert apportion(amount=discount[0], weights=remaining, most=remaining) == parts


@pytest.mark.parametrize("row", table("units"), ids=lambda row: f"{row[0]} over {row[1]}")
def test_units(row):
    (carried,), units = amounts(row[0]), int(row[1])
    shares = [unit_share(amount=carried, units=units, unit=k) for k in range(1, units + 1)]
    assert shares == amounts(row[2])
    steps = [(0, 2), (2, units - 2)]
    back = [returned(amount=carried, units=units, already=a, quantity=q) for a, q in steps]
    assert back == amounts(row[3])


def test_every_table_is_read():
    titles = re.findall(r"<!-- worked: (.+) -->", PAGE)
    assert titles == ["one coupon", "two coupons", "split", "units"]
    assert [len(table(title)) for title in titles] == [18, 8, 6, 3]
