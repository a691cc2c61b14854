"""The redemption desk: a person checks a code for a shopper, redeems it, takes it back.

Only who may redeem a coupon by hand is told anything of it. That is asked again by the call
that redeems, so a right that was taken a second ago is gone.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db import transaction

from campaigns.models import Customer
from coupons import coding, redeemers
from coupons.caller import Caller, staff_actor
from coupons.errors import FieldError, Invalid, NotAllowed
from coupons.models import Code, Membership, Merchant, Role, User
from coupons.pricing.quote import Reason
from coupons.staff import Area, Right, may
from redemption import checkout, guessing, holds, proving, refusing, reversing
from redemption.errors import CouponRejected
from redemption.models import Method, Redemption
from redemption.pressing import Press, Pressed
from redemption.shapes import (
    CartBody,
    CartLine,
    QuoteAnswer,
    RedemptionBody,
    RejectedAnswer,
    ReversalAnswer,
    ReversalBody,
)
from redemption.statements import Statement
from redemption.trial import WHOLE_CART, Goods, Sample, cart_of_goods


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """A person at a desk of a merchant; `ip` is where the desk calls from.

    Who took the device over by PIN supervises nothing, whatever their role.
    """

    user: User
    merchant: Merchant
    ip: str | None = None
    device: str = ""
    is_by_pin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """What a shopper hands over and buys: a total, or goods; neither for a ticket.

    `customer` is the shop's own number or a phone number.
    """

    code: str
    total: str = ""
    goods: Sequence[Goods] = ()
    currency: str = ""
    customer: str = ""
    country: str = ""
    payment_method: str = ""
    order: str = ""
    language: str = "en"

    @property
    def has_cart(self) -> bool:
        """Say whether anything is known of what is bought."""
        return bool(self.total or self.goods)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A code as the clerk may know it; of a coupon that is not theirs to redeem, nothing."""

    text: str
    code: Code | None = None
    #: The code exists, and the clerk may not redeem its coupon.
    is_forbidden: bool = False
    quote: QuoteAnswer | None = None
    #: It would be good with one more proof; the quote is as it would be then.
    needs_proof: bool = False
    #: Whose cart it was tried on.
    customer: Customer | None = None


def check(*, clerk: Clerk, purchase: Purchase, at: datetime) -> Checked:
    """Look a code up and try it on what is bought; writes nothing.

    Raises `Invalid` for a cart or a customer that makes no sense, `TooManyAttempts`.
    """
    caller = _caller(clerk=clerk)
    customer = customer_of(clerk=clerk, typed=purchase.customer)
    body = _body(clerk=clerk, purchase=purchase, customer=customer)
    guessing.refuse(caller=caller, body=body, now=time.time())
    text = coding.normal_form(purchase.code)
    code = code_of(merchant=clerk.merchant, text=text)
    if code is not None and not redeemers.may_redeem(user=clerk.user, coupon=code.coupon):
        return Checked(text=text, is_forbidden=True)
    quote = checkout.validate(caller=caller, body=body, at=at)
    guessing.count(caller=caller, body=body, rejected=quote.rejected, now=time.time())
    needs_proof = code is not None and _wants_proof_alone(quote)
    if code is not None and needs_proof:
        quote = checkout.validate(caller=caller, body=body, at=at, proven={code.coupon_id})
    return Checked(text=text, code=code, quote=quote, needs_proof=needs_proof, customer=customer)


