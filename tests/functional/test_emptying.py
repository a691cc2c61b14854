"""A cell that is only - empties a value, where an empty one leaves it."""

from datetime import date
from typing import Any

import pytest
from django.core.files.base import ContentFile

from campaigns.models import Customer
from coupons import importing, jobs
from coupons.models import Category, Code, Coupon, CouponVersion, Product, SheetImport, StagedRow
from tests.shop import NOW, Shop
from tests.unchanged import nothing_changes

pytestmark = pytest.mark.django_db(transaction=True)

STAGED = ("coupons_sheetimport", "coupons_stagedrow", "coupons_job")


@pytest.fixture
def shop() -> Shop:
    return Shop.open()


def bring_in(shop: Shop, sheet: str, text: str, **more: Any) -> dict[str, int]:
    """Bring a file in; return how many rows had which outcome."""
    imported = importing.upload(
        merchant=shop.merchant,
        sheet=sheet,
        file=ContentFile(text.encode(), name=f"{sheet}.csv"),
        on_duplicate=more.get("on_duplicate", "update"),
        at_once=True,
        by="staff:alice",
        at=NOW,
    )
    while jobs.work_on(job_id=imported.job_id, at=NOW):
        pass
    imported.refresh_from_db()
    found = {name: getattr(imported, name) for name in StagedRow.Outcome.values}
    return {name: number for name, number in found.items() if number}


def problems(shop: Shop) -> list[str]:
    rows = StagedRow.objects.of(shop.merchant).filter(outcome="bad")
    return list(rows.order_by("imported_id", "number").values_list("problem", flat=True))


def test_a_products_values_are_emptied(shop: Shop) -> None:
    shop.api.put(
        "products/S1",
        {"name": "Hat", "category": "hats", "price": "5.00", "cost": "1.00", "on_sale": True},
    )
    Product.objects.update(stock=3)
    head = "sku,name,category,price,cost,on_sale,stock\n"
    row = f"{head}S1,-,-,-,－, - ,-\n"
    with nothing_changes(but=STAGED):
        assert bring_in(shop, "products", row, on_duplicate="skip") == {"kept": 1}
        assert bring_in(shop, "products", f"{head}S1,,,,,,\n") == {"same": 1}
    assert bring_in(shop, "products", row) == {"changed": 1}
    found = Product.objects.get()
    assert (found.name, found.category) == ("", None)
    assert (found.price_minor, found.cost_minor) == (None, None)
    assert (found.on_sale, found.stock, found.currency) == (False, None, "USD")
    with nothing_changes(but=STAGED):
        assert bring_in(shop, "products", row) == {"same": 1}
    # A new one gets what is usual, and a key cannot be emptied.
    assert bring_in(shop, "products", f"{row}S2,-,-,-,-,-,-\n-,x,,,,,\n") == {
        "same": 1, "new": 1, "bad": 1,
    }  # fmt: skip
    assert problems(shop) == ["sku|This is required."]
    assert list(Category.objects.values_list("path", flat=True)) == ["hats"]


def test_a_text_that_is_a_hyphen_is_written_with_an_apostrophe(shop: Shop) -> None:
    assert bring_in(shop, "products", "sku,name\nS1,'-\n") == {"new": 1}
    assert Product.objects.get().name == "-"


def test_an_emptied_currency_is_the_shops(shop: Shop) -> None:
    shop.api.put("products/S1", {"currency": "EUR"})
    assert bring_in(shop, "products", "sku,currency\nS1,-\n") == {"changed": 1}
    assert Product.objects.get().currency == "USD"


def test_a_codes_end_and_uses_are_emptied(shop: Shop) -> None:
    shop.coupon("ten", code=None, limits={"uses_per_code": 3})
    shop.codes("ten", "A1", "B1")
    Code.objects.update(max_uses=9, expires_at=NOW)
    Code.objects.filter(text="B1").update(uses=5)
    file = "code,coupon,expires_at,max_uses,state,shared\nA1,ten,-,-,-,-\nB1,ten,-,-,,\n"
    assert bring_in(shop, "codes", file) == {"changed": 1, "bad": 1}
    assert problems(shop) == ["max_uses|The code has been used more often than that."]
    found = list(Code.objects.order_by("text").values_list("text", "expires_at", "max_uses"))
    assert found == [("A1", None, 3), ("B1", NOW, 9)]
    assert bring_in(shop, "codes", file) == {"same": 1, "bad": 1}
    assert bring_in(shop, "codes", "code,coupon,max_uses\nC1,ten,-\nD1,-,\n") == {
        "new": 1, "bad": 1,
    }  # fmt: skip
    assert Code.objects.get(text="C1").max_uses == 3
    assert "coupon|This is required." in problems(shop)


def test_a_customers_values_are_emptied(shop: Shop) -> None:
    Customer.objects.create(
        merchant=shop.merchant, ref="C1", created_at=NOW, email="a@example.com", phone="+49",
        country="DE", language="en", time_zone="Europe/Berlin", tags=["vip"], tier="gold",
        birthday=date(1990, 5, 17), source="web", registered_at=NOW, is_test=True,
        consents={"marketing": {"email": True}},
    )  # fmt: skip
    head = "id,email,phone,country,language,timezone,tags,tier,birthday,source,registered_at"
    file = f"{head},is_test,consents\nC1{',-' * 12}\n"
    assert bring_in(shop, "customers", file) == {"changed": 1}
    found = Customer.objects.get()
    texts = {found.email, found.phone, found.country, found.language, found.time_zone}
    assert texts | {found.tier, found.source} == {""}
    assert (found.tags, found.birthday, found.registered_at) == ([], None, None)
    assert (found.is_test, found.consents) == (False, {})
    assert bring_in(shop, "customers", file) == {"same": 1}


def test_a_coupons_values_are_emptied(shop: Shop) -> None:
    Category.objects.create(merchant=shop.merchant, path="hats")
    shop.coupon(
        "ten", publish=False, kind="percent_off", percent="10", cap={"USD": "5.00"},
        names={"zh-hans": "十"}, scope={"categories": ["hats"]}, ends_at="2027-01-01T00:00:00Z",
        limits={"uses": 5, "budget": {"USD": "100.00"}}, stacking_group="order",
    )  # fmt: skip
    shop.coupon("bare", publish=False, kind="percent_off", percent="10", code="ten2")
    head = "slug,cap,name_zh,categories,ends_at,most_uses,budget,stacking_group"
    file = f"{head}\nten{',-' * 7}\n"
    assert bring_in(shop, "coupons", file) == {"changed": 1}, problems(shop)
    now = CouponVersion.objects.get(
        coupon__slug="ten", version=Coupon.objects.get(slug="ten").version
    )
    bare = CouponVersion.objects.get(coupon__slug="bare").definition
    told = {**now.definition, "slug": "bare", "name": "Bare", "code": bare["code"]}
    assert told == bare
    assert bring_in(shop, "coupons", file) == {"same": 1}
    with nothing_changes(but=STAGED):
        assert bring_in(shop, "coupons", "slug,rules,name\nten,-,\nbare,,-\n") == {"bad": 2}
    assert problems(shop)[0].startswith("rules|The further rules are not emptied as a whole")
    assert problems(shop)[1].startswith("name|")


def test_the_bad_rows_come_back_with_their_marks(shop: Shop) -> None:
    bring_in(shop, "products", "sku,name,price,stock\nS1,-,-,many\n")
    found = SheetImport.objects.select_related("job").get()
    with found.job.result.open("rb") as file:
        line = file.read().decode("utf-8-sig").splitlines()[1]
    assert line.startswith("S1,-,-,many,2,")
