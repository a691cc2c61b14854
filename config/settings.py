"""The one settings file. Everything a host decides comes from the environment.

docs/running.md lists every variable; a variable with the prefix HEXIAO_ that is not
known here stops the start, so a typing mistake cannot pass silently.
"""

import logging
import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from config import storages
from config.logs import logging_config
from config.secret_key import local_secret_key
from config.services.addresses import (
    DATABASE,
    ROLE,
    Addresses,
    addresses,
    cache_url,
    celery_url,
    data_folder,
)

# --- The environment ---------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

KNOWN = {
    "HEXIAO_ALLOW_PRIVATE_WEBHOOKS",
    "HEXIAO_DATA",
    "HEXIAO_DESK_IDLE_MINUTES",
    "HEXIAO_FILES_S3_BUCKET",
    "HEXIAO_FILES_S3_ENDPOINT",
    "HEXIAO_FILES_S3_PREFIX",
    "HEXIAO_FILES_S3_REGION",
    "HEXIAO_FILE_DAYS",
    "HEXIAO_KEEP_REFUSALS_DAYS",
    "HEXIAO_GUESSES_PER_CUSTOMER",
    "HEXIAO_GUESSES_PER_DEVICE",
    "HEXIAO_GUESSES_PER_IP",
    "HEXIAO_GUESSES_PER_KEY",
    "HEXIAO_GUESS_MINUTES",
    "HEXIAO_LOG_LEVEL",
    "HEXIAO_PART",
    "HEXIAO_PRODUCTION",
    "HEXIAO_RATE_PER_MINUTE",
    "HEXIAO_TEST_CLOCK",
    "HEXIAO_TEST_DATA",
    "HEXIAO_TRUSTED_PROXIES",
    "HEXIAO_UNDO_MINUTES",
    "HEXIAO_URL",
}
if unknown := sorted(
    name for name in os.environ if name.startswith("HEXIAO_") if name not in KNOWN
):
    raise ImproperlyConfigured(f"Unknown settings: {', '.join(unknown)}. See docs/running.md.")

PRODUCTION = env.bool("HEXIAO_PRODUCTION", default=False)
HEXIAO_TEST_CLOCK = env.bool("HEXIAO_TEST_CLOCK", default=False)
HEXIAO_ALLOW_PRIVATE_WEBHOOKS = env.bool("HEXIAO_ALLOW_PRIVATE_WEBHOOKS", default=False)
#: How long a refused attempt can be explained.
HEXIAO_KEEP_REFUSALS_DAYS = env.int("HEXIAO_KEEP_REFUSALS_DAYS", default=30)
#: How long files of long work are kept once it is over, and the rows behind them.
HEXIAO_FILE_DAYS = env.int("HEXIAO_FILE_DAYS", default=30)
#: How many proxies in front append to X-Forwarded-For; 0 believes none of it.
HEXIAO_TRUSTED_PROXIES = env.int("HEXIAO_TRUSTED_PROXIES", default=0)
#: How many calls a minute a key may make that has no rate of its own.
HEXIAO_RATE_PER_MINUTE = env.int("HEXIAO_RATE_PER_MINUTE", default=600_000)
#: How many different wrong codes are answered in how many minutes; 0 is no limit.
HEXIAO_GUESS_MINUTES = env.int("HEXIAO_GUESS_MINUTES", default=10)
HEXIAO_GUESSES_PER_CUSTOMER = env.int("HEXIAO_GUESSES_PER_CUSTOMER", default=10)
HEXIAO_GUESSES_PER_DEVICE = env.int("HEXIAO_GUESSES_PER_DEVICE", default=20)
HEXIAO_GUESSES_PER_IP = env.int("HEXIAO_GUESSES_PER_IP", default=50)
#: Of carts that name no customer, device or IP address.
HEXIAO_GUESSES_PER_KEY = env.int("HEXIAO_GUESSES_PER_KEY", default=1_000)
#: After how long a desk that stands still asks for the PIN again; 0 is never.
HEXIAO_DESK_IDLE_MINUTES = env.int("HEXIAO_DESK_IDLE_MINUTES", default=5)
#: How long a clerk may undo at the desk what they redeemed there; 0 leaves it to supervisors.
HEXIAO_UNDO_MINUTES = env.int("HEXIAO_UNDO_MINUTES", default=10)
#: Where files are kept.
_FILES = storages.files(env=env)
_LEAST_1 = (HEXIAO_RATE_PER_MINUTE, HEXIAO_GUESS_MINUTES, HEXIAO_FILE_DAYS)
if min(_LEAST_1) < 1 or HEXIAO_TRUSTED_PROXIES < 0:
    raise ImproperlyConfigured("A rate, a time or a number of proxies is too small.")
