"""The console's first page: what each person sees there, and what it costs."""

import html
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from coupons import journal
from coupons.models import (
    CodeBatch,
    Coupon,
    CouponCounter,
    Job,
    JournalCursor,
    Kind,
    Membership,
    Merchant,
    Role,
    State,
    User,
)
from reports import rollups
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock_is_a_header(settings: Any) -> None:
    settings.HEXIAO_TEST_CLOCK = True


@pytest.fixture
def acme() -> Merchant:
    return Merchant.objects.create(slug="acme", name="Acme", currency="USD")


def a_person(name: str, role: Role | None, merchant: Merchant) -> User:
    user = User.objects.create_user(name, password="x", is_staff=True)
    if role is not None:
        Membership.objects.create(user=user, merchant=merchant, role=role)
    return user


def a_coupon(merchant: Merchant, slug: str, **changes: Any) -> Coupon:
    values = {
        "name": slug.title(),
        "kind": Kind.AMOUNT_OFF,
        "state": State.LIVE,
        "starts_at": NOW - timedelta(days=300),
        "published_at": NOW - timedelta(days=300),
        "created_at": NOW - timedelta(days=300),
        "updated_at": NOW - timedelta(days=300),
        **changes,
    }
    coupon = Coupon.objects.create(merchant=merchant, slug=slug, **values)
    CouponCounter.objects.create(merchant=merchant, coupon=coupon)
    return coupon


def redeemed(
    coupon: Coupon,
    *,
    days_ago: int = 1,
    discount: int = 1_000,
    subtotal: int = 8_000,
    currency: str = "USD",
) -> None:
    """Write what the journal says of a redemption."""
    use = {"coupon": coupon.pk, "discount_minor": discount, "shipping_discount_minor": 0}
    data = {
        "order": "O-1",
        "currency": currency,
        "subtotal_minor": subtotal,
        "discount_minor": discount,
        "shipping_discount_minor": 0,
        "method": "api",
        "is_test": False,
        "uses": [use],
    }
    with transaction.atomic():
        journal.record(
            merchant=coupon.merchant,
            type="redemption.created",
            actor="system",
            at=NOW - timedelta(days=days_ago),
            redemption=uuid.uuid4(),
            data=data,
        )


def issued(coupon: Coupon, count: int, *, days_ago: int = 1) -> None:
    with transaction.atomic():
        journal.record(
            merchant=coupon.merchant,
            type="codes.issued",
            actor="system",
            at=NOW - timedelta(days=days_ago),
            coupon=coupon,
            data={"count": count},
        )


def fold() -> None:
    rollups.catch_up()
    JournalCursor.objects.update(caught_up_at=NOW)


@pytest.fixture
def page() -> Callable[..., str]:
    """Return a function that loads the first page as somebody."""

    def load(user: User, *, language: str = "en", **query: str) -> str:
        client = Client()
        client.force_login(user)
        response = client.get(
            reverse("admin:index"),
            query,
            headers={"X-Test-Clock": NOW.isoformat(), "Accept-Language": language},
        )
        assert response.status_code == 200
        return response.content.decode()

    return load


