"""Guessing codes: whoever tries too many wrong ones is not answered for a while.

Counted are the different wrong codes of one customer, one device and one IP address, each
with one key; a cart that names none of them counts for the key. The files that somebody
hands in count for themselves (`redemption.batching.guesses`). A cart priced again and
again with the same mistyped code is one attempt. The counts lie in Valkey, names and codes
as keyed hashes; without Valkey nothing is counted and nobody refused.

A call with right codes costs no round trip: a process remembers whom it has seen reach a
limit, and learns of the others at their next miss. So the limit of misses told holds for
all processes together, and every other process may take one right code more.
"""

import json
from collections.abc import Collection, Sequence
from ipaddress import IPv6Address, IPv6Network

from django.conf import settings
from django.utils.crypto import salted_hmac
from redis.client import Pipeline

from coupons import valkey
from coupons.caller import Caller
from coupons.pricing.quote import Reason
from redemption.errors import TooManyAttempts
from redemption.shapes import CartBody, RejectedAnswer

#: What tells a guesser nothing but that the guess was wrong.
MISSES = {Reason.CODE_NOT_FOUND, Reason.CODE_REVOKED}
#: Guessers that one process remembers.
KEPT = 10_000
#: Of an IPv6 address: what one subscriber has.
SUBSCRIBER = 64

Guesser = tuple[str, str, str]
#: Guesser → when the refusal ends, in seconds since 1970.
_refused: dict[Guesser, float] = {}


def refuse(*, caller: Caller, body: CartBody, now: float) -> None:
    """Raise `TooManyAttempts` for a cart with codes of somebody who has reached a limit.

    Asks nobody. `now` is seconds since 1970, of the real clock.
    """
    if _refused and body.codes:
        _refuse(_guessers(caller, body), now)


def refuse_visitor(*, ip: str | None, now: float) -> None:
    """Raise `TooManyAttempts` for a visitor of the page of codes who has reached the limit."""
    if _refused:
        _refuse(_visitor(ip), now)


def count(
    *, caller: Caller, body: CartBody, rejected: Sequence[RejectedAnswer], now: float
) -> None:
    """Count the wrong codes of a cart's answer.

    Raises `TooManyAttempts` where they are more than the limit; the answer must not be told.
    """
    missed = {each.code for each in rejected if each.reason in MISSES}
    if missed:
        _count(_guessers(caller, body), missed, now)


def count_visitor(*, ip: str | None, missed: str, now: float) -> None:
    """Count a wrong code of a visitor of the page of codes.

    Raises `TooManyAttempts` where they are more than the limit; the answer must not be told.
    """
    _count(_visitor(ip), {missed}, now)


def refuse_file(*, actor: str, now: float) -> None:
    """Raise `TooManyAttempts` for a file of a key or a person whose files have reached the limit.

    Files are few and each holds many codes, so this asks for what other processes counted.
    """
    guessers = _files(actor)
    _refuse(guessers, now)

    def fill(pipeline: Pipeline) -> None:
        for guesser in guessers:
            pipeline.scard(_name(guesser))
            pipeline.ttl(_name(guesser))

    answers = valkey.asked(fill) if guessers else None
    if answers and answers[0] >= settings.HEXIAO_GUESSES_PER_KEY:
        raise TooManyAttempts(retry_after=max(answers[1], 1))


def count_file(*, actor: str, missed: Collection[str], now: float) -> None:
    """Count the wrong codes of a file, as far as they outnumber its right ones.

    Raises `TooManyAttempts` where they are more than the limit, for one file without Valkey
    too; nothing of the file must be told. They count for files alone: one that is wrong by
    mistake closes no till that has the same key.
    """
    most = settings.HEXIAO_GUESSES_PER_KEY
    if missed:
        _count(_files(actor), set(missed), now)
    if len(missed) > most > 0:
        raise TooManyAttempts(retry_after=settings.HEXIAO_GUESS_MINUTES * 60)


def _refuse(guessers: dict[Guesser, int], now: float) -> None:
    left = [_refused[one] - now for one in guessers if one in _refused]
    if left and max(left) > 0:
        raise TooManyAttempts(retry_after=int(max(left)) + 1)


def _count(guessers: dict[Guesser, int], missed: set[str], now: float) -> None:
    if not guessers:
        return
    seconds = settings.HEXIAO_GUESS_MINUTES * 60
    hashes = [_hash(code) for code in sorted(missed)]

    def fill(pipeline: Pipeline) -> None:
        for guesser in guessers:
            name = _name(guesser)
            pipeline.sadd(name, *hashes)
            pipeline.expire(name, seconds, nx=True)
            pipeline.scard(name)
            pipeline.ttl(name)

    answers = valkey.asked(fill)
    if answers is None:
        return
    wait = 0
    for place, (guesser, most) in enumerate(guessers.items()):
        _, _, attempts, left = answers[4 * place : 4 * place + 4]
        if attempts >= most:
            _remember(guesser, until=now + left, now=now)
        if attempts > most:
            wait = max(wait, left, 1)
    if wait:
        raise TooManyAttempts(retry_after=wait)


def _guessers(caller: Caller, body: CartBody) -> dict[Guesser, int]:
    """Return whom a cart's wrong codes count for, each with the limit; 0 is none."""
    named = [
        ("customer", body.customer, settings.HEXIAO_GUESSES_PER_CUSTOMER),
        ("device", body.device, settings.HEXIAO_GUESSES_PER_DEVICE),
        ("ip", _subscriber(body.ip), settings.HEXIAO_GUESSES_PER_IP),
    ]
    if not any(value for _, value, _ in named):
        named = [("key", "-", settings.HEXIAO_GUESSES_PER_KEY)]
    return {(caller.actor, kind, value): most for kind, value, most in named if value and most}


def _visitor(ip: str | None) -> dict[Guesser, int]:
    """Return whom a visitor's wrong codes count for: the address, whichever shop is asked."""
    most = settings.HEXIAO_GUESSES_PER_IP if ip else settings.HEXIAO_GUESSES_PER_KEY
    return {("visitor", "ip", _subscriber(ip) or "-"): most} if most else {}


def _files(actor: str) -> dict[Guesser, int]:
    """Return whom the wrong codes of a file count for."""
    most = settings.HEXIAO_GUESSES_PER_KEY
    return {(actor, "file", "-"): most} if most else {}


def _subscriber(ip: str | None) -> str | None:
    """Return the network of an IPv6 address, of which a shopper has very many."""
    try:
        address = IPv6Address((ip or "").strip())
    except ValueError:
        return ip
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), SUBSCRIBER), strict=False))


def _remember(guesser: Guesser, *, until: float, now: float) -> None:
    if len(_refused) >= KEPT:
        for one in [one for one, end in list(_refused.items()) if end <= now]:
            _refused.pop(one, None)
    while len(_refused) >= KEPT:
        _refused.pop(next(iter(_refused)), None)
    _refused[guesser] = until


def _name(guesser: Guesser) -> str:
    return f"{valkey.PREFIX}missed:{_hash(json.dumps(guesser))}"


def _hash(text: str) -> str:
    return salted_hmac("redemption.guessing", text, algorithm="sha256").hexdigest()[:32]