PORT = env.int("PORT", default=8000)
#: Where people reach this installation; for links in messages.
HEXIAO_URL = env.str("HEXIAO_URL", default=f"http://127.0.0.1:{PORT}").rstrip("/")

DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
if bool(DATABASE_URL) != bool(REDIS_URL):
    raise ImproperlyConfigured("Set both DATABASE_URL and REDIS_URL, or neither.")

DEBUG = False
DATA_DIR = data_folder(environ=os.environ)

# --- Secrets and hosts -------------------------------------------------------------

if PRODUCTION:
    SECRET_KEY = env.str("SECRET_KEY")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
else:
    SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret_key(folder=DATA_DIR)
    ALLOWED_HOSTS = env.list(
        "ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"]
    )
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[HEXIAO_URL] if PRODUCTION else [])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_NAME = "hexiao_session"
CSRF_COOKIE_NAME = "hexiao_csrf"
CSRF_FAILURE_VIEW = "config.problems.stale_page"
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("SECURE_SSL_REDIRECT", default=True)
# Behind a proxy that speaks TLS, only where one is declared.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HEXIAO_TRUSTED_PROXIES else None
# Load balancers ask for health over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Unfold's pages run Alpine, which evaluates its attributes, and set inline styles;
# no script of theirs or ours stands in a page itself.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Servers: the project's own ones, or those of the environment ------------------

#: The embedded servers, or None where the environment names others.
EMBEDDED: Addresses | None = None if DATABASE_URL else addresses(data=DATA_DIR)

if EMBEDDED is None:
    DATABASES = {"default": env.db_url("DATABASE_URL", engine="django.db.backends.postgresql")}
    # A socket's folder stands in the host's place, percent-encoded, as libpq has it.
    DATABASES["default"]["HOST"] = unquote(DATABASES["default"]["HOST"])
else:
    REDIS_URL = EMBEDDED.redis_url
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": str(EMBEDDED.sockets),
            "NAME": DATABASE,
            "USER": ROLE,
        }
    }
# Persistent connections, one a thread; checked before a request uses one.
DATABASES["default"]["CONN_MAX_AGE"] = None
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "server_side_binding": True,
        "application_name": "hexiao",
        "connect_timeout": 5,
        # Contention is told as `try_again`, not by a page that hangs.
        "options": "-c lock_timeout=3s -c idle_in_transaction_session_timeout=60s",
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache_url(url=REDIS_URL),
        "KEY_PREFIX": "hexiao",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

# --- Celery (config/celery.py reads everything that begins with CELERY_) -----------

