"""Logs: lines for a person on a terminal, JSON elsewhere; never a code or a secret."""

import logging.config
import os
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from celery import current_task

Event = MutableMapping[str, Any]


def add_part(_logger: Any, _name: str, event: Event) -> Event:
    """Say which of the processes of `run` speaks, and which task it is at."""
    if part := os.environ.get("HEXIAO_PART"):
        event["part"] = part
    if current_task:
        event.setdefault("task", current_task.name)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    add_part,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


class NoRoutine(logging.Filter):
    """Leaves out that beat's own tasks went well, which would be every line of a quiet night."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass everything but the success of a task that no request has started."""
        event = record.msg if isinstance(record.msg, dict) else {}
        return event.get("event") != "task_succeeded" or "request_id" in event


def logging_config(*, level: str) -> dict[str, Any]:
    """Return Django's LOGGING for this process."""
    # Never the local variables: codes, keys and customers are among them.
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        final: list[Any] = [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    else:
        final = [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(default=str),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
            }
        },
        "filters": {"no_routine": {"()": "config.logs.NoRoutine"}},
        "handlers": {
            "stderr": {"()": logging.StreamHandler, "formatter": "lines", "filters": ["no_routine"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These repeat, with whole paths in them, what `request_finished` and
            # `request_failed` say with the route alone. A path can carry a token.
            "django.request": {"level": "CRITICAL"},
            "django.server": {"level": "CRITICAL"},
            # Says where a webhook goes, and a path can carry a token.
            "httpx": {"level": "WARNING"},
            # Says each task again, with its answer.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Set up the standard library's logging and structlog together."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
