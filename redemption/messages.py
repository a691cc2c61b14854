"""Messages to customers: the ways there are to reach one, the first that fits is taken.

A way is an object with `address`, which may be empty, and `send`. By SMS would be another.
"""

import smtplib
from typing import Protocol

from django.core.mail import send_mail

from campaigns.models import Customer
from redemption.errors import NotSent


class Way(Protocol):
    """One way to reach a customer."""

    def address(self, *, customer: Customer) -> str:
        """Return where the customer is reached; empty where they are not."""
        ...

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send, or raise `NotSent`."""
        ...


class ByMail:
    """E-mail, as the installation sends it."""

    def address(self, *, customer: Customer) -> str:
        """Return the e-mail address on file."""
        return str(customer.email)

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send, or raise `NotSent`."""
        try:
            send_mail(subject, text, None, [to])
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent from error


WAYS: tuple[Way, ...] = (ByMail(),)


def way_to(*, customer: Customer | None) -> tuple[Way, str] | None:
    """Return the first way that reaches a customer, and the address; None without any."""
    if customer is None:
        return None
    ways = ((way, way.address(customer=customer)) for way in WAYS)
    return next(((way, to) for way, to in ways if to), None)


def masked(*, address: str) -> str:
    """Return an address as a clerk may see it: `c***@example.com`."""
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if at else f"***{address[-3:]}"
