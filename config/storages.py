"""Where files are kept: a folder, or a bucket of an S3-compatible store."""

from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

FOLDER = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
#: Bytes of a file that is read which are held in memory; more of it goes to a temporary file.
IN_MEMORY = 8 << 20
#: Seconds.
CONNECTING, READING = 5, 60


def files(*, env: Env) -> dict[str, Any]:
    """Return Django's description of the store that the environment names, a folder by default.

    Raises `ImproperlyConfigured` where something of it is missing.
    """
    bucket, endpoint, region, prefix = (
        env.str(f"HEXIAO_FILES_S3_{name}", default="")
        for name in ("BUCKET", "ENDPOINT", "REGION", "PREFIX")
    )
    if not bucket:
        if endpoint or region or prefix:
            raise ImproperlyConfigured("Set HEXIAO_FILES_S3_BUCKET too, or none of its kind.")
        return FOLDER
    if find_spec("storages") is None or find_spec("boto3") is None:
        raise ImproperlyConfigured(
            "HEXIAO_FILES_S3_BUCKET needs the extra `s3`: pip install 'django-storages[s3]'."
        )
    options = {
        "bucket_name": bucket,
        "region_name": region or None,
        "endpoint_url": endpoint or None,
        "location": prefix,
        # Two files of one name are two files, as in a folder.
        "file_overwrite": False,
        "default_acl": None,
        "max_memory_size": IN_MEMORY,
        "client_config": _client(has_endpoint=bool(endpoint)),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _client(*, has_endpoint: bool) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECTING,
        read_timeout=READING,
        retries={"mode": "standard", "max_attempts": 3},
        # Stores other than Amazon's seldom have a host name for each bucket, or know the
        # checksums that only Amazon asks for.
        s3={"addressing_style": "path" if has_endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
