"""System checks: mistakes of a deployment that must not reach a customer."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def no_test_clock_in_production(**_: Any) -> list[CheckMessage]:
    """hexiao.E001: callers could otherwise choose the time of their request."""
    if settings.PRODUCTION and settings.HEXIAO_TEST_CLOCK:
        return [
            Error(
                "HEXIAO_TEST_CLOCK is set in production.",
                hint="Unset HEXIAO_TEST_CLOCK; it lets any caller set the time.",
                id="hexiao.E001",
            )
        ]
    return []
