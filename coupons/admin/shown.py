"""How things look in the console: money, states, people, times."""

from datetime import datetime

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coupons.models import Job, SheetImport, State
from coupons.pricing.money import format_amount

EMPTY = "–"

#: state → look; the word stands in it, so that colour never speaks alone.
_LOOKS = {
    State.DRAFT: "plain",
    State.TESTING: "note",
    State.IN_REVIEW: "note",
    State.APPROVED: "good",
    State.SCHEDULED: "note",
    State.LIVE: "good",
    State.PAUSED: "warn",
    State.ENDED: "plain",
    State.EXPIRED: "plain",
    Job.Status.QUEUED: "plain",
    Job.Status.RUNNING: "note",
    Job.Status.DONE: "good",
    Job.Status.FAILED: "bad",
    Job.Status.CANCELLED: "plain",
    Job.Status.WAITING: "warn",
    SheetImport.Stage.READING: "note",
    SheetImport.Stage.CHECKED: "warn",
    SheetImport.Stage.APPLYING: "note",
    SheetImport.Stage.APPLIED: "good",
    SheetImport.Stage.REFUSED: "bad",
    SheetImport.Stage.STOPPED: "plain",
    "note": "note",
    "active": "good",
    "revoked": "bad",
    "redeemed": "good",
    "held": "note",
    "released": "plain",
    "partly_reversed": "warn",
    "reversed": "bad",
    "placed": "note",
    "paid": "good",
    "refunded": "bad",
}


def badge(value: str, label: str) -> SafeString:
    """Show a state as a coloured word."""
    return format_html('<span class="hx-badge hx-{}">{}</span>', _LOOKS.get(value, "plain"), label)


def money(minor: int | None, currency: str) -> str:
    """Write an amount in minor units as `1,234.50 USD`."""
    if minor is None:
        return EMPTY
    whole, point, decimals = format_amount(minor, currency).partition(".")
    return f"{int(whole):,}{point}{decimals} {currency}"


def number(value: int | None) -> str:
    """Write a number with its thousands apart."""
    return EMPTY if value is None else f"{value:,}"


def when(at: datetime | None) -> str:
    """Write a time to the minute, in the merchant's zone."""
    return EMPTY if at is None else date_format(localtime(at), "Y-m-d H:i")


def who(actor: str) -> str:
    """Name an actor of the journal for a person."""
    kind, _separator, name = actor.partition(":")
    if kind == "staff":
        return name
    if kind == "key":
        return _("API key %(prefix)s") % {"prefix": name}
    return _("The system") if kind == "system" else actor


