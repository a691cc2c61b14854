"""What a load balancer asks: does this process live, can it serve."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import RedisError


@require_safe
@never_cache
def live(_request: HttpRequest) -> JsonResponse:
    """Answer at all; a process that cannot is restarted."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(_request: HttpRequest) -> JsonResponse:
    """Answer 200 where the database and Valkey answer too, else 503 naming which does not."""
    parts = {"database": _database_answers(), "valkey": _valkey_answers()}
    return JsonResponse(
        {
            "status": "ok" if all(parts.values()) else "unavailable",
            "parts": {name: "ok" if well else "unavailable" for name, well in parts.items()},
        },
        status=200 if all(parts.values()) else 503,
    )


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False


def _valkey_answers() -> bool:
    try:
        cache.get("hexiao:ready")
    except (RedisError, OSError):
        return False
    return True
