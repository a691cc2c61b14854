"""The fields of the coupon's form, in the groups in which the page shows them.

What may stand in them the contract says; a choice left open is the contract's default.
"""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from coupons.admin import picking
from coupons.admin.form_fields import (
    Count,
    Lines,
    Text,
    area,
    date_input,
    flag,
    radios,
    select,
    ticks,
    time_input,
)
from coupons.admin.money_rows import MoneyByCurrency
from coupons.admin.repeated import (
    GiftEntry,
    NameEntry,
    PrizeEntry,
    Repeated,
    TierEntry,
    WindowEntry,
)
from coupons.models import Kind

SCOPES = [
    ("all", _("The whole shop")),
    ("categories", _("Some categories")),
    ("products", _("Some products")),
]
CODES = [
    ("shared", _("One shared code: everybody types the same")),
    ("unique", _("Unique codes: each customer gets one of their own")),
]
TIERINGS = [
    ("tiers", _("Tiers: the highest one reached counts")),
    ("every", _("The same again for every full step")),
]
WHO = [
    ("all", _("Everybody")),
    ("new", _("New customers: no paid order yet")),
    ("returning", _("Returning customers: at least one paid order")),
]
MEMBER_PRICES = [
    ("stack", _("Comes off the member price")),
    ("better_of", _("The better of the two")),
    ("refuse", _("Not with member prices")),
]
METHODS = [
    ("automatic", _("Automatically at checkout")),
    ("manual", _("By hand at the desk")),
    ("api", _("By a till or a CRM")),
    ("batch", _("By a list of codes")),
]
RETURN_POLICIES = [
    ("restore_if_valid", _("Comes back if it is still valid")),
    ("restore_and_extend", _("Comes back with more days")),
    ("reissue", _("A new code is issued")),
    ("never", _("Stays used")),
]
FUNDERS = [
    ("merchant", _("The merchant")),
    ("platform", _("The platform")),
    ("partner", _("A partner")),
]
RISK_LEVELS = [
    ("normal", _("Normal")),
    ("low", _("Low: skips the check")),
    ("high", _("High: asks for verification")),
]


class BenefitFields(forms.Form):
    """What one use gives, for each kind."""

    kind = radios(_("Kind"), Kind.choices, Kind.AMOUNT_OFF, "kind")
    value = MoneyByCurrency(label=_("Takes off"), required=False)
    percent = Text(
        label=_("Percent off"),
        required=False,
        help_text=_("20 takes a fifth off: the customer pays 80%."),
    )
    cap = MoneyByCurrency(
        label=_("At most"), required=False, help_text=_("The most that one use takes off.")
    )
    gifts = Repeated(GiftEntry, label=_("Given"), add=_("Add a product"))
    prizes = Repeated(
        PrizeEntry,
        label=_("Prizes"),
        add=_("Add a prize"),
        help_text=_(
            "One is drawn when the code is redeemed. Its chance is its weight among the weights "
            "of all that are left: 5 of 100 is 5%."
        ),
    )
    tiering = radios(_("How it grows"), TIERINGS, "tiers", "tiering", required=False)
    tiers = Repeated(
        TierEntry,
        label=_("Tiers"),
        add=_("Add a tier"),
        help_text=_("Lowest first. Each takes off an amount or a percentage."),
    )
    every_step = MoneyByCurrency(label=_("For every"), required=False)
    every_value = MoneyByCurrency(label=_("comes off"), required=False)
    every_max_times = Count(
        label=_("At most this many times"), required=False, help_text=_("Empty: unlimited.")
    )
    buy_quantity = Count(label=_("Buy"), required=False)
    get_quantity = Count(label=_("Get"), required=False)
    get_percent = Text(
        label=_("Percent off what is got"), required=False, help_text=_("Empty: 100, for free.")
    )
    max_times = Count(
        label=_("At most this many times"), required=False, help_text=_("Empty: unlimited.")
    )
    get_categories = picking.categories(
        _("Got out of these categories"), _("With everything below them.")
    )
    get_products = picking.products(
        _("Got out of these products"), _("Nothing chosen: the cheapest of what is bought.")
    )
    convert = flag(
        _("Convert into other currencies"),
        _("At the day's rate. Otherwise only the currencies above are accepted."),
    )


class WhenFields(forms.Form):
    """From when to when, and at which hours."""

    starts_on = forms.DateField(
        label=_("Starts"),
        required=False,
        widget=date_input(),
        help_text=_("Empty: when it is published."),
    )
    starts_time = forms.TimeField(label=_("Starts at"), required=False, widget=time_input())
    ends_on = forms.DateField(
        label=_("Ends"),
        required=False,
        widget=date_input(),
        help_text=_("Without a time, this day still counts. Empty: no end."),
    )
    ends_time = forms.TimeField(label=_("Ends at"), required=False, widget=time_input())
    valid_days = Count(
        label=_("Days valid after it is claimed"),
        required=False,
        help_text=_("Empty: until the coupon ends."),
    )
    starts_after_days = Count(
        label=_("Starts this many days after the claim"),
        required=False,
        help_text=_("Empty or 0: at once."),
    )
    weekly_windows = Repeated(
        WindowEntry,
        label=_("Only at these hours"),
        add=_("Add hours"),
        help_text=_("The same time twice is the whole day. Nothing: at all hours."),
    )


