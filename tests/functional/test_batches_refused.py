"""What a batch refuses is kept and counted like any refusal."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from coupons import jobs
from coupons.caller import Caller
from coupons.models import Code, Role
from coupons.pricing.trace import trace
from redemption import batches, evidence, guessing, refusing
from redemption.batching import redeeming
from redemption.batching.results import result
from redemption.errors import TakeLost
from redemption.models import BatchRow, Redemption, RedemptionBatch, RefusedAttempt
from tests.people import person
from tests.shop import Answer, Shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(guessing, "_refused", {})
    monkeypatch.setattr(redeeming, "CHUNK", 4)
    shop = Shop.open()
    shop.coupon("ten", code=None)
    shop.codes("ten", *(f"A{i}" for i in range(1, 13)))
    shop.coupon("large-only", min_spend={"USD": "500.00"})
    shop.coupon("one", limits={"uses": 1, "uses_per_customer": None})
    return shop


def upload(shop: Shop, *codes: str, **form: str) -> Answer:
    rows = [f"{code},O-{place},100.00,," for place, code in enumerate(codes)]
    text = "\n".join(["code,order,amount,redeemed_at,note", *rows])
    file = SimpleUploadedFile("codes.csv", text.encode())
    headers = {"Authorization": f"Api-Key {shop.api.key}"}
    sent = shop.api.client.post("/api/v1/batches", {"file": file, **form}, headers=headers)
    return Answer(sent.status_code, sent.json(), sent.headers)


def worked() -> RedemptionBatch:
    batch = RedemptionBatch.objects.select_related("job").latest("created_at")
    while jobs.work_on(job_id=batch.job_id, at=datetime.now(UTC)):
        pass
    return RedemptionBatch.objects.select_related("job", "merchant").get(pk=batch.pk)


def done(shop: Shop, *codes: str, **form: str) -> RedemptionBatch:
    answer = upload(shop, *codes, **form)
    assert answer.status == 202, answer
    return worked()


def kept() -> list[tuple[str, str, list[str]]]:
    rows = RefusedAttempt.objects.order_by("order_ref")
    return [(row.order_ref, row.reason, row.codes) for row in rows]


def lost(**_: Any) -> None:
    raise TakeLost


MIXED = ("A1", "NOPE", "large-only", "A2", "one", "one", "A3", "large-only")
ATTEMPTS = [
    ("O-1", "code_not_found", ["NOP…"]),
    ("O-2", "min_spend_not_met", ["LARGEONLY"]),
    ("O-5", "usage_limit_reached", ["ONE"]),
    ("O-7", "min_spend_not_met", ["LARGEONLY"]),
]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_each_refused_row_is_kept_once_with_what_it_was_judged_on(
    shop: Shop, one_by_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if one_by_one:
        monkeypatch.setattr(redeeming, "take", lost)
    batch = done(shop, *MIXED)
    assert (batch.redeemed, batch.failed) == (4, 4)
    assert kept() == ATTEMPTS
    for row in RefusedAttempt.objects.all():
        assert (row.merchant, row.method, row.actor) == (shop.merchant, "batch", batch.created_by)
        found = trace(case=evidence.case_of(kept=evidence.evidence(stored=row.evidence)))
        assert refusing.told_of(quote=found.quote) == row.told


def test_all_or_nothing_keeps_what_it_refused_once(shop: Shop) -> None:
    assert done(shop, "A1", "large-only", all_or_nothing="true").redeemed == 0
    assert kept() == [("O-1", "min_spend_not_met", ["LARGEONLY"])]


def test_a_dry_run_keeps_nothing(shop: Shop) -> None:
    assert done(shop, *MIXED, dry_run="true").failed == 3
    assert kept() == []


def test_what_a_person_looks_at_first_is_kept_once(shop: Shop) -> None:
    batch = batches.start(
        caller=Caller(merchant=shop.merchant, actor="staff:bob"),
        file=io.BytesIO(b"code,order,amount\nA1,O-0,100.00\nlarge-only,O-1,100.00"),
        name="codes.csv",
        at=datetime.now(UTC),
    )
    worked()
    batch.refresh_from_db()
    batches.run(batch=batch, all_or_nothing=False, by="staff:bob", at=datetime.now(UTC))
    assert worked().redeemed == 1
    assert kept() == [("O-1", "min_spend_not_met", ["LARGEONLY"])]


def test_a_piece_that_died_and_is_done_again_keeps_its_rows_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(shop, *MIXED)
    count, died = batches.redeeming.outcomes.count, []

    def dying(**values: Any) -> None:
        if RefusedAttempt.objects.exists() and not died:
            died.append(RefusedAttempt.objects.count())
            raise RuntimeError
        count(**values)

    monkeypatch.setattr(batches.redeeming.outcomes, "count", dying)
    with pytest.raises(RuntimeError):
        worked()
    assert (died, kept()) == ([2], [])
    assert worked().failed == 4
    assert kept() == ATTEMPTS


def test_a_row_of_long_ago_is_kept_from_now_on(shop: Shop) -> None:
    at = datetime.now(UTC)
    batches.start(
        caller=Caller(merchant=shop.merchant, actor="system"),
        file=io.BytesIO(b"code,order,amount,redeemed_at\nA1,O-1,100.00,2020-01-01 12:00"),
        name="codes.csv",
        at_once=True,
        at=at,
    )
    assert worked().failed == 1
    row = RefusedAttempt.objects.get()
    assert at - timedelta(minutes=1) < row.at < at + timedelta(minutes=1)
    assert row.evidence["at"].startswith("2020-01-01")


# --- guessing ---


def unknown(most: int, letter: str = "X") -> list[str]:
    return [f"{letter}GUESS{n}" for n in range(most)]


def assert_told_nothing(batch: RedemptionBatch) -> None:
    assert (batch.job.status, batch.stage) == ("failed", "reading")
    assert batch.job.problem.startswith("Too many codes are unknown, so no row was looked at.")
    rows = BatchRow.objects.filter(batch=batch)
    assert set(rows.values_list("outcome", "reason", "message")) == {("waiting", "", "")}
    assert b"code_not_found" not in b"".join(result(batch=batch))
    assert not Redemption.objects.exists()
    assert not RefusedAttempt.objects.exists()


@pytest.mark.parametrize("form", [{}, {"dry_run": "true"}, {"all_or_nothing": "true"}])
def test_a_file_of_unknown_codes_is_told_nothing_of_not_even_the_right_one(
    shop: Shop, settings: Any, form: dict[str, str]
) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    assert_told_nothing(done(shop, *unknown(6), "A1", **form))
    refused = upload(shop, "A1", **form)
    assert (refused.status, refused.code) == (429, "too_many_attempts")
    assert 1 <= int(refused.headers["Retry-After"]) <= 600
    assert RedemptionBatch.objects.count() == 1
    assert Code.objects.filter(uses__gt=0).count() == 0


def test_a_wrong_file_closes_no_till_and_nobody_elses_files(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    assert_told_nothing(done(shop, *unknown(6)))
    body = {"currency": "USD", "codes": ["A1"], "lines": []}
    assert shop.api.post("validations", body).status == 200
    other = Shop(shop.merchant, shop.with_scopes("redeem"))
    assert upload(other, "A1").status == 202


def test_a_file_that_is_wrong_by_half_is_redeemed(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    garbage = unknown(12)
    batch = done(shop, *garbage, *(f"A{i}" for i in range(1, 13)))
    assert (batch.redeemed, batch.failed, batch.job.status) == (12, 12, "done")
    assert Redemption.objects.count() == 12
    again = done(shop, *garbage, *(f"A{i}" for i in range(1, 13)))
    assert (again.already, again.failed) == (12, 12)


def test_small_files_add_up(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    assert done(shop, *unknown(3), dry_run="true").failed == 3
    assert done(shop, *unknown(3), dry_run="true").failed == 3
    assert_told_nothing(done(shop, *unknown(2, "Y"), "A1", "A1", dry_run="true"))


def test_known_codes_brought_again_hide_no_new_guesses(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    known = [f"A{i}" for i in range(1, 7)]
    assert done(shop, *known, *unknown(6), dry_run="true").failed == 6
    assert_told_nothing(done(shop, *known, *unknown(6, "Y"), dry_run="true"))


def test_files_that_were_on_their_way_already_are_told_nothing_of(
    shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    assert upload(shop, "A1").status == 202
    right = RedemptionBatch.objects.get()
    assert_told_nothing(done(shop, *unknown(6)))
    monkeypatch.setattr(guessing, "_refused", {})  # another process does not know it
    while jobs.work_on(job_id=right.job_id, at=datetime.now(UTC)):
        pass
    assert_told_nothing(RedemptionBatch.objects.select_related("job", "merchant").get(pk=right.pk))


def test_a_revoked_code_and_another_shops_are_unknown(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 1
    Code.objects.filter(text="A1").update(state="revoked")
    Shop.open("other").coupon("theirs")
    assert_told_nothing(done(shop, "A1", "theirs"))


def test_one_large_file_is_refused_without_valkey(
    shop: Shop, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    monkeypatch.setattr(guessing.valkey, "asked", lambda _: None)
    assert_told_nothing(done(shop, *unknown(6)))


def test_without_a_limit_nothing_is_refused(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 0
    assert done(shop, *unknown(6)).failed == 6


def test_a_person_is_told_why_and_waits(shop: Shop, settings: Any) -> None:
    settings.HEXIAO_GUESSES_PER_KEY = 4
    gwen = person("gwen-who-guesses", shop.merchant, Role.OPERATOR)
    here = "/redemption/redemptionbatch/"

    def send(*codes: str) -> Any:
        text = "\n".join(["code,order", *(f"{code},O-{code}" for code in codes)])
        file = SimpleUploadedFile("codes.csv", text.encode())
        return gwen.client.post(f"{here}upload/", {"file": file})

    sent = send(*unknown(6))
    assert sent.status_code == 302
    assert_told_nothing(worked())
    shown = gwen.client.get(sent["Location"]).content.decode()
    assert "Too many codes are unknown, so no row was looked at." in shown
    again = send("A1")
    assert again.status_code == 200
    assert "Too many wrong codes" in again.content.decode()
    assert RedemptionBatch.objects.count() == 1
