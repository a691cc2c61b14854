"""PINs of staff: chosen by oneself, checked on a shared device, reset by an owner.

A PIN stands for a person at the redemption desk alone. It never opens the console.
"""

from datetime import datetime
from itertools import pairwise

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.crypto import salted_hmac

from coupons import journal, pin_tries
from coupons.caller import SYSTEM, staff_actor
from coupons.errors import FieldError, Invalid, WrongPassword, WrongPin
from coupons.models import Membership, Pin

SHORTEST, LONGEST = 4, 8
#: What people type before they think: patterns of the keypad, and words on it.
_COMMON = {
    *("2580", "0852", "1470", "0741", "1379", "9731", "3971", "1397", "5683", "4328", "102030"),
    *("147258", "147852", "159753", "159357", "258456", "123654", "123987", "741852", "142536"),
}


def choose(*, membership: Membership, pin: str, password: str, device: str, at: datetime) -> Pin:
    """Give oneself a PIN, after the password.

    Raises `Invalid` for one that is too short, too long or easily guessed, `WrongPassword`,
    and `TooManyTries` after ten wrong passwords.
    """
    _check(pin)
    prove_password(membership=membership, password=password, device=device, at=at)
    with transaction.atomic():
        row, _made = Pin.objects.of(membership.merchant_id).update_or_create(
            membership=membership,
            defaults={
                "merchant": membership.merchant,
                "hash": make_password(_peppered(membership, pin)),
                "set_at": at,
            },
        )
        _record("staff.pin_set", membership=membership, by=staff_actor(membership.user), at=at)
    return row


def reset(*, membership: Membership, by: str, at: datetime) -> None:
    """Take somebody's PIN away; they choose another with their password."""
    with transaction.atomic():
        gone, _by_model = (
            Pin.objects.of(membership.merchant_id).filter(membership=membership).delete()
        )
        pin_tries.forget(membership=membership)
        if gone:
            _record("staff.pin_reset", membership=membership, by=by, at=at)


def prove(*, membership: Membership, pin: str, device: str, at: datetime) -> Pin:
    """Return the person's PIN if it is the one typed; call it outside any transaction.

    Raises `WrongPin`, and after five wrong ones on a device, or twenty in a day on any,
    `PinLocked`, which only the password ends.
    """
    here = pin_tries.on_device(device=device)
    pin_tries.take(membership=membership, limit=pin_tries.ANYWHERE, at=at)
    tries = pin_tries.take(membership=membership, limit=here, at=at)
    row: Pin | None = Pin.objects.of(membership.merchant_id).filter(membership=membership).first()
    if row and membership.user.is_active and check_password(_peppered(membership, pin), row.hash):
        pin_tries.clear(membership=membership, limits=(here,))
        return row
    if tries == here.most:
        with transaction.atomic():
            _record("staff.pin_locked", membership=membership, by=SYSTEM, at=at)
    raise WrongPin


def prove_password(*, membership: Membership, password: str, device: str, at: datetime) -> None:
    """Check a person's password at a desk; the PIN may then be tried again.

    Raises `WrongPassword`, and `TooManyTries` after ten wrong ones in a quarter of an hour.
    """
    pin_tries.take(membership=membership, limit=pin_tries.PASSWORD, at=at)
    user = membership.user
    if not user.is_active or not user.check_password(password):
        raise WrongPassword
    here = pin_tries.on_device(device=device)
    limits = (pin_tries.PASSWORD, pin_tries.ANYWHERE, here)
    pin_tries.clear(membership=membership, limits=limits)


def is_weak(*, pin: str) -> bool:
    """Say whether digits are among the first that somebody would try."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    parts = [pin[:length] * (len(pin) // length) for length in range(1, len(pin) // 2 + 1)]
    is_year = len(pin) == SHORTEST and pin[:2] in ("19", "20")
    return len(set(pin)) < 3 or len(steps) == 1 or pin in parts or is_year or pin in _COMMON


def _check(pin: str) -> None:
    told = ""
    if not (pin.isascii() and pin.isdecimal() and SHORTEST <= len(pin) <= LONGEST):
        told = "A PIN has from 4 to 8 digits."
    elif is_weak(pin=pin):
        told = "This PIN is easily guessed; choose another."
    if told:
        raise Invalid(errors=[FieldError("pin", told)])


def _peppered(membership: Membership, pin: str) -> str:
    """Mix in the secret key: of so few digits a stolen hash alone would hide nothing."""
    return salted_hmac(
        f"coupons.pins {membership.pk}", pin, secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()


def _record(type: str, *, membership: Membership, by: str, at: datetime) -> None:
    data = {"user": membership.user.get_username()}
    journal.record(merchant=membership.merchant, type=type, actor=by, at=at, data=data)
