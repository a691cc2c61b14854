"""The coupon, its versions, and its counters."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from coupons.models.merchant import SLUG, MerchantOwned
from coupons.querysets import MerchantQuerySet


class Kind(models.TextChoices):
    """What a coupon gives."""

    AMOUNT_OFF = "amount_off", _("Amount off")
    PERCENT_OFF = "percent_off", _("Percent off")
    FREE_SHIPPING = "free_shipping", _("Free shipping")
    GIFT = "gift", _("Gift or goods voucher")
    TIERED = "tiered", _("Tiered")
    BUY_X_GET_Y = "buy_x_get_y", _("Buy X get Y")
    PASS = "pass", _("Pass")
    DRAW = "draw", _("Prize draw")


class State(models.TextChoices):
    """Where a coupon stands, as stored; the clock turns `live` into the last two."""

    DRAFT = "draft", _("Draft")
    TESTING = "testing", _("Testing")
    IN_REVIEW = "in_review", _("In review")
    APPROVED = "approved", _("Approved")
    LIVE = "live", _("Live")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended early")
    SCHEDULED = "scheduled", _("Scheduled")
    EXPIRED = "expired", _("Expired")


STORED_STATES = [s for s in State if s not in (State.SCHEDULED, State.EXPIRED)]


SOON = timedelta(days=7)
#: Words of a search that are looked at.
MOST_WORDS = 8


class CouponQuerySet(MerchantQuerySet):
    """Questions about many coupons."""

    def live(self, at: datetime) -> "CouponQuerySet":
        """Keep those that a shopper may use at that instant: [starts_at, ends_at)."""
        return self.filter(state=State.LIVE, starts_at__lte=at).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at)
        )

    def running_out(self) -> "CouponQuerySet":
        """Keep those of whose uses, budget or codes four fifths are gone.

        No index of the counters: it would make every use rewrite it. A merchant's coupons
        are few thousands, and the state is looked at first.
        """
        full = Q()
        for used, limit in (
            ("uses", "max_uses"),
            ("budget_used_minor", "budget_minor"),
            ("issued", "max_issued"),
        ):
            of = F(f"counter__{limit}")
            # Four fifths rounded up, in whole numbers that cannot overflow.
            full |= Q(**{f"counter__{limit}__gt": 0, f"counter__{used}__gte": of - of / 5})
        return self.filter(full)

    def in_state(self, state: str, at: datetime) -> "CouponQuerySet":
        """Keep those whose state, read with the clock, is that one."""
        if state == State.LIVE:
            return self.live(at)
        if state == State.SCHEDULED:
            return self.filter(state=State.LIVE, starts_at__gt=at)
        if state == State.EXPIRED:
            return self.filter(state=State.LIVE, starts_at__lte=at, ends_at__lte=at)
        return self.filter(state=state)

    def with_words(self, typed: str) -> "CouponQuerySet":
        """Keep those with every word typed in name or slug: a merchant's are few thousands."""
        rows = self
        for word in typed.split()[:MOST_WORDS]:
            rows = rows.filter(Q(name__icontains=word) | Q(slug__icontains=word))
        return rows

    def looked_for(self, what: str, *, by: str, at: datetime) -> "CouponQuerySet":
        """Keep one's own (`mine`), what `starts` or `ends` within 7 days, or what runs out.

        Anything else keeps all.
        """
        live = self.filter(state=State.LIVE)
        match what:
            case "mine":
                changed = CouponVersion.objects.filter(coupon=OuterRef("pk"), changed_by=by)
                return self.filter(Exists(changed.filter(merchant=OuterRef("merchant"))))
            case "starts":
                return live.filter(starts_at__gt=at, starts_at__lte=at + SOON)
            case "ends":
                return live.filter(ends_at__gt=at, ends_at__lte=at + SOON)
            case "nearly":
                return live.filter(Q(ends_at=None) | Q(ends_at__gt=at)).running_out()
        return self


