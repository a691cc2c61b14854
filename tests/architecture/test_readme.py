"""The README's first redemption, done as it says."""

import re
import shlex
from io import StringIO

import pytest
from django.core.management import call_command

from coupons.models import Merchant
from redemption.models import Redemption
from tests.architecture.source import ROOT
from tests.shop import Api

pytestmark = pytest.mark.django_db(transaction=True)

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """Return the indented commands, each as its words."""
    blocks = re.findall(r"(?:^    .*\n)+", README, re.MULTILINE)
    return [shlex.split(block.replace("\\\n", " ")) for block in blocks]


def test_the_two_commands_are_there() -> None:
    assert ["make", "demo"] in commands()
    assert ["make", "test"] in commands()


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_first_redemption_works_as_written() -> None:
    Merchant.objects.create(slug="journey", name="Journey", currency="USD")
    (make_key,) = [words for words in commands() if words[0].startswith("KEY=")]
    _, manage, *arguments = [word.strip("$()") for word in make_key]
    assert manage == "manage.py"
    said = StringIO()
    call_command(*arguments, stdout=said)
    api = Api(said.getvalue().strip())
    statuses = []
    for words in commands():
        if words[0] != "curl":
            continue
        address = next(word for word in words if word.startswith("http://127.0.0.1:8000/api/v1/"))
        headers = dict(words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H")
        assert headers.pop("Authorization") == "Api-Key $KEY"
        headers.pop("Content-Type", None)
        body = words[words.index("-d") + 1] if "-d" in words else "{}"
        answer = api.call("POST", address.partition("/api/v1/")[2], body, **headers)
        statuses.append(answer.status)
    assert statuses == [201, 200, 200, 201]
    assert Redemption.objects.get().discount_minor == 800
