"""Which PINs are easily guessed."""

import pytest

from coupons.pins import is_weak


@pytest.mark.parametrize(
    "pin",
    [
        "0000", "1111", "99999999", "1212", "1122", "1221", "123123", "12341234",  # repeated
        "1234", "4321", "7890", "9012", "2468", "9753", "012345", "87654321",  # counted
        "1999", "2024", "1953",  # years
        "2580", "147258", "159753", "1379", "102030",  # the keypad
    ],
)  # fmt: skip
def test_what_people_type_first_is_weak(pin: str) -> None:
    assert is_weak(pin=pin)


@pytest.mark.parametrize("pin", ["4071", "8305", "62914", "730186", "0491753", "50318264", "2153"])
def test_others_are_not(pin: str) -> None:
    assert not is_weak(pin=pin)
