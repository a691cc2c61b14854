"""Who is at a shared device: kept in its session, without anybody's log-in.

A device is opened by somebody's password. From then on each clerk takes it over by name and
PIN; the log-in that opened it ends there and then, so no console is left open behind it. A
device that stands still is locked: nobody is at it until the next PIN.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from coupons import journal, pins
from coupons.caller import staff_actor
from coupons.models import Membership, Merchant, Pin, User

#: Where the session keeps it.
KEY = "desk"
#: How long a device stays open after a password.
OPEN_FOR = timedelta(hours=12)
#: The session is written at most this often for the sake of the clock, in seconds.
EVERY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A device of a merchant's desk and who is at it; nobody, where it is locked."""

    merchant: Merchant
    device: str
    user: User | None
    #: Took it over by name: what they may do is the desk's, whatever their role.
    is_by_pin: bool = False
    #: Who was at it last, to be offered first (a user's id).
    last: int | None = None


def merchant_of(*, session: SessionBase) -> Merchant | None:
    """Return whose desk a device without a log-in belongs to."""
    kept = session.get(KEY)
    return Merchant.objects.filter(pk=kept["merchant"]).first() if kept else None


def opened(*, session: SessionBase, user: User, merchant: Merchant, at: datetime) -> Seat:
    """Return the seat of somebody who is logged in; locks it where it stood still too long.

    A locked device forgets the log-in.
    """
    kept = session.get(KEY)
    same = kept and kept["is_open"] and kept["user"] == user.pk
    if kept is None or not same or kept["merchant"] != merchant.pk:
        device = kept["device"] if kept else secrets.token_hex(8)
        kept = _fresh(user=user, merchant=merchant, device=device, at=at)
        session[KEY] = kept
    elif _stood_still(kept, at=at):
        return lock(session=session, merchant=merchant)
    _touch(session, at=at)
    return Seat(merchant=merchant, device=kept["device"], user=user)


def found(*, session: SessionBase, merchant: Merchant, at: datetime) -> Seat | None:
    """Return the seat of a device without a log-in; None where it has to be opened anew.

    That is when its time is over, or who opened it could not log in with that password now.
    """
    kept = session.get(KEY)
    if kept is None or kept["until"] <= at.timestamp() or not _is_good(kept, merchant=merchant):
        session.pop(KEY, None)
        return None
    nobody = Seat(merchant=merchant, device=kept["device"], user=None, last=kept["last"])
    if kept["person"] is None:
        return nobody
    person = members(merchant=merchant).filter(pk=kept["person"]).first()
    if person is None or not constant_time_compare(_stamp(person), kept["stamp"]):
        return lock(session=session, merchant=merchant)
    if _stood_still(kept, at=at):
        return lock(session=session, merchant=merchant)
    _touch(session, at=at)
    return Seat(merchant=merchant, device=kept["device"], user=person.user, is_by_pin=True)


def stay(*, session: SessionBase, merchant: Merchant, person: Membership) -> None:
    """Let somebody stay at a device whose PIN they have just changed themselves."""
    if session[KEY]["person"] == person.pk:
        person = members(merchant=merchant).get(pk=person.pk)
        session[KEY] = {**session[KEY], "stamp": _stamp(person)}


def members(*, merchant: Merchant) -> Any:
    """Return the staff who can take a device over or be asked for their PIN, by user name."""
    rows = Membership.objects.of(merchant).filter(user__is_active=True)
    return rows.select_related("user", "merchant", "pin").order_by("user__username")


def take(
    *, session: SessionBase, merchant: Merchant, person: Membership, pin: str, at: datetime
) -> None:
    """Take a device over by PIN; whoever was at it is so no more, log-in and all.

    Raises `WrongPin` and `PinLocked`; then nobody moves.
    """
    pins.prove(membership=person, pin=pin, device=session[KEY]["device"], at=at)
    _sit(session, merchant=merchant, person=person, way="pin", at=at)


def take_by_password(
    *, session: SessionBase, merchant: Merchant, person: Membership, password: str, at: datetime
) -> None:
    """Take a device over by password, where the PIN is forgotten or locked; for the desk alone.

    Raises `WrongPassword` and `TooManyTries`; then nobody moves.
    """
    device = session[KEY]["device"]
    pins.prove_password(membership=person, password=password, device=device, at=at)
    _sit(session, merchant=merchant, person=person, way="password", at=at)


def lock(*, session: SessionBase, merchant: Merchant) -> Seat:
    """Let nobody be at a device; a log-in that it still had is over."""
    kept = {**session[KEY], "person": None, "stamp": "", "is_open": False}
    # The session keeps its key: it can do less from now on, and a request under way with the
    # old one would take the new cookie away again.
    for name in list(session.keys()):
        del session[name]
    session[KEY] = kept
    return Seat(merchant=merchant, device=kept["device"], user=None, last=kept["last"])


def _sit(
    session: SessionBase, *, merchant: Merchant, person: Membership, way: str, at: datetime
) -> None:
    person = members(merchant=merchant).get(pk=person.pk)
    with transaction.atomic():
        journal.record(
            merchant=merchant,
            type="desk.taken",
            actor=staff_actor(person.user),
            at=at,
            data={"device": session[KEY]["device"], "by": way},
        )
    sits = {"person": person.pk, "stamp": _stamp(person), "last": person.user_id}
    seen = {"seen": int(at.timestamp()), "is_open": False}
    _renew(session, {**session[KEY], **sits, **seen})


def _renew(session: SessionBase, kept: dict[str, Any]) -> None:
    """Give the device a new session, in which nothing is left of the old but this."""
    until = max(60, kept["until"] - kept["seen"])
    session.flush()
    session[KEY] = kept
    session.set_expiry(until)


def _fresh(*, user: User, merchant: Merchant, device: str, at: datetime) -> dict[str, Any]:
    return {
        "device": device,
        "merchant": merchant.pk,
        "user": user.pk,
        # Changes with the password, as the log-in itself does.
        "opened_with": user.get_session_auth_hash(),
        "until": int((at + OPEN_FOR).timestamp()),
        #: Somebody is logged in here; a locked or taken device has nobody who is.
        "is_open": True,
        "person": None,
        "stamp": "",
        "last": user.pk,
        "seen": int(at.timestamp()),
    }


def _is_good(kept: dict[str, Any], *, merchant: Merchant) -> bool:
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or not constant_time_compare(user.get_session_auth_hash(), kept["opened_with"]):
        return False
    works_here = Membership.objects.of(merchant).filter(user=user)
    return user.is_superuser or works_here.exists()


def _stamp(person: Membership) -> str:
    """Return what changes with the PIN and the password: a seat ends with either."""
    pin: Pin | None = getattr(person, "pin", None)
    known = f"{pin.hash if pin else ''} {person.user.get_session_auth_hash()}"
    return salted_hmac("coupons.seats", known).hexdigest()


def _stood_still(kept: dict[str, Any], *, at: datetime) -> bool:
    idle = int(settings.HEXIAO_DESK_IDLE_MINUTES) * 60
    return bool(idle and kept["seen"] + idle <= at.timestamp())


def _touch(session: SessionBase, *, at: datetime) -> None:
    now = int(at.timestamp())
    if now >= session[KEY]["seen"] + EVERY:
        session[KEY] = {**session[KEY], "seen": now}