CELERY_BROKER_URL = env.str("BROKER_URL", default="") or celery_url(url=REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
if not CELERY_BROKER_URL.startswith("amqp"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "global_keyprefix": "hexiao:",
        # A task that a killed worker held comes back after this; tasks work in
        # chunks far shorter than it, and running twice does no harm.
        "visibility_timeout": 15 * 60,
        "socket_timeout": 10,
        "socket_connect_timeout": 2,
        "socket_keepalive": not CELERY_BROKER_URL.startswith("redis+socket"),
        "health_check_interval": 30,
    }
# A request must not hang because the broker is away: about a second, then the error.
# What a task stands for is in the database; sweeps find it.
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0.1,
    "interval_step": 0.3,
    "interval_max": 0.5,
}
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True
# Beat writes these into its table, where they can be changed. A run that waited past
# its `expires` (seconds) is dropped: the next one does the same work.
CELERY_BEAT_SCHEDULE = {
    "fold the journal into figures": {
        "task": "reports.tasks.fold_journal",
        "schedule": timedelta(seconds=10),
        "options": {"expires": 10},
    },
    "send webhooks": {
        "task": "redemption.tasks.send_webhooks",
        "schedule": timedelta(seconds=5),
        "options": {"expires": 5},
    },
    "remove old webhook deliveries": {
        "task": "redemption.tasks.remove_old_deliveries",
        "schedule": timedelta(days=1),
        "options": {"expires": 3600},
    },
    "resume unfinished jobs": {
        "task": "coupons.tasks.resume_jobs",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "remove old files": {
        "task": "coupons.tasks.remove_old_files",
        "schedule": timedelta(days=1),
        "options": {"expires": 3600},
    },
    "forget old refused attempts": {
        "task": "redemption.tasks.forget_refused_attempts",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "forget unused proofs": {
        "task": "redemption.tasks.forget_proofs",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "forget old idempotent answers": {
        "task": "coupons.tasks.forget_idempotent_answers",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "tidy up holds past their time": {
        "task": "redemption.tasks.release_lapsed_holds",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "write down when keys were used": {
        "task": "redemption.tasks.flush_key_uses",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
    "load the reference exchange rates": {
        "task": "coupons.tasks.load_reference_rates",
        "schedule": timedelta(days=1),
        "options": {"expires": 3600},
    },
}

# --- Django ------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "config.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "csp",
    "rest_framework",
    # Only for its abstract model; its own table stays empty.
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_celery_beat",
    "django_structlog",
    # Which person may redeem which coupon; its generic tables stay empty.
    "guardian",
    "coupons",
    "risk",
    "campaigns",
    "redemption",
    "reports",
]

MIDDLEWARE = [
    "config.request_id.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "coupons.tenancy.CurrentMerchant",
    "config.language.LanguageOfAccount",
    "config.request_id.RequestLog",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# Paths are exactly as documented; nothing redirects to a sibling with a slash.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

AUTH_USER_MODEL = "coupons.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
# Nobody redeems who has not logged in, and guardian adds no methods to the accounts.
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_MONKEY_PATCH_GROUP = False
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": _FILES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Uploads and result files, where they are in a folder; never served from an address of their own.
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
# Spreadsheets that are brought in: bytes at most.
SHEET_MAX_BYTES = env.int("SHEET_MAX_BYTES", default=512 * 1024 * 1024)

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
#: A clerk waits for the answer; seconds.
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="hexiao@localhost")

# --- Logs --------------------------------------------------------------------------

LOGGING_CONFIG = "config.logs.configure"
LOGGING = logging_config(level=env.str("HEXIAO_LOG_LEVEL", default="INFO").upper())
DJANGO_STRUCTLOG_CELERY_ENABLED = True
# One line a request and one a task: its end.
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
# config.request_id has made it sane, or made one.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
# An address belongs to a person; risk keeps the ones it needs, hashed or short-lived.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

# --- The API -----------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["redemption.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_THROTTLE_CLASSES": ["redemption.api.throttling.KeyRate"],
    "DEFAULT_SCHEMA_CLASS": "coupons.api.documentation.Schema",
    "EXCEPTION_HANDLER": "config.problems.handle",
    "UNAUTHENTICATED_USER": None,
    # The endpoints read and write JSON themselves, through msgspec.
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

SPECTACULAR_SETTINGS = {
    "TITLE": "Hexiao",
    "DESCRIPTION": "Coupons for shops that sell across borders: price, redeem, reverse.",
    "VERSION": "1",
    # The shapes are JSON Schema as msgspec writes it, which 3.0 only resembles.
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": ["coupons.api.documentation.add_shapes"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- The console -------------------------------------------------------------------

UNFOLD = {
    "SITE_TITLE": _("Hexiao"),
    "SITE_HEADER": _("Hexiao"),
    "SITE_SYMBOL": "confirmation_number",
    "SITE_URL": None,
    "DASHBOARD_CALLBACK": "reports.dashboard.first_page",
    "SHOW_LANGUAGES": True,
    "LANGUAGES": {"action": "/language/"},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("console/favicon.svg"),
        }
    ],
    "STYLES": [lambda _request: static("console/console.css")],
    "SCRIPTS": [
        lambda _request: static("console/console.js"),
        lambda _request: static("console/picker.js"),
        lambda _request: static("console/keep.js"),
    ],
    "ACCOUNT": {"navigation": [{"title": _("PIN for the desk"), "link": reverse_lazy("desk:pin")}]},
    "SIDEBAR": {"show_search": False, "navigation": "config.navigation.navigation"},
    # A calm blue-green instead of Unfold's purple; 600 on white is 5.3 : 1.
    "COLORS": {
        "primary": {
            "50": "oklch(97.8% .013 210)",
            "100": "oklch(94.8% .03 210)",
            "200": "oklch(89.5% .06 210)",
            "300": "oklch(82% .09 211)",
            "400": "oklch(73% .11 213)",
            "500": "oklch(62% .11 216)",
            "600": "oklch(51% .1 220)",
            "700": "oklch(44.5% .087 223)",
            "800": "oklch(39% .072 225)",
            "900": "oklch(34.5% .06 226)",
            "950": "oklch(26% .048 228)",
        },
    },
}
