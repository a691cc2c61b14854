"""The roof: settings, routes, the error handler, health, and how the project runs."""

from config.celery import app as celery_app

__all__ = ("celery_app",)
