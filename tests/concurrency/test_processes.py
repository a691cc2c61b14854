"""Limits with processes: a web server has several, which share nothing but the database."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from coupons.models import Code, CouponCounter
from redemption.models import Use
from redemption.reconciling import differences
from tests.shop import Shop

pytestmark = pytest.mark.django_db(transaction=True)

PROJECT = Path(__file__).resolve().parents[2]
PROCESSES = 4
#: What each process tries, and how often each is there in all.
ATTEMPTS = {"limited": 100, "budget": 10, "only1": 5}
THERE_ARE = {"limited": 100, "budget": 25, "only1": 1}

# Redeems whatever there is when told to, and says what was answered.
SHOPPER = """
import json, sys
import django
django.setup()
from tests.shop import Api, order
key, name, attempts = sys.argv[1:]
api = Api(key)
print("ready", flush=True)
sys.stdin.readline()
for code, times in json.loads(attempts).items():
    for i in range(times):
        answer = api.post("redemptions", order(code, ref=f"{name}-{code}-{i}"))
        print(json.dumps([code, answer.status, answer.body.get("id"), answer.body.get("rejected")]))
"""


def test_processes_redeem_exactly_what_there_is(process_environ: dict[str, str]) -> None:
    shop = Shop.open()
    shop.coupon("limited", limits={"uses": THERE_ARE["limited"]})
    shop.coupon("budget", limits={"budget": {"USD": "255.00"}})  # 10.00 each
    shop.coupon("unique", code=None)
    shop.codes("unique", "ONLY1")
    shoppers = [
        subprocess.Popen(
            [sys.executable, "-c", SHOPPER, shop.api.key, f"P-{number}", json.dumps(ATTEMPTS)],
            cwd=PROJECT,
            env=process_environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for shopper in shoppers:
        assert shopper.stdout is not None
        assert shopper.stdout.readline() == "ready\n"
    for shopper in shoppers:
        assert shopper.stdin is not None
        shopper.stdin.write("go\n")
        shopper.stdin.flush()
    lines = [
        line for shopper in shoppers for line in shopper.communicate(timeout=90)[0].splitlines()
    ]
    answers = [json.loads(line) for line in lines]

    assert len(answers) == PROCESSES * sum(ATTEMPTS.values())
    redeemed = {id for _, status, id, _ in answers if status == 201}
    assert Counter(code for code, status, *_ in answers if status == 201) == THERE_ARE
    assert {str(id) for id in Use.objects.values_list("redemption", flat=True)} == redeemed
    assert Use.objects.count() == sum(THERE_ARE.values())
    counted = CouponCounter.objects.values_list("coupon__slug", "uses", "budget_used_minor")
    assert set(counted) == {("limited", 100, 0), ("budget", 25, 25_000), ("unique", 1, 0)}
    assert Code.objects.get(text="ONLY1").uses == 1
    assert differences() == []
    # Everybody else was told why, or to try again.
    why = {rejected[0]["reason"] for _, status, _, rejected in answers if status == 422}
    assert why == {"usage_limit_reached", "budget_exhausted", "already_redeemed"}
    assert {status for _, status, *_ in answers} <= {201, 409, 422}
