"""The fixed people: Alice owns, Bob is on the team, Charlie works for somebody else."""

from dataclasses import dataclass
from typing import Any

from django.test import Client

from coupons import staff_groups
from coupons.models import Membership, Merchant, Role, User

PASSWORD = "correct-horse-battery"


@dataclass
class Person:
    """Somebody who is logged in."""

    user: User
    client: Client

    def get(self, path: str, **query: Any) -> Any:
        """Open a page."""
        return self.client.get(path, query)

    def post(self, path: str, **form: Any) -> Any:
        """Send a form."""
        return self.client.post(path, form)

    def publish(self, coupon: int) -> Any:
        """Publish a coupon by its key, ticking every warning that the page shows."""
        path = f"/coupons/coupon/{coupon}/publish/confirm/"
        return self.client.post(path, {"accepted": self.ticks(coupon)})

    def ticks(self, coupon: int) -> list[str]:
        """Return what accepts every warning that the page before a publication shows."""
        shown = self.client.get(f"/coupons/coupon/{coupon}/publish/confirm/").context["checks"]
        return [row["tick"] for row in (shown or {}).get("warnings", ())]


def person(name: str, merchant: Merchant | None, role: Role | None, **user: Any) -> Person:
    """Let somebody log in, with a role at a merchant if one is given."""
    row = User.objects.create_user(name, password=PASSWORD, is_staff=True, **user)
    if merchant is not None and role is not None:
        membership = Membership.objects.create(merchant=merchant, user=row, role=role)
        staff_groups.follow(membership=membership)
    client = Client()
    client.force_login(row)
    return Person(row, client)


@dataclass
class People:
    """The three, and their merchants."""

    acme: Merchant
    other: Merchant
    alice: Person
    bob: Person
    charlie: Person

    @classmethod
    def meet(cls) -> "People":
        """Open both shops and let everybody log in."""
        acme = Merchant.objects.create(slug="acme", name="Acme", currency="USD")
        other = Merchant.objects.create(slug="harbour", name="Harbour", currency="GBP")
        return cls(
            acme=acme,
            other=other,
            alice=person("alice", acme, Role.OWNER),
            bob=person("bob", acme, Role.OPERATOR),
            charlie=person("charlie", other, Role.OWNER),
        )
