"""The desk's pages: check a code, redeem it, see it done, undo it."""

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from coupons import clock, redeemers
from coupons.admin.base import told
from coupons.admin.words import sentence
from coupons.errors import HexiaoError, Invalid, PinLocked, WrongPin
from redemption import desk, desk_proofs, finding, scanning
from redemption.desk import Purchase
from redemption.errors import CouponRejected, OwnApproval, TooManyAttempts, WrongProof
from redemption.views.forms import PurchaseForm, fields_of, proof_given
from redemption.views.pages import DeskView, is_htmx, led_to
from redemption.views.proof_words import proof_ways
from redemption.views.words import card, listed, receipt


class DeskPage(DeskView):
    """The first page: a field for a code, and below it the answer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the empty form."""
        return self.answer({})

    def form(self) -> PurchaseForm:
        """Return the form as it was sent, or empty."""
        sent = (self.request.POST, self.request.FILES) if self.request.method == "POST" else ()
        return PurchaseForm(*sent, merchant=self.clerk.merchant)

    def answer(self, shown: dict[str, Any], *, status: int = 200) -> HttpResponse:
        """Show the form with an answer, or the answer alone to the page's script."""
        if is_htmx(self.request):
            return self.page("answer", {**shown, "is_part": True}, status=status)
        mine = redeemers.redeemable_by(user=self.clerk.user, merchant=self.clerk.merchant)
        form = shown.get("form") or self.form()
        return self.page(
            "desk", {**shown, "form": form, "is_idle": not mine.exists()}, status=status
        )

    def refused(self, error: HexiaoError) -> HttpResponse:
        """Say what is wrong with what was sent."""
        messages = [sentence(each.message) for each in error.errors] or [told(error)]
        status = 429 if isinstance(error, TooManyAttempts) else 422
        return self.answer({"problems": messages}, status=status)

    def checked(self, purchase: Purchase, **more: Any) -> HttpResponse:
        """Check a code and show what is known of it."""
        at = clock.now(self.request)
        found = desk.check(clerk=self.clerk, purchase=purchase, at=at)
        earlier = finding.last_use(clerk=self.clerk, checked=found)
        shown = card(checked=found, purchase=purchase, earlier=earlier)
        if found.needs_proof:
            shown |= proof_ways(clerk=self.clerk, checked=found)
        return self.answer(
            {
                **more,
                "card": shown,
                "purchase": purchase,
                "purchase_fields": fields_of(purchase=purchase),
                "press": uuid.uuid4(),
            }
        )


class CheckPage(DeskPage):
    """A code that was typed, scanned, or stands in a photo."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead whoever comes back to here to the form."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Check it."""
        form = self.form()
        if not form.is_valid():
            problems = [message for each in form.errors.values() for message in each]
            return self.answer({"problems": problems, "form": form}, status=422)
        try:
            photo = form.cleaned_data["photo"]
            purchase = form.purchase(code=scanning.code_in(photo=photo) if photo else "")
            if not purchase.code:
                raise Invalid(errors=[scanning.NO_CODE])
            return self.checked(purchase)
        except HexiaoError as error:
            return self.refused(error)


class ReadPage(DeskView):
    """A picture of the camera, to be read where the browser cannot."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Answer the code in it; 204 where there is none, 422 where it is no picture."""
        photo = request.FILES.get("photo")
        try:
            code = scanning.code_in(photo=photo) if photo else ""
        except scanning.NothingToRead:
            code = ""
        except HexiaoError as error:
            problems = [sentence(each.message) for each in error.errors]
            return JsonResponse({"problems": problems}, status=422)
        return JsonResponse({"code": code}) if code else HttpResponse(status=204)


class RedeemPage(DeskPage):
    """The big button."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead whoever comes back to here to the form."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Redeem, and lead to what was redeemed; the same press leads there again."""
        form = self.form()
        try:
            press = uuid.UUID(request.POST.get("press", ""))
        except ValueError:
            return led_to(request, reverse("desk:desk"))
        if not form.is_valid():
            return led_to(request, reverse("desk:desk"))
        purchase = form.purchase()
        at = clock.now(request)
        try:
            done = desk_proofs.redeem(
                clerk=self.clerk,
                purchase=purchase,
                press=press,
                given=proof_given(request.POST),
                at=at,
            )
        except (WrongProof, WrongPin, PinLocked, OwnApproval) as error:
            return self.checked(purchase, proof_problem=told(error))
        except CouponRejected:
            return self.checked(purchase)  # with every reason, as it stands now
        except HexiaoError as error:
            return self.refused(error)
        return led_to(request, reverse("desk:redeemed", args=[done]))


class RedeemedPage(DeskView):
    """What was redeemed: thanks, what to hand over, and the way back."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Show it to whoever may know of it."""
        return self.shown(pk)

    def shown(self, pk: uuid.UUID, problems: list[str] | None = None) -> HttpResponse:
        """Show a redemption; 404 for one that is not the person's to see."""
        row = desk.seen(clerk=self.clerk, redemption_id=pk)
        if row is None:
            raise Http404
        shown = receipt(clerk=self.clerk, redemption=row, at=clock.now(self.request))
        context = {"receipt": shown, "problems": problems}
        return self.page("redeemed", context, status=422 if problems else 200)


class UndoPage(RedeemedPage):
    """The button that takes it back."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Lead to the redemption."""
        return led_to(request, reverse("desk:redeemed", args=[pk]))

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Undo it, and show how it stands."""
        if desk.seen(clerk=self.clerk, redemption_id=pk) is None:
            raise Http404
        reason = request.POST.get("reason", "").replace("\x00", "")[:500]
        at = clock.now(request)
        try:
            desk.undo(clerk=self.clerk, redemption_id=pk, reason=reason, at=at)
        except HexiaoError as error:
            problems = [sentence(each.message) for each in error.errors] or [told(error)]
            return self.shown(pk, problems)
        return led_to(request, reverse("desk:redeemed", args=[pk]))


class FindPage(DeskView):
    """A search by order, customer or phone; sent, since what is typed belongs in no address."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lead whoever comes back to here to the form."""
        return led_to(request, reverse("desk:desk"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """List what was redeemed."""
        typed = " ".join(request.POST.get("q", "").replace("\x00", "").split())[:100]
        found = finding.redeemed_on(clerk=self.clerk, typed=typed) if typed else []
        part = "found" if is_htmx(request) else "find"
        return self.page(part, {"typed": typed, "found": listed(rows=found)})
