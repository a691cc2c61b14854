from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CouponsConfig(AppConfig):
    name = "coupons"
    verbose_name = _("Coupons")

    def ready(self) -> None:
        """Say what the jobs of this floor do, and which spreadsheets it knows."""
        from coupons import (
            exporting,
            importing,
            issuing,
            jobs,
            moving,
            pooling,
            reissuing,
            revoking,
            undoing,
        )
        from coupons.models import Job
        from coupons.printing import running
        from coupons.sheets import codes, coupons, kinds, products

        jobs.register(kind=Job.Kind.CODES, work=issuing.make_chunk, stopped=issuing.give_back)
        jobs.register(kind=Job.Kind.MOVE, work=moving.move_chunk)
        jobs.register(kind=Job.Kind.PRINT, work=running.print_piece, stopped=running.stopped)
        jobs.register(kind=Job.Kind.UNDO, work=undoing.undo_chunk, stopped=undoing.tell)
        jobs.register(
            kind=Job.Kind.RESERVE, work=pooling.reserve_chunk, stopped=pooling.reserved_rest
        )
        jobs.register(
            kind=Job.Kind.RELEASE, work=pooling.release_chunk, stopped=pooling.released_rest
        )
        jobs.register(kind=Job.Kind.REVOKE, work=revoking.revoke_chunk, stopped=revoking.tell_end)
        jobs.register(kind=Job.Kind.REISSUE, work=reissuing.reissue_chunk, stopped=reissuing.end)
        jobs.register(
            kind=Job.Kind.IMPORT,
            work=importing.work,
            stopped=importing.stopped,
            forget=importing.forget,
        )
        jobs.register(kind=Job.Kind.EXPORT, work=exporting.write_piece, stopped=exporting.stopped)
        kinds.register(sheet=codes.SHEET)
        kinds.register(sheet=products.SHEET)
        kinds.register(sheet=coupons.SHEET)
