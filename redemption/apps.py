from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RedemptionConfig(AppConfig):
    name = "redemption"
    verbose_name = _("Redemption")

    def ready(self) -> None:
        """Look up for the ground floor what only this one knows."""
        from coupons import references
        from redemption import key_names

        references.FURTHER.append(key_names.unknown)