class Coupon(MerchantOwned):
    """What is given. Its rules are in its newest `CouponVersion`.

    The columns here are what SQL must judge or list by; `changing` keeps them
    equal to the definition.
    """

    slug = models.CharField(_("slug"), max_length=80, validators=[SLUG])
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    state = models.CharField(
        _("state"),
        max_length=12,
        choices=[(s.value, s.label) for s in STORED_STATES],
        default=State.DRAFT,
    )
    version = models.PositiveIntegerField(_("version"), default=1)
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    created_by = models.CharField(_("created by"), max_length=100, default="")
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("changed"))

    objects: ClassVar[Any] = CouponQuerySet.as_manager()

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        permissions = [("redeem_coupon", "Can redeem the coupon by hand")]
        constraints = [
            models.UniqueConstraint(fields=["merchant", "slug"], name="coupon_slug_is_unique"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True)
                | Q(starts_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                name="coupon_window_is_ordered",
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="coupon_kind_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in STORED_STATES]),
                name="coupon_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[State.LIVE, State.PAUSED])
                | Q(published_at__isnull=False, starts_at__isnull=False),
                name="coupon_is_published_with_a_start",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "state", "ends_at"], name="coupon_by_state"),
            models.Index(fields=["merchant", "-created_at", "-id"], name="coupon_by_time"),
        ]

    def __str__(self) -> str:
        return self.name

    def state_at(self, at: datetime) -> State:
        """Read the state with the clock: `live` may still be scheduled, or expired."""
        if self.state != State.LIVE or self.starts_at is None:
            return State(self.state)
        if at < self.starts_at:
            return State.SCHEDULED
        if self.ends_at is not None and at >= self.ends_at:
            return State.EXPIRED
        return State.LIVE

    def is_live(self, at: datetime) -> bool:
        """Say whether a shopper may use it at that instant."""
        return self.state_at(at) == State.LIVE


class CouponVersion(MerchantOwned):
    """The definition as it stood from one change to the next; never rewritten."""

    coupon = models.ForeignKey(
        Coupon, models.PROTECT, verbose_name=_("coupon"), related_name="versions"
    )
    version = models.PositiveIntegerField(_("version"))
    #: The whole definition in the form of the HTTP contract.
    definition = models.JSONField(_("definition"))
    changed_by = models.CharField(_("changed by"), max_length=100)
    changed_at = models.DateTimeField(_("changed"))

    class Meta:
        verbose_name = _("coupon version")
        verbose_name_plural = _("coupon versions")
        constraints = [
            models.UniqueConstraint(fields=["coupon", "version"], name="coupon_version_is_unique"),
            models.CheckConstraint(
                condition=Q(definition__has_keys=["slug", "name", "kind", "limits", "scope"]),
                name="coupon_version_is_whole",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "changed_by", "coupon"], name="coupon_version_by_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} v{self.version}"


def within(used: str, limit: str) -> Q:
    """Say that a counter lies between nothing and its limit, if it has one."""
    return Q(**{f"{used}__gte": 0}) & (
        Q(**{f"{limit}__isnull": True}) | Q(**{f"{used}__lte": F(limit)})
    )


class CouponCounter(MerchantOwned):
    """How much of a coupon is gone, beside its limits.

    A row of its own, so that the busiest write in the house touches few bytes and
    the limits are held by constraints on that very row. A cache of the ledger.
    """

    coupon = models.OneToOneField(
        Coupon, models.PROTECT, primary_key=True, verbose_name=_("coupon"), related_name="counter"
    )
    max_issued = models.BigIntegerField(null=True)
    issued = models.BigIntegerField(default=0)
    claimed = models.BigIntegerField(default=0)
    max_uses = models.BigIntegerField(null=True)
    uses = models.BigIntegerField(default=0)
    #: Minor units of `budget_currency`.
    budget_minor = models.BigIntegerField(null=True)
    budget_used_minor = models.BigIntegerField(default=0)
    budget_currency = models.CharField(max_length=3, blank=True, default="")
    #: Counts the coupon's changes of state or rules: who takes names the one it read, so that
    #: nothing is taken from a coupon that was paused or changed in between.
    revision = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=within("issued", "max_issued"), name="coupon_issued_within_limit"
            ),
            models.CheckConstraint(
                condition=within("uses", "max_uses"), name="coupon_uses_within_limit"
            ),
            models.CheckConstraint(
                condition=within("budget_used_minor", "budget_minor"), name="coupon_budget_holds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id}"


class CouponDay(MerchantOwned):
    """Uses of a coupon on one day of its own time zone."""

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    max_uses = models.BigIntegerField(null=True)
    uses = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "day"], name="coupon_day_is_unique"),
            models.CheckConstraint(
                condition=within("uses", "max_uses"), name="coupon_day_uses_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} {self.day}"
