"""The Celery application: settings come from Django, tasks from the apps."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("hexiao")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


def leave_logging_alone(**_: Any) -> None:
    """Keep the logging that Django has set up; Celery would replace it."""


setup_logging.connect(leave_logging_alone)


def begin(**_: Any) -> None:
    """Have a worker leave alone what it has loaded, before it has a connection to the queue.

    Connections that are lost later have to be collected, and soon.
    """
    from config.collecting import leave_what_is_loaded

    leave_what_is_loaded()


worker_init.connect(begin)
