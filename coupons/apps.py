from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        """Say what the jobs of this floor do, and which spreadsheets it knows."""
        from coupons import importing, issuing, jobs, moving
        from coupons.models import Job
        from coupons.sheets import codes, kinds, products

        jobs.register(kind=Job.Kind.CODES, work=issuing.make_chunk, stopped=issuing.give_back)
        jobs.register(kind=Job.Kind.MOVE, work=moving.move_chunk)
        jobs.register(kind=Job.Kind.IMPORT, work=importing.work, stopped=importing.stopped)
        kinds.register(sheet=codes.SHEET)
        kinds.register(sheet=products.SHEET)
