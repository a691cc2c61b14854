"""The settings of a test run: servers of its own in a folder of its own.

`HEXIAO_TEST_DATA=/some/folder` keeps that folder, and with `--reuse-db` the database
in it, from one run to the next. `DATABASE_URL` and `REDIS_URL` name other servers.
"""

import os
import tempfile
from pathlib import Path

os.environ["HEXIAO_DATA"] = os.environ.get("HEXIAO_TEST_DATA") or tempfile.mkdtemp(
    prefix="hexiao-test-", dir="/tmp"
)
os.environ.setdefault("HEXIAO_LOG_LEVEL", "WARNING")
# A developer's production or clock setting must not leak into the tests.
for name in ("HEXIAO_PRODUCTION", "HEXIAO_TEST_CLOCK", "HEXIAO_PART"):
    os.environ.pop(name, None)

from config.settings import *  # noqa: E402, F403
from config.settings import DATA_DIR, STORAGES  # noqa: E402

# Pages find their files without a collectstatic.
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
STATIC_ROOT = Path(DATA_DIR) / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