def redeem(
    *,
    clerk: Clerk,
    purchase: Purchase,
    press: uuid.UUID,
    at: datetime,
    proof_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """Redeem a code by hand and return the redemption; the same press is the same redemption.

    Without an order's number the press makes one. A coupon that wants one more proof uses up
    that of `redemption.desk_proofs`. Raises `NotAllowed` for who may not redeem
    the coupon now, and what `checkout.redeem` raises; then nothing is written.
    """
    customer = customer_of(clerk=clerk, typed=purchase.customer)
    cart = _body(clerk=clerk, purchase=purchase, customer=customer)
    body = msgspec.convert(
        {**msgspec.structs.asdict(cart), "order": purchase.order or f"D-{press.hex[:12].upper()}"},
        RedemptionBody,
    )

    def attempt() -> uuid.UUID:
        with noted:
            return _redeemed(clerk=clerk, body=body, press=press, proof_id=proof_id, at=at)

    with refusing.kept() as noted:
        try:
            return checkout.retried(attempt, at=at)
        except Pressed as earlier:
            return earlier.redemption


def _redeemed(
    *,
    clerk: Clerk,
    body: RedemptionBody,
    press: uuid.UUID,
    proof_id: uuid.UUID | None,
    at: datetime,
) -> uuid.UUID:
    """Redeem for whoever may at this moment and is not guessing."""
    # Read anew: the right, the account or the channel may have changed since the page came.
    user = User.objects.get(pk=clerk.user.pk)
    caller = _caller(clerk=clerk)
    guessing.refuse(caller=caller, body=body, now=time.time())
    code = code_of(merchant=clerk.merchant, text=body.codes[0])
    if code is not None and not redeemers.may_redeem(user=user, coupon=code.coupon):
        raise NotAllowed("You may not redeem this coupon.")
    proof = None
    if code is not None:
        asked = proving.Asked(
            merchant=clerk.merchant, coupon=code.coupon, customer=body.customer, by=caller.actor
        )
        proof = proving.good(asked=asked, proof_id=proof_id, at=at)
    own = press_of(clerk=clerk, press=press, at=at)

    def beside(redemption: uuid.UUID, _answer: bytes) -> list[Statement]:
        used = proving.use(redemption=redemption, proof=proof, asked=asked, at=at) if proof else []
        return [*own.statements(redemption), *used]

    try:
        done = checkout.redeem(
            caller=caller,
            body=body,
            at=at,
            ahead=own,
            beside=beside,
            proven={proof.coupon_id} if proof else (),
        )
    except CouponRejected as error:
        rejected = msgspec.convert(error.extra["rejected"], list[RejectedAnswer])
        guessing.count(caller=caller, body=body, rejected=rejected, now=time.time())
        raise
    return uuid.UUID(done.answer.id)


def press_of(*, clerk: Clerk, press: uuid.UUID, at: datetime) -> Press:
    """Return a press of the person's."""
    return Press(merchant_id=clerk.merchant.pk, user_id=clerk.user.pk, key=press, at=at)


def _wants_proof_alone(quote: QuoteAnswer) -> bool:
    reasons = [why.reason for each in quote.rejected for why in each.reasons]
    return reasons == [Reason.VERIFICATION_REQUIRED]


def undo(*, clerk: Clerk, redemption_id: uuid.UUID, reason: str, at: datetime) -> ReversalAnswer:
    """Take back what was redeemed at the desk, whole; a second time changes nothing.

    The person who redeemed may for some minutes, a supervisor later and with a reason.
    Raises `NotFound`, `NotAllowed`, `Invalid`, and what `reversing.reverse` raises.
    """
    caller = _caller(clerk=clerk)
    with transaction.atomic():
        row = holds.locked(caller=caller, redemption_id=redemption_id)
        if row.method != Method.MANUAL:
            raise NotAllowed("It was not redeemed at a desk.")
        if not is_own(clerk=clerk, redemption=row, at=at):
            if not may_supervise(clerk=clerk):
                raise NotAllowed("Ask a supervisor to undo it.")
            if not reason.strip():
                raise Invalid(errors=[FieldError("reason", "Say why it is undone.")])
        body = ReversalBody(reason=reason.strip() or None, reference=f"desk-{row.pk.hex}")
        return reversing.reverse(caller=caller, redemption_id=row.pk, body=body, at=at).answer


def is_own(*, clerk: Clerk, redemption: Redemption, at: datetime) -> bool:
    """Say whether the person has redeemed it, so lately that they may undo it themselves."""
    return redemption.actor == staff_actor(clerk.user) and at < undone_until(redemption=redemption)


def undone_until(*, redemption: Redemption) -> datetime:
    """Return until when whoever redeemed may undo it themselves."""
    return redemption.created_at + timedelta(minutes=settings.HEXIAO_UNDO_MINUTES)


def may_supervise(*, clerk: Clerk) -> bool:
    """Say whether the person may undo what others redeemed, and long ago."""
    if clerk.is_by_pin:
        return False
    if clerk.user.is_superuser:
        return True
    membership = _membership(clerk)
    role = Role(membership.role) if membership else None
    return may(role=role, area=Area.REDEMPTIONS, right=Right.CHANGE)


def seen(*, clerk: Clerk, redemption_id: uuid.UUID) -> Redemption | None:
    """Return a redemption by hand that is the person's own, or of a coupon they may redeem."""
    rows = Redemption.objects.of(clerk.merchant).filter(method=Method.MANUAL)
    row: Redemption | None = rows.select_related("customer").filter(pk=redemption_id).first()
    if row is None or row.actor == staff_actor(clerk.user):
        return row
    mine = redeemers.redeemable_by(user=clerk.user, merchant=clerk.merchant)
    return None if row.uses.exclude(coupon__in=mine.values("pk")).exists() else row


def _membership(clerk: Clerk) -> Membership | None:
    rows = Membership.objects.of(clerk.merchant).filter(user=clerk.user)
    found: Membership | None = rows.select_related("channel").first()
    return found


def _caller(*, clerk: Clerk) -> Caller:
    """Return the person as the verbs know callers, bound to their channel as it is now."""
    membership = _membership(clerk)
    channel = membership.channel if membership else None
    return Caller(
        merchant=clerk.merchant,
        actor=staff_actor(clerk.user),
        channel_id=channel.pk if channel else None,
        channel=channel.slug if channel else None,
        method=Method.MANUAL.value,
    )


def code_of(*, merchant: Merchant, text: str) -> Code | None:
    """Find a code as a checkout does: the merchant's own first, else the platform's."""
    text = coding.normal_form(text)
    met = Code.objects.met_in(merchant).select_related("coupon__merchant").filter(text=text)
    return min(met, key=lambda code: code.merchant_id != merchant.pk, default=None)


def customer_of(*, clerk: Clerk, typed: str) -> Customer | None:
    """Find a customer by number or phone number; raise `Invalid` for one that is unknown."""
    typed = typed.strip()
    if not typed:
        return None
    own = Customer.objects.of(clerk.merchant)
    found: Customer | None = own.filter(ref=typed).first()
    found = found or own.filter(phone=typed).order_by("pk").first()
    if found is None:
        told = "There is no such customer. Leave it empty for a guest."
        raise Invalid(errors=[FieldError("customer", told)])
    return found


def _body(*, clerk: Clerk, purchase: Purchase, customer: Customer | None) -> CartBody:
    """Put what is bought in the form of the contract."""
    currency = purchase.currency or clerk.merchant.currency
    sample = Sample(goods=purchase.goods, currency=currency)
    cart = cart_of_goods(merchant=clerk.merchant, sample=sample)
    lines = cart.lines
    if purchase.total and not lines:
        lines = [CartLine(id="1", sku=WHOLE_CART, quantity=1, unit_price=purchase.total)]
    return CartBody(
        currency=currency,
        lines=lines,
        codes=[purchase.code],
        customer=customer.ref if customer else None,
        country=purchase.country.upper() or None,
        payment_method=purchase.payment_method or None,
        order=purchase.order or None,
        language=purchase.language,
        ip=clerk.ip,
        # Wrong codes count for the person and for where the desk stands.
        device=f"desk:{clerk.user.pk}",
    )
