from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        """Say which spreadsheets this floor knows."""
        from campaigns import sheets
        from coupons.sheets import kinds

        kinds.register(sheet=sheets.SHEET)