def text(page: str) -> str:
    """Return the words of the page's own part, single-spaced."""
    body = page[page.index('<div class="rp">') :]
    body = re.sub(r"<script.*?</script>|<canvas.*?</canvas>", " ", body, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def tiles(page: str) -> dict[str, list[str]]:
    """Return label → the lines under it."""
    found = {}
    for tile in re.findall(r'<div class="rp-tile">(.*?)</div>', page, flags=re.S):
        label, *rest = re.findall(r"<d[td][^>]*>(.*?)</d[td]>", tile, flags=re.S)
        found[label] = [" ".join(re.sub(r"<[^>]+>", "", each).split()) for each in rest]
    return found


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table that stands after a heading."""
    table = page[page.index(heading) :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    return [
        [
            " ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, flags=re.S)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, flags=re.S)
    ]


def test_the_owner_sees_how_it_is_going(acme: Merchant, page: Callable[..., str]) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    ten, ship = a_coupon(acme, "ten"), a_coupon(acme, "ship")
    issued(ten, 1_500)
    redeemed(ten, discount=1_000, subtotal=8_000)
    redeemed(ten, discount=500, subtotal=4_001, days_ago=10)
    redeemed(ship, discount=250, subtotal=2_000, days_ago=10)
    redeemed(ten, days_ago=91)  # a day too early for the 90 days
    fold()

    shown = page(alice)

    assert {label: lines[0] for label, lines in tiles(shown).items()} == {
        "Codes issued": "1,500",
        "Codes redeemed": "3",
        "Discount given": "17.50 USD",
        "Order value": "140.01 USD",
        "Average order value": "46.67 USD",
    }
    assert rows(shown, "Coupons most redeemed (USD)") == [
        ["Ten Live", "2", "2", "15.00 USD", "120.01 USD"],
        ["Ship Live", "1", "1", "2.50 USD", "20.00 USD"],
    ]
    assert reverse("admin:coupons_coupon_change", args=[ten.pk]) in shown
    assert "Apr 2 – Jun 30, 2026" in text(shown).replace("\u2009", " ")


def test_the_chart_and_its_table_have_the_same_numbers(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    ten = a_coupon(acme, "ten")
    redeemed(ten, days_ago=0, discount=125)
    redeemed(ten, days_ago=1, discount=125)
    redeemed(ten, days_ago=8, discount=400)
    fold()

    shown = page(alice, first="2026-06-15", last="2026-06-30")

    charts = [
        json.loads(html.unescape(data)) for data in re.findall(r'data-value="([^"]*)"', shown)
    ]
    assert [chart["labels"] for chart in charts] == [["Jun 15", "Jun 22", "Jun 29"]] * 2
    assert [chart["datasets"][0]["data"] for chart in charts] == [
        ["0", "1", "2"],
        ["0.00", "4.00", "2.50"],
    ]
    weeks = rows(shown, "The weeks as a table (USD)")
    assert [(row[2], row[4]) for row in weeks] == [
        ("0", "0.00 USD"),
        ("1", "4.00 USD"),
        ("2", "2.50 USD"),
    ]


def test_it_compares_with_the_period_before_where_there_is_a_whole_one(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    ten = a_coupon(acme, "ten")
    redeemed(ten, days_ago=70)
    for discount in (400, 600):
        redeemed(ten, days_ago=40, discount=discount)
    for discount in (500, 600, 300):
        redeemed(ten, days_ago=5, discount=discount)
    fold()

    month = tiles(page(alice, period="30d"))
    quarter = tiles(page(alice, period="90d"))

    assert month["Codes redeemed"][-1] == "↑ 50% more"
    assert month["Discount given"][-1] == "↑ 40% more"
    assert month["Average order value"][-1] == "→ about the same"
    assert month["Codes issued"] == ["0"]  # nothing before: nothing to compare with
    assert quarter["Codes redeemed"] == ["6", "on 6 orders"]


def test_each_currency_stands_on_its_own_the_merchants_first(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    ten = a_coupon(acme, "ten")
    redeemed(ten)
    for _ in range(2):
        redeemed(ten, currency="JPY", discount=150, subtotal=1_501)
    fold()

    dollars, yen = page(alice), page(alice, currency="JPY")

    assert rows(dollars, "By currency") == [
        ["USD", "1", "1", "10.00 USD", "80.00 USD", "80.00 USD"],
        ["JPY", "2", "2", "300 JPY", "3,002 JPY", "1,501 JPY"],
    ]
    assert tiles(dollars)["Discount given"][0] == "10.00 USD"
    assert tiles(yen)["Discount given"][0] == "300 JPY"
    assert tiles(yen)["Codes redeemed"] == ["3", "on 3 orders"]  # codes have no currency
    assert rows(yen, "Coupons most redeemed (JPY)") == [
        ["Ten Live", "2", "2", "300 JPY", "3,002 JPY"]
    ]


def test_without_recent_figures_it_shows_the_newest_and_says_so(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "ten"), days_ago=500)
    fold()

    shown = page(alice)

    assert tiles(shown)["Codes redeemed"][0] == "1"
    assert "There are no figures in the last 90 days. These are the newest ones:" in text(shown)
    assert "Nothing was issued or redeemed on these days." in text(
        page(alice, first="2026-06-01", last="2026-06-30")
    )


def test_in_chinese_too_the_days_are_kept_in_the_browsers_calendar(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "ten"))
    fold()

    shown = page(alice, language="zh-hans", period="30d")

    assert "2026年6月1日至30日" in text(shown)
    assert re.findall(r'type="date" name="(\w+)" value="([^"]*)"', shown) == [
        ("first", "2026-06-01"),
        ("last", "2026-06-30"),
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"first": "2026-06-30", "last": "2026-06-01"}, "The last day lies before the first."),
        ({"first": "2026-06-30"}, "Type both days."),
        ({"first": "yesterday", "last": "2026-06-30"}, "Type both days."),
        ({"first": "0001-01-01", "last": "9999-12-31"}, "That is longer than ten years."),
    ],
)
def test_days_that_make_no_sense_are_told_and_the_default_shown(
    acme: Merchant, page: Callable[..., str], query: dict[str, str], words: str
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "ten"))
    fold()

    shown = page(alice, **query)

    assert f"{words} Shown instead: 90 days." in text(shown)
    assert tiles(shown)["Codes redeemed"][0] == "1"


def test_nonsense_in_the_address_is_the_default(acme: Merchant, page: Callable[..., str]) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "ten"))
    fold()

    shown = page(alice, period="'; DROP", currency="<b>")

    assert tiles(shown)["Discount given"][0] == "10.00 USD"
    assert "<b>" not in shown[shown.index('<div class="rp">') :]


def test_it_names_what_needs_somebody(acme: Merchant, page: Callable[..., str]) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    ten = a_coupon(acme, "ten", ends_at=NOW + timedelta(days=6))
    a_coupon(acme, "later", ends_at=NOW + timedelta(days=8))
    a_coupon(acme, "over", ends_at=NOW - timedelta(hours=1))
    draft = a_coupon(acme, "draft", state=State.DRAFT, published_at=None)
    job = Job.objects.create(
        merchant=acme,
        status=Job.Status.FAILED,
        total=9,
        problem="The pattern has no unused codes left.",
        created_by="staff:alice",
        created_at=NOW - timedelta(days=1),
    )
    CodeBatch.objects.create(merchant=acme, coupon=ten, job=job, total=9, created_at=NOW)
    redeemed(ten)
    fold()

    whole = page(alice)
    needs = whole[whole.index("<aside") : whole.index("</aside>")]

    assert re.findall(r"<h3>(.*?)</h3>", needs) == [
        "Codes that could not be made",
        "Not published yet",
        "Ends within seven days",
    ]
    pages = [reverse("admin:coupons_coupon_change", args=[c.pk]) for c in (ten, draft, ten)]
    assert re.findall(r'<a href="([^"]+)"', needs) == pages
    assert "The pattern has no unused codes left." in needs
    analyst = a_person("anna", Role.ANALYST, acme)
    assert "Not published yet" not in page(analyst)
    assert "Ends within seven days" in page(analyst)


def test_figures_that_stand_still_are_told(acme: Merchant, page: Callable[..., str]) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "ten"))
    fold()
    assert "do not move on" not in text(page(alice))

    JournalCursor.objects.update(caught_up_at=NOW - timedelta(minutes=6))

    assert "as of 2026-06-30 11:54 and do not move on" in text(page(alice))


def test_a_merchant_without_figures_is_told_what_to_do_first(
    page: Callable[..., str],
) -> None:
    shop = Shop.open("acme")
    alice = a_person("alice", Role.OWNER, shop.merchant)

    shown = page(alice)

    assert "No figures yet" in text(shown)
    assert reverse("admin:coupons_coupon_add") in shown
    assert reverse("api-docs") in shown
    # The call it shows is one that works.
    body = json.loads(re.search(r"-d '(.*?)'", text(shown))[1])
    shop.coupon("welcome")
    answer = shop.api.post("validations", body)
    assert (answer.status, answer.body["discount"]) == (200, "10.00")
    assert "Publish your coupon: Welcome" in text(page(alice))


def test_a_reader_is_not_offered_what_others_do(acme: Merchant, page: Callable[..., str]) -> None:
    shown = page(a_person("anna", Role.ANALYST, acme))

    assert "Somebody who may create coupons creates the first one." in text(shown)
    assert "Ask the owner for an API key" in text(shown)
    assert f'href="{reverse("admin:coupons_coupon_add")}"' not in shown


def test_a_clerk_is_led_to_the_desk_and_sees_no_figures(acme: Merchant) -> None:
    client = Client()
    client.force_login(a_person("clara", Role.CLERK, acme))
    redeemed(a_coupon(acme, "ten"), discount=1_234)
    fold()

    answer = client.get(reverse("admin:index"))

    assert (answer["Location"], answer.content) == ("/desk/", b"")


def test_another_merchants_figures_stay_theirs(acme: Merchant, page: Callable[..., str]) -> None:
    other = Merchant.objects.create(slug="other", name="Other", currency="USD")
    bob = a_person("bob", Role.OWNER, other)
    redeemed(a_coupon(acme, "secret"), discount=1_234)
    a_coupon(acme, "draft", state=State.DRAFT, published_at=None)
    redeemed(a_coupon(other, "own"), discount=500)
    fold()

    shown = page(bob)

    assert tiles(shown)["Discount given"][0] == "5.00 USD"
    assert "Secret" not in shown
    assert "Draft" not in text(shown)


def test_the_very_first_person_is_led_to_a_merchant(page: Callable[..., str]) -> None:
    shown = page(User.objects.create_superuser("root", password="x"))

    assert "There is no merchant yet" in text(shown)
    assert reverse("admin:coupons_merchant_add") in shown


def test_the_page_reads_roll_ups_and_small_tables_only(
    acme: Merchant, page: Callable[..., str]
) -> None:
    alice = a_person("alice", Role.OWNER, acme)
    redeemed(a_coupon(acme, "first"))
    fold()
    with CaptureQueriesContext(connection) as few:
        page(alice, period="all")
    for i in range(15):
        coupon = a_coupon(acme, f"c-{i}", ends_at=NOW + timedelta(days=2))
        a_coupon(acme, f"draft-{i}", state=State.DRAFT, published_at=None)
        issued(coupon, 3, days_ago=20 * i)
        for _ in range(2):
            redeemed(coupon, days_ago=20 * i)
        redeemed(coupon, currency="EUR")
    fold()
    with CaptureQueriesContext(connection) as many:
        shown = page(alice, period="all")

    assert len(rows(shown, "Coupons most redeemed")) == 10
    assert len(many) == len(few)
    tables = {
        table
        for query in many.captured_queries
        for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])
    }
    assert tables <= {
        "reports_dailyfigure",
        "coupons_coupon",
        "coupons_codebatch",
        "coupons_job",
        "coupons_journalcursor",
        "coupons_membership",
        "coupons_merchant",
        "coupons_user",
        "django_session",
    }
    about_figures = [q for q in many.captured_queries if "dailyfigure" in q["sql"]]
    assert len(about_figures) == 4


def test_one_merchants_sums_are_found_by_index(acme: Merchant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")  # the table is tiny here
        try:
            cursor.execute(
                "EXPLAIN SELECT sum(issued) FROM reports_dailyfigure WHERE merchant_id = 1 "
                "AND coupon_id IS NULL AND day BETWEEN '2026-01-01' AND '2026-03-01'"
            )
            plan = "\n".join(row[0] for row in cursor.fetchall())
        finally:
            cursor.execute("RESET enable_seqscan")
    assert "daily_figure_is_unique" in plan
