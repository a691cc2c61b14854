import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.pricing.apportion import apportion, returned, unit_share

CASES = {
    "in proportion": (100, [300, 100], [75, 25]),
    "the larger remainder gets the cent": (100, [200, 100], [67, 33]),
    "ties go to the earlier lines": (100, [100, 100, 100], [34, 33, 33]),
    "two cents over go to the first two": (5, [1000, 1000, 1000], [2, 2, 1]),
    "one cent over three lines": (1, [100, 100, 100], [1, 0, 0]),
    "one cent goes to the dearest": (1, [100, 101, 100], [0, 1, 0]),
    "all of it": (301, [100, 100, 101], [100, 100, 101]),
    "nothing": (0, [100, 50], [0, 0]),
    "nothing over nothing": (0, [], []),
    "a line without weight carries nothing": (10, [0, 7, 0], [0, 10, 0]),
}


@pytest.mark.parametrize("name", CASES)
def test_splits(name):
    amount, weights, parts = CASES[name]
    most = [max(weight, amount if weight else 0) for weight in weights]
    assert apportion(amount=amount, weights=weights, most=most) == parts


def test_no_line_gets_more_than_it_has_left():
    assert apportion(amount=9, weights=[90, 5, 5], most=[6, 5, 5]) == [6, 2, 1]


def test_refuses_an_amount_that_does_not_fit():
    with pytest.raises(ValueError, match="does not fit"):
        apportion(amount=11, weights=[5, 5], most=[5, 5])


@given(weights=st.lists(st.integers(1, 10**7), min_size=1, max_size=40), data=st.data())
def test_parts_add_up_and_fit(weights, data):
    amount = data.draw(st.integers(0, sum(weights)))
    parts = apportion(amount=amount, weights=weights, most=weights)
    assert sum(parts) == amount
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    exact = [amount * weight / sum(weights) for weight in weights]
    assert all(abs(part - share) < 1.001 for part, share in zip(parts, exact, strict=True))


@pytest.mark.parametrize(
    ("amount", "units", "shares"),
    [(10, 3, [3, 3, 4]), (2, 3, [0, 1, 1]), (0, 2, [0, 0]), (7, 1, [7]), (9, 3, [3, 3, 3])],
)
def test_unit_shares(amount, units, shares):
    found = [unit_share(amount=amount, units=units, unit=k) for k in range(1, units + 1)]
    assert found == shares


@given(amount=st.integers(0, 10**9), steps=st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_returns_in_any_sequence_add_up(amount, steps):
    units, already, back = sum(steps), 0, 0
    for quantity in steps:
        share = returned(amount=amount, units=units, already=already, quantity=quantity)
        singles = range(already + 1, already + quantity + 1)
        assert share == sum(unit_share(amount=amount, units=units, unit=k) for k in singles)
        already += quantity
        back += share
        assert 0 <= back <= amount
    assert back == amount


@pytest.mark.parametrize(("already", "quantity"), [(0, 4), (3, 1), (-1, 1), (2, 2), (0, -1)])
def test_refuses_more_units_back_than_there_are(already, quantity):
    with pytest.raises(ValueError, match="More units"):
        returned(amount=10, units=3, already=already, quantity=quantity)
