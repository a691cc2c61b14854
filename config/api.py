"""The table of every address of the API."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from campaigns.api.customers import CustomerEndpoint, CustomersBulkEndpoint
from coupons.api import coupons as life
from coupons.api.channels import ChannelEndpoint
from coupons.api.codes import CouponCodesEndpoint, JobCancelEndpoint, JobEndpoint, LookupEndpoint
from coupons.api.pools import CouponPoolsEndpoint
from coupons.api.products import ProductEndpoint, ProductsBulkEndpoint
from coupons.api.rates import ExchangeRatesEndpoint
from coupons.api.taxes import TaxRateEndpoint
from coupons.states import MOVES
from redemption.api import webhooks
from redemption.api.batches import BatchEndpoint, BatchesEndpoint, BatchResultEndpoint
from redemption.api.events import EventsEndpoint
from redemption.api.holds import ConfirmationEndpoint, ReleaseEndpoint
from redemption.api.reversals import RefundsEndpoint, ReversalsEndpoint, SplitsEndpoint
from redemption.api.views import (
    QualificationsEndpoint,
    RedemptionEndpoint,
    RedemptionsEndpoint,
    ValidationsEndpoint,
)
from redemption.counting import counted

urlpatterns = [
    # Checkout
    path("validations", ValidationsEndpoint.as_view()),
    path("qualifications", QualificationsEndpoint.as_view()),
    path("redemptions", RedemptionsEndpoint.as_view()),
    path("redemptions/<uuid:redemption_id>", RedemptionEndpoint.as_view()),
    path("redemptions/<uuid:redemption_id>/confirmation", ConfirmationEndpoint.as_view()),
    path("redemptions/<uuid:redemption_id>/release", ReleaseEndpoint.as_view()),
    path("redemptions/<uuid:redemption_id>/reversals", ReversalsEndpoint.as_view()),
    path("orders/<path:order>/refunds", RefundsEndpoint.as_view()),
    path("orders/<path:order>/splits", SplitsEndpoint.as_view()),
    path("batches", BatchesEndpoint.as_view()),
    path("batches/<uuid:batch_id>", BatchEndpoint.as_view()),
    path("batches/<uuid:batch_id>/result", BatchResultEndpoint.as_view()),
    # Customers, products, events
    path("customers/bulk", CustomersBulkEndpoint.as_view()),
    path("customers/<str:ref>", CustomerEndpoint.as_view()),
    path("products/bulk", ProductsBulkEndpoint.as_view()),
    path("products/<path:sku>", ProductEndpoint.as_view()),
    path("events", EventsEndpoint.as_view()),
    # Coupons
    path("coupons", life.CouponsEndpoint.as_view(counted=counted)),
    path("coupons/<slug:slug>", life.CouponEndpoint.as_view(counted=counted)),
    *(
        path(f"coupons/<slug:slug>/{verb}", life.step_endpoint(move).as_view(counted=counted))
        for verb, move in MOVES.items()
        if move.scope
    ),
    path("coupons/<slug:slug>/replacement", life.ReplacementEndpoint.as_view(counted=counted)),
    path("coupons/<slug:slug>/codes", CouponCodesEndpoint.as_view()),
    path("coupons/<slug:slug>/pools", CouponPoolsEndpoint.as_view()),
    path("codes/lookup", LookupEndpoint.as_view()),
    path("jobs/<uuid:job_id>", JobEndpoint.as_view()),
    path("jobs/<uuid:job_id>/cancel", JobCancelEndpoint.as_view()),
    # Settings that programs make
    path("channels/<str:slug>", ChannelEndpoint.as_view()),
    path("exchange-rates", ExchangeRatesEndpoint.as_view()),
    path("tax-rates/<str:country>", TaxRateEndpoint.as_view()),
    path("webhook-endpoints", webhooks.WebhookEndpointsEndpoint.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>", webhooks.WebhookEndpointEndpoint.as_view()),
    path("webhook-endpoints/<uuid:endpoint_id>/secret", webhooks.WebhookSecretEndpoint.as_view()),
    # The document
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    # Split: the content security policy lets no script stand in the page itself.
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
]
