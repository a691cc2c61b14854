"""What the desk's tests share: who may redeem, and the button on the page that is shown."""

from typing import Any

from coupons import redeemers
from coupons.models import Coupon, Membership, User
from coupons.redeemers import Redeemers
from tests.people import Person
from tests.shop import NOW


def allow(user: User) -> None:
    """Let somebody redeem every coupon that their merchant has now."""
    _right(redeemers.allow, user)


def disallow(user: User) -> None:
    """Take that right away."""
    _right(redeemers.disallow, user)


def form_of(shown: Any, **given: Any) -> dict[str, Any]:
    """Return what the button of a page that shows a coupon sends."""
    form: dict[str, Any] = {"press": str(shown.context["press"]), **given}
    for name, value in shown.context["purchase_fields"]:
        form.setdefault(name, []).append(value)
    return form


def press(who: Person, shown: Any, headers: dict[str, str] | None = None, **given: Any) -> Any:
    """Press that button."""
    return who.client.post("/desk/redeem/", form_of(shown, **given), headers=headers or {})


def _right(verb: Any, user: User) -> None:
    merchant = Membership.objects.get(user=user).merchant
    rows = Coupon.objects.of(merchant)
    verb(merchant=merchant, coupons=rows, who=Redeemers(people=[user]), by="system", at=NOW)
