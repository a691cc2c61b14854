"""Webhooks go to the open internet and nowhere else, whatever a name says later."""

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from coupons.errors import Invalid
from redemption.webhooks import addresses, posting
from redemption.webhooks.addresses import AddressRefused
from tests.receiver import listening

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"]
LOCAL = [
    "127.0.0.1", "127.1.2.3", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255", "::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:c0a8:101::1",
    "2001:0:4136:e378:8000:63bf:3f57:fefe",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_pass(text: str) -> None:
    assert addresses.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", LOCAL)
def test_every_other_address_does_not_however_it_is_written(text: str) -> None:
    assert not addresses.is_public(ipaddress.ip_address(text))


def post(**call: Any) -> posting.Outcome:
    """Call as the sender does: in a thread, since a browser test leaves its loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(posting.post, **call).result()


def to(*found: str) -> addresses.Resolver:
    """Resolve every name to these."""

    def resolve(_host: str, _port: int) -> Sequence[str]:
        return found

    return resolve


@pytest.mark.parametrize(
    "found", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]]
)
def test_a_name_with_one_private_address_is_refused(found: list[str]) -> None:
    with pytest.raises(AddressRefused):
        addresses.target(url="https://hooks.example/", private=False, resolve=to(*found))
    looked = addresses.looked_at(url="https://hooks.example/", private=False, resolve=to(*found))
    assert looked.problem is not None
    assert [each.field for each in looked.problem.errors] == ["url"]
    done = post(
        url="https://hooks.example/", headers={}, body="{}", private=False, resolve=to(*found)
    )
    assert (done.status, done.answer) == (None, posting.REFUSED)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/",
        "https://0177.0.0.1/", "https://[::1]/", "https://[::ffff:7f00:1]/", "https://localhost/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)  # fmt: skip
def test_a_literal_of_this_machine_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises((AddressRefused, Invalid, OSError)):
        addresses.target(url=url, private=False)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://hooks.example/", "Webhooks go over HTTPS only."),
        ("https://user:pass@hooks.example/", "The URL must not have a user name or password."),
        ("https://user@hooks.example/", "The URL must not have a user name or password."),
        ("https://hooks.example/#part", "The URL must not have a fragment."),
        ("ftp://hooks.example/", "The URL begins with https:// and names a host."),
        ("file:///etc/passwd", "The URL begins with https:// and names a host."),
        ("hooks.example/path", "The URL begins with https:// and names a host."),
        ("https:///path", "The URL begins with https:// and names a host."),
        ("", "The URL begins with https:// and names a host."),
        ("https://hooks.example:22/", "The port is 80, 443 or one above 1023."),
        ("https://hooks.example:0/", "The port is 80, 443 or one above 1023."),
        ("https://hooks.example:99999/", "The port is 80, 443 or one above 1023."),
        ("https://hooks.example:no/", "This is not a URL."),
        ("https://hooks.example/a b", "This is not a URL."),
        ("https://hooks.example/\n", "This is not a URL."),
        ("https://[::1", "This is not a URL."),
        ("https://hooks.example/" + "x" * 2_000, "This is not a URL."),
    ],
)
def test_a_url_that_makes_no_sense_says_why(url: str, message: str) -> None:
    looked = addresses.looked_at(url=url, private=False, resolve=to("8.8.8.8"))
    assert looked.problem is not None
    assert [(each.field, each.message) for each in looked.problem.errors] == [("url", message)]


def test_a_good_url_passes_and_a_name_that_is_not_there_yet_too() -> None:
    def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror

    for resolve in (to("8.8.8.8"), nowhere):
        looked = addresses.looked_at(
            url="https://hooks.example:8443/x?y=1", private=False, resolve=resolve
        )
        assert looked.problem is None
    done = post(url="https://hooks.example/", headers={}, body="{}", private=False, resolve=nowhere)
    assert (done.status, done.answer) == (None, posting.NO_HOST)


def test_the_call_goes_to_the_checked_address_under_the_urls_name() -> None:
    asked: list[str] = []

    def once_public_then_elsewhere(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with listening() as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        done = post(
            url=url, headers={}, body="{}", private=True, resolve=once_public_then_elsewhere
        )
        assert (done.status, asked) == (200, ["hooks.example"])
        assert receiver.received[0].headers["Host"] == httpx.URL(url).netloc.decode()


def test_a_second_address_is_tried_when_the_first_takes_no_connection() -> None:
    with listening() as receiver:
        url = receiver.url.replace("127.0.0.1", "hooks.example")
        resolve = to("127.0.0.2", "127.0.0.1")
        assert post(url=url, headers={}, body="{}", private=True, resolve=resolve).delivered
    done = post(url=url, headers={}, body="{}", private=True, resolve=resolve)
    assert (done.status, done.answer) == (None, posting.NO_CONNECTION)


@contextmanager
def dripping(at_once: bytes, *drops: bytes) -> Iterator[str]:
    """Have a server that says something at once and then a little at a time."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        caller, _ = server.accept()
        with caller, suppress(OSError):
            caller.recv(65_536)
            caller.sendall(at_once)
            for drop in drops:
                over.wait(0.2)
                caller.sendall(drop)
            over.wait(20)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    finally:
        over.set()
        thread.join(10)
        server.close()


def test_an_answer_that_comes_drop_by_drop_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 1)
    with dripping(b"HTTP/1.1 200 OK\r\n", *[b"X"] * 100) as url:
        done = post(url=url, headers={}, body="{}", private=True)
    assert (done.status, done.answer) == (None, posting.TIMED_OUT)
    assert 900 <= done.ms < 4_000


def test_an_answer_whose_text_never_ends_counts_by_its_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(posting, "TEXT_SECONDS", 1)
    with dripping(b"HTTP/1.1 202 OK\r\nContent-Length: 99\r\n\r\ntaken") as url:
        done = post(url=url, headers={}, body="{}", private=True)
    assert (done.status, done.answer, done.delivered) == (202, "taken", True)


@pytest.mark.needs("openssl")
def test_the_certificate_is_asked_for_and_checked_under_the_urls_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=hooks.example", "-addext", "subjectAltName=DNS:hooks.example"),
            *("-out", certificate, "-keyout", key),
        ],
        check=True,
        capture_output=True,
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(posting, "_tls", lambda: trusting)
    with listening(tls=server) as receiver:
        port = httpx.URL(receiver.url).port
        answers = [
            post(
                url=f"https://{name}:{port}/", headers={}, body="{}", private=True,
                resolve=to("127.0.0.1"),
            )
            for name in ("hooks.example", "other.example")
        ]  # fmt: skip
    assert [answer.status for answer in answers] == [200, None]
    assert names == ["hooks.example", "other.example"]
    assert answers[1].answer == posting.NO_CONNECTION