HAPPENED = {
    "coupon.created": gettext_lazy("Coupon created"),
    "coupon.changed": gettext_lazy("Coupon changed"),
    "coupon.tested": gettext_lazy("Coupon opened to test customers"),
    "coupon.withdrawn": gettext_lazy("Coupon made a draft again"),
    "coupon.submitted": gettext_lazy("Coupon submitted for review"),
    "coupon.commented": gettext_lazy("Comment on the coupon"),
    "coupon.approved": gettext_lazy("Coupon approved"),
    "coupon.refused": gettext_lazy("Coupon refused"),
    "coupon.published": gettext_lazy("Coupon published"),
    "coupon.paused": gettext_lazy("Coupon paused"),
    "coupon.resumed": gettext_lazy("Coupon resumed"),
    "coupon.ended": gettext_lazy("Coupon ended"),
    "platform.appointed": gettext_lazy("Became the platform"),
    "platform.dismissed": gettext_lazy("Is the platform no more"),
    "platform.review_began": gettext_lazy("Review by the platform began"),
    "platform.review_ended": gettext_lazy("Review by the platform ended"),
    "coupon.replaced": gettext_lazy("Coupon replaced"),
    "coupon.started": gettext_lazy("Coupon started"),
    "coupon.expired": gettext_lazy("Coupon ran out"),
    "codes.moved": gettext_lazy("Codes moved"),
    "coupon.redeemers_allowed": gettext_lazy("More people may redeem it by hand"),
    "coupon.redeemers_disallowed": gettext_lazy("Fewer people may redeem it by hand"),
    "codes.issued": gettext_lazy("New codes issued"),
    "codes.printed": gettext_lazy("Codes printed"),
    "codes.undone": gettext_lazy("A batch of codes undone"),
    "codes.reserved": gettext_lazy("Codes reserved for a partner"),
    "codes.released": gettext_lazy("A partner's codes released"),
    "codes.exported": gettext_lazy("A partner's codes taken away"),
    "sheet.exported": gettext_lazy("A list taken away as a file"),
    "codes.revoked": gettext_lazy("Unused codes revoked"),
    "codes.reissued": gettext_lazy("Unused codes given anew"),
    "code.revoked": gettext_lazy("Code revoked"),
    "code.replaced": gettext_lazy("Code replaced by a new one"),
    "code.held": gettext_lazy("Code held"),
    "code.released": gettext_lazy("Code free again"),
    "code.reversed": gettext_lazy("Code's redemption reversed"),
    "code.claimed": gettext_lazy("Code claimed"),
    "code.redeemed": gettext_lazy("Code redeemed"),
    "batch.finished": gettext_lazy("File of codes redeemed"),
    "draw.revealed": gettext_lazy("Prize drawn"),
    "redemption.held": gettext_lazy("Redemption held"),
    "redemption.created": gettext_lazy("Redeemed"),
    "redemption.confirmed": gettext_lazy("Redemption confirmed"),
    "redemption.proven": gettext_lazy("One more proof accepted"),
    "redemption.marked": gettext_lazy("Marked as used from the order"),
    "redemption.released": gettext_lazy("Redemption released"),
    "redemption.reversed": gettext_lazy("Redemption reversed"),
    "order.paid": gettext_lazy("Order paid"),
    "order.placed": gettext_lazy("Order placed"),
    "order.cancelled": gettext_lazy("Order cancelled"),
    "order.refunded": gettext_lazy("Order refunded"),
    "customer.created": gettext_lazy("Customer created"),
    "customer.changed": gettext_lazy("Customer changed"),
    "channel.created": gettext_lazy("Sales channel created"),
    "channel.changed": gettext_lazy("Sales channel changed"),
    "exchange_rates.set": gettext_lazy("Exchange rates set"),
    "tax_rate.set": gettext_lazy("Tax rate set"),
    "tax_rate.removed": gettext_lazy("Tax rate removed"),
    "api_key.created": gettext_lazy("API key created"),
    "api_key.rotated": gettext_lazy("API key replaced"),
    "api_key.changed": gettext_lazy("API key's addresses and rate changed"),
    "api_key.revoked": gettext_lazy("API key revoked"),
    "webhook.created": gettext_lazy("Webhook endpoint created"),
    "webhook.secret_changed": gettext_lazy("Webhook secret changed"),
    "webhook.disabled": gettext_lazy("Webhook endpoint switched off"),
    "webhook.enabled": gettext_lazy("Webhook endpoint switched on"),
    "webhook.deleted": gettext_lazy("Webhook endpoint deleted"),
    "picture.added": gettext_lazy("Picture added"),
    "staff.added": gettext_lazy("Staff member added"),
    "staff.role_changed": gettext_lazy("Role changed"),
    "staff.channel_changed": gettext_lazy("Sales channel of a member changed"),
    "staff.password_set": gettext_lazy("Staff member's password set"),
    "staff.removed": gettext_lazy("Staff member removed"),
    "staff.pin_set": gettext_lazy("PIN set"),
    "staff.pin_reset": gettext_lazy("PIN reset"),
    "staff.pin_locked": gettext_lazy("PIN locked after wrong ones"),
    "desk.taken": gettext_lazy("Took the desk over"),
    "staff_group.created": gettext_lazy("Staff group created"),
    "staff_group.changed": gettext_lazy("Staff group changed"),
    "staff_group.deleted": gettext_lazy("Staff group deleted"),
}


def happened(type: str) -> str:
    """Say what a kind of journal entry tells of; a new kind is shown as it is."""
    return str(HAPPENED.get(type, type))
