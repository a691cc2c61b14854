from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RedemptionConfig(AppConfig):
    name = "redemption"
    verbose_name = _("Redemption")

    def ready(self) -> None:
        """Look up for the ground floor what only this one knows."""
        from coupons import jobs, references
        from coupons.models import Job
        from redemption import batches, key_names
        from redemption.batching import removing

        references.FURTHER.append(key_names.unknown)
        jobs.register(
            kind=Job.Kind.REDEEM,
            work=batches.work,
            stopped=batches.stopped,
            forget=removing.remove_piece,
        )
