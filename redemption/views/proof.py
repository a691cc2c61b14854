"""A code that is sent to the customer, who tells it at the desk."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from coupons import clock
from coupons.admin.base import told
from coupons.errors import HexiaoError
from redemption import desk_proofs
from redemption.views.desk import DeskPage
from redemption.views.pages import is_htmx, led_to


class SendPage(DeskPage):
    """The button that sends it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead whoever comes back to here to the form."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send it, and say where to."""
        form = self.form()
        if not form.is_valid():
            return led_to(request, reverse("desk:desk"))
        purchase = form.purchase()
        sent_to, problem = "", ""
        try:
            at = clock.now(request)
            sent_to = desk_proofs.send(clerk=self.clerk, purchase=purchase, at=at)
        except HexiaoError as error:
            problem = told(error)
        shown = {"sent_to": sent_to, "proof_problem": problem}
        if is_htmx(request):
            return self.page("proof_sent", shown, status=422 if problem else 200)
        return self.checked(purchase, **shown)
