"""Every kind of coupon, made with the console's form and used over the API."""

from typing import Any

import pytest

from coupons import changing, lifecycle
from coupons.models import Category, Channel, Coupon, Product, Role
from tests.definitions import WHOLE
from tests.people import Person, person
from tests.shop import NOW, Shop, cart

pytestmark = pytest.mark.django_db

ADD = "/coupons/coupon/add/"

#: What is typed for each kind; the page's words for it; what a cart of 99.98 then loses, on
#: its goods and on 8.00 of shipping.
KINDS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "amount": (
        {"kind": "amount_off", "value_currency": ["USD"], "value_amount": ["7.50"]},
        "7.50 USD off",
        "7.50",
        "0.00",
    ),
    "percent": (
        {
            "kind": "percent_off",
            "percent": "20%",
            "cap_currency": ["USD"],
            "cap_amount": ["15"],
        },
        "20% off, at most 15.00 USD",
        "15.00",
        "0.00",
    ),
    "shipping": (
        {"kind": "free_shipping", "cap_currency": ["USD"], "cap_amount": ["5"]},
        "Free shipping, at most 5.00 USD",
        "0.00",
        "5.00",
    ),
    "gift": (
        {"kind": "gift", "gifts-0-sku": "MUG", "gifts-0-quantity": "2", "gifts-3-sku": ""},
        "2 × MUG",
        "0.00",
        "0.00",
    ),
    "tiers": (
        {
            "kind": "tiered",
            "tiering": "tiers",
            "tiers-0-min_spend_currency": ["USD"],
            "tiers-0-min_spend_amount": ["50"],
            "tiers-0-value_currency": ["USD"],
            "tiers-0-value_amount": ["5"],
            "tiers-7-min_spend_currency": ["USD"],
            "tiers-7-min_spend_amount": ["90"],
            "tiers-7-percent": "10",
        },
        "from 50.00 USD: 5.00 USD off; from 90.00 USD: 10% off",
        "10.00",
        "0.00",
    ),
    "every": (
        {
            "kind": "tiered",
            "tiering": "every",
            "every_step_currency": ["USD"],
            "every_step_amount": ["30"],
            "every_value_currency": ["USD"],
            "every_value_amount": ["4"],
            "every_max_times": "2",
        },
        "4.00 USD off for every 30.00 USD, at most 2 times",
        "8.00",
        "0.00",
    ),
    "group": (
        {
            "kind": "buy_x_get_y",
            "buy_quantity": "1",
            "get_quantity": "1",
            "get_percent": "50",
            "max_times": "1",
            "get_categories": ["shoes/running"],
        },
        "Buy 1, get 1 at 50% off, out of shoes/running, at most 1 times",
        "10.00",
        "0.00",
    ),
    "pass": ({"kind": "pass"}, "Pass", "0.00", "0.00"),
    "draw": (
        {
            "kind": "draw",
            "prizes-0-name": "Next time",
            "prizes-0-weight": "2",
            "prizes-0-names": "zh-hans：谢谢：参与\nde: Niete",
            "prizes-1-name": "Never mind",
            "prizes-1-weight": "1",
            "prizes-1-stock": "7",
        },
        "Next time (66.66%), Never mind (33.33%)",
        "0.00",
        "0.00",
    ),
}


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop.open()


@pytest.fixture
def bob(shop: Shop) -> Person:
    return person("bob", shop.merchant, Role.OPERATOR)


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    """Have the shop sell what the cart holds, and a mug to give away."""
    for sku, path in (("SHOE", "shoes/running"), ("HAT", "hats"), ("MUG", "mugs")):
        category = Category.objects.create(merchant=shop.merchant, path=path)
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD", category=category)


def made(bob: Person, **typed: Any) -> Coupon:
    """Send the form and return the coupon that it made."""
    sent = {"name": "Made", "slug": "made", "scope": "all", "codes": "shared", "code": "MADE"}
    answer = bob.post(ADD, **sent | typed)
    assert answer.status_code == 302, answer.context["form"].errors
    return Coupon.objects.get()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_by_form_and_works_at_checkout(
    shop: Shop, bob: Person, kind: str
) -> None:
    typed, words, discount, shipping = KINDS[kind]
    coupon = made(bob, **typed)
    page = f"/coupons/coupon/{coupon.pk}/change/"
    assert f"<dd>{words}</dd>" in bob.get(page).content.decode()
    bob.publish(coupon.pk)

    quote = shop.api.post("validations", cart("made", shipping="8.00")).body
    assert quote["valid"] is True, quote["rejected"]
    assert (quote["discount"], quote["shipping_discount"]) == (discount, shipping)
    gifts = [{"sku": "MUG", "quantity": 2}] if kind == "gift" else []
    assert quote["applied"][0]["gifts"] == gifts


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_is_sent_back_unchanged_changes_nothing(bob: Person, kind: str) -> None:
    coupon = made(bob, **KINDS[kind][0])
    answer = sent_back(bob, coupon)
    assert answer.status_code == 302, answer.context["form"].errors
    assert Coupon.objects.get().version == 1