class ConditionFields(forms.Form):
    """For which goods and for whom."""

    min_spend = MoneyByCurrency(
        label=_("Minimum spend"), required=False, help_text=_("Empty: none.")
    )
    min_quantity = Count(label=_("Minimum number of items"), required=False)
    threshold_after_discounts = flag(
        _("Measure the minimum after other discounts"),
        _("Otherwise on the prices before any coupon."),
    )
    scope = radios(_("Applies to"), SCOPES, "all", "scope")
    categories = picking.categories(_("Categories"), _("With everything below them."))
    products = picking.products(_("Products"))
    exclude_categories = picking.categories(
        _("Not these categories"), _("With everything below them.")
    )
    exclude_products = picking.products(_("Not these products"))
    exclude_sale_items = flag(_("Not what is on sale"))
    tags = Lines(
        label=_("Customer tags"),
        required=False,
        help_text=_("Only customers with one of these tags, separated by commas. Empty: all."),
    )
    who = select(_("Who"), WHO)
    member_tiers = Lines(
        label=_("Member tiers"), required=False, help_text=_("Separated by commas. Empty: all.")
    )
    customer_ids = Lines(
        label=_("Named customers"),
        required=False,
        widget=area(3),
        help_text=_("Your own customer numbers, one a line. Empty: all."),
    )
    countries = Lines(
        label=_("Countries"),
        required=False,
        help_text=_("Two letters each, such as US, CA. Empty: all."),
    )
    channels = ticks(_("Sales channels"))
    payment_methods = Lines(
        label=_("Payment methods"),
        required=False,
        help_text=_("As your checkout calls them, separated by commas. Empty: all."),
    )
    partners = Lines(
        label=_("Partners"),
        required=False,
        help_text=_("Only orders with the mark of one of these. Empty: all orders."),
    )


class LimitFields(forms.Form):
    """How often, and how much in all."""

    uses = Count(
        label=_("Uses in all"), required=False, min_value=0, help_text=_("Empty: unlimited.")
    )
    uses_per_customer = Count(label=_("Uses per customer"), required=False, min_value=0)
    uses_per_code = Count(
        label=_("Uses per code"), required=False, min_value=0, help_text=_("Empty: unlimited.")
    )
    budget = MoneyByCurrency(
        label=_("Budget"),
        required=False,
        help_text=_("The most that is given away in all; kept in the first currency."),
    )
    issued = Count(label=_("Codes issued at most"), required=False)
    uses_per_day = Count(label=_("Uses per day"), required=False)
    claims_per_customer = Count(label=_("Claims per customer"), required=False)
    claims_per_device = Count(label=_("Claims per device"), required=False)
    claim_required = flag(
        _("Only for those who have claimed it"), _("Who types the code without a claim is refused.")
    )


class TogetherFields(forms.Form):
    """How it goes with other coupons and prices, and what happens around it."""

    stacking_group = Text(
        label=_("Stacking group"),
        required=False,
        initial="order",
        help_text=_("Two coupons go together only if each names the other's group."),
    )
    stacks_with = Lines(
        label=_("Goes together with"),
        required=False,
        help_text=_("Groups it may be combined with, separated by commas. Empty: none."),
    )
    priority = Count(
        label=_("Priority"),
        required=False,
        initial=100,
        help_text=_("Of several coupons, the one with the lower number applies first."),
    )
    member_prices = select(_("With member prices"), MEMBER_PRICES)
    methods = ticks(_("Ways to redeem it"), METHODS)
    return_policy = select(_("When an order is returned"), RETURN_POLICIES, model="returned")
    extend_days = Count(label=_("More days when it comes back"), required=False)
    claw_back = flag(
        _("Take the discount back where a return undoes the condition"),
    )
    funded_by = select(_("Paid for by"), FUNDERS)
    risk_level = select(_("Risk"), RISK_LEVELS)


class WordingFields(forms.Form):
    """What customers read."""

    names = Repeated(
        NameEntry,
        label=_("Name in other languages"),
        add=_("Add a language"),
        help_text=_("The language as a tag, such as zh-hans or de."),
    )
    description = forms.CharField(label=_("Description"), required=False, widget=area(3))
    thank_you = forms.CharField(
        label=_("Thank-you"),
        required=False,
        widget=area(2),
        help_text=_("Shown after it has been redeemed."),
    )


class CodeFields(forms.Form):
    """The codes it is used by."""

    codes = radios(_("Codes"), CODES, "shared", "codes")
    code = Text(
        label=_("Shared code"),
        required=False,
        max_length=64,
        # A code is as good as money: it is not kept in the browser.
        widget=UnfoldAdminTextInputWidget({"data-unkept": "", "autocomplete": "off"}),
        help_text=_("Case, spaces and hyphens don't matter when it is typed."),
    )
    count = Count(label=_("Number of codes"), required=False, min_value=1, initial=1_000)
    pattern = Text(
        label=_("Pattern"),
        required=False,
        max_length=64,
        help_text=_("SUMMER-####-####, where # is a random character. Empty: a safe one."),
    )
