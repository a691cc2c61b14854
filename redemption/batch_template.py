"""The sheet that codes used elsewhere are brought in with."""

from django.utils.translation import gettext_lazy

from coupons.sheets.columns import Column, Holds, SheetShape

SHAPE = SheetShape(
    name="redeemed-codes",
    title=gettext_lazy("Redeemed codes"),
    changes=False,
    columns=(
        Column(
            name="code",
            heading=gettext_lazy("Code"),
            about=gettext_lazy("The code that was used. Needed."),
            holds=Holds.CODE,
            required=True,
            also=("coupon code", "优惠码", "券号"),
        ),
        Column(
            name="order",
            heading=gettext_lazy("Order"),
            about=gettext_lazy("Your order number. Needed."),
            required=True,
            longest=100,
            also=("order number", "order id", "订单号", "订单编号"),
        ),
        Column(
            name="amount",
            heading=gettext_lazy("Amount"),
            about=gettext_lazy("What the goods cost, such as 19.99, in your currency."),
            holds=Holds.AMOUNT,
        ),
        Column(
            name="redeemed_at",
            heading=gettext_lazy("Redeemed at"),
            about=gettext_lazy("When, such as 2026-03-04 12:00, in your time zone. Empty: now."),
            holds=Holds.MOMENT,
        ),
        Column(
            name="note",
            heading=gettext_lazy("Note"),
            about=gettext_lazy("Whatever you want to remember."),
        ),
    ),
    key="code",
)