def test_everything_that_a_definition_holds_comes_back_from_the_form(
    shop: Shop, bob: Person
) -> None:
    for path in ("shoes", "shoes/kids"):
        Category.objects.create(merchant=shop.merchant, path=path)
    for sku in ("A1", "A2"):
        Product.objects.create(merchant=shop.merchant, sku=sku, currency="USD")
    Channel.objects.create(merchant=shop.merchant, slug="web-us", name="Web")
    changing.create(merchant=shop.merchant, body=WHOLE, by="staff:bob", at=NOW)
    coupon = Coupon.objects.get()
    answer = sent_back(bob, coupon)
    assert answer.status_code == 302, answer.context["form"].errors
    assert lifecycle.current_definition(Coupon.objects.get()) == WHOLE
    assert Coupon.objects.get().version == 1


def sent_back(bob: Person, coupon: Coupon) -> Any:
    """Open the form for changes and send it as it stands, as a browser does."""
    edit = f"/coupons/coupon/{coupon.pk}/edit/"
    form = bob.get(edit).context["form"]
    return bob.client.post(edit, {"seen_version": "1"} | typed(form))


def typed(form: Any) -> dict[str, Any]:
    """Return what a browser would send of a form as it stands."""
    sent: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if hasattr(field.field.widget, "row"):
            for n, entry in enumerate(value or []):
                row = field.field.widget._row(
                    f"{field.name}-{n}", initial=field.field.widget.row.typed(entry)
                )
                for inner in row:
                    put(sent, inner.html_name, inner.value())
        else:
            put(sent, field.name, value)
    return sent


def put(sent: dict[str, Any], name: str, value: Any) -> None:
    """Put one field's value among what is sent."""
    if isinstance(value, dict):
        sent |= {f"{name}_currency": list(value), f"{name}_amount": list(value.values())}
    elif value not in (None, False, ""):
        sent[name] = "on" if value is True else value


@pytest.mark.parametrize(
    ("typed", "field", "message"),
    [
        ({"kind": "free_shipping", "cap_amount": ["-5"], "cap_currency": ["USD"]}, "cap", "digits"),
        ({"kind": "gift"}, "gifts", "Name what is given."),
        ({"kind": "gift", "gifts-0-sku": "CUP"}, "gifts", "Entry 1: There is no product CUP."),
        ({"kind": "draw", "prizes-0-name": "N"}, "prizes", "Entry 1: This is required."),
        (
            {"kind": "draw", "prizes-0-name": "N", "prizes-0-weight": "1", "prizes-0-coupon": "x"},
            "prizes",
            "Entry 1: There is no coupon x.",
        ),
        ({"kind": "tiered", "tiering": "tiers"}, "tiers", "Send"),
        ({"kind": "tiered", "tiers-0-percent": "10"}, "tiers", "Entry 1: "),
        ({"kind": "tiered", "tiering": "every"}, "every_step", "Send an amount"),
        ({"kind": "buy_x_get_y", "get_quantity": "1"}, "buy_quantity", "This is required."),
        ({"kind": "pass", "countries": "Germany"}, "countries", "Entry 1: Use two capital"),
        ({"kind": "pass", "weekly_windows-0-opens": "09:00"}, "weekly_windows", "Entry 1: "),
        ({"kind": "pass", "return_policy": "restore_and_extend"}, "extend_days", "by how many"),
        ({"kind": "pass", "names-0-language": "??", "names-0-name": "N"}, "names", "language tag"),
    ],
)
def test_a_refusal_of_the_verb_stands_at_its_field(
    bob: Person, typed: dict[str, Any], field: str, message: str
) -> None:
    sent = {"name": "Made", "scope": "all", "codes": "shared", "code": "MADE"}
    answer = bob.post(ADD, **sent | typed)
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    assert message in errors[field][0]
    assert Coupon.objects.count() == 0


def test_a_folded_group_stands_open_where_it_says_something(bob: Person) -> None:
    assert bob.get(ADD, template="empty").content.decode().count('hx-folded">') == 8
    coupon = made(bob, kind="pass", uses_per_day="3")
    shown = bob.get(f"/coupons/coupon/{coupon.pk}/edit/").content.decode()
    assert shown.count('hx-folded" open>') == 1
