"""The roof as a Django app, for its commands and system checks."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.utils.translation import gettext_lazy as _


class ConfigConfig(AppConfig):
    """Bring in the system checks."""

    # This module holds a second one, named in full in INSTALLED_APPS.
    default = True
    name = "config"
    verbose_name = _("Hexiao")

    def ready(self) -> None:
        """Register the checks by importing them."""
        from config import checks  # noqa: F401


class ConsoleConfig(admin_apps.AdminConfig):
    """Django's admin with our site; loads every app's pages."""

    # `config` itself has another; this one stands in for `django.contrib.admin`.
    default = False
    default_site = "config.console.ConsoleSite"
    verbose_name = _("Console")

    def ready(self) -> None:
        """Load the pages, then take out those of libraries."""
        super().ready()
        from django.contrib import admin

        from config.console import HIDDEN

        for model in list(admin.site._registry):
            if model._meta.label in HIDDEN or model._meta.app_label in HIDDEN:
                admin.site.unregister(model)
