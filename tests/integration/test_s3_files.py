"""Files in an S3-compatible store: what goes in comes out, and past its time it is gone."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from environ import Env

from config import storages
from coupons import exporting, importing, jobs, retention
from coupons.models import Product, Role, SheetImport
from tests.people import person
from tests.ports import free_port, wait_for_port
from tests.running import PROJECT
from tests.shop import NOW, Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

BUCKET = "hexiao-files"


class Described(Env):
    """An environment of a test's own."""

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.ENVIRON = values


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """Have a store running in a process of its own; its address."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def environ(store: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> dict[str, str]:
    """Keep files there; the environment that says so."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    told = {
        "HEXIAO_FILES_S3_BUCKET": BUCKET,
        "HEXIAO_FILES_S3_ENDPOINT": store,
        "HEXIAO_FILES_S3_REGION": "eu-central-1",
        "HEXIAO_FILES_S3_PREFIX": "shop",
    }
    s3 = client(store)
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    settings.STORAGES = settings.STORAGES | {"default": storages.files(env=Described(**told))}
    return keys | told


def client(store: str) -> Any:
    return boto3.client("s3", endpoint_url=store, region_name="eu-central-1")


def names(store: str) -> list[str]:
    listed = client(store).list_objects_v2(Bucket=BUCKET)
    return sorted(each["Key"] for each in listed.get("Contents", ()))


def test_what_comes_in_goes_out_and_is_removed_there(
    environ: dict[str, str],
    process_environ: dict[str, str],
    store: str,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = Shop.open()
    lines = "".join(f"S{number},Hat {number}\n" for number in range(300))
    file = tmp_path / "products.csv"
    file.write_text(f"sku,name\n{lines}")
    words = ("sheet", "import", "products")
    # A process that has its settings from the environment, as a worker has.
    done = subprocess.run(
        [sys.executable, "manage.py", *words, str(file), "--merchant", shop.merchant.slug],
        cwd=PROJECT,
        env=process_environ | environ | {"HEXIAO_DATA": str(settings.DATA_DIR)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert Product.objects.count() == 300
    (kept,) = names(store)
    found = SheetImport.objects.get()
    assert kept == f"shop/{found.file.name}"
    with found.file.open("rb") as stored:
        assert stored.read() == file.read_bytes()

    monkeypatch.setattr(exporting, "PIECE", 100)
    alice = person("alice", shop.merchant, Role.OWNER)
    for format in ("csv", "xlsx"):
        job = exporting.start(
            merchant=shop.merchant, sheet="products", format=format, filters={}, language="en",
            by="staff:alice", at=NOW,
        )  # fmt: skip
        # The parts are gone; what is left is the file.
        assert names(store) == sorted([kept, f"shop/{job.result.name}"])
        answer = alice.get(f"/coupons/job/{job.pk}/result/")
        content = b"".join(answer.streaming_content)
        again = importing.upload(
            merchant=shop.merchant,
            sheet="products",
            file=ContentFile(content, name=f"again.{format}"),
            by="staff:alice",
            at=NOW,
        )
        while jobs.work_on(job_id=again.job_id, at=NOW):
            pass
        again.refresh_from_db()
        assert (again.stage, again.rows, again.same) == ("checked", 300, 300)
        days = timedelta(days=settings.HEXIAO_FILE_DAYS + 1)
        retention.remove_old(at=NOW + days, chunks=100)
        assert names(store) == [kept]
    retention.remove_old(at=datetime.now(UTC) + days, chunks=100)
    assert names(store) == []


def test_without_a_bucket_files_are_in_a_folder() -> None:
    assert storages.files(env=Described()) == storages.FOLDER


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storages, "find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match="needs the extra `s3`"):
        storages.files(env=Described(HEXIAO_FILES_S3_BUCKET=BUCKET))
