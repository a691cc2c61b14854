"""Every address of the project."""

from django.contrib import admin
from django.urls import include, path

from config import health
from coupons import views
from redemption.views.code_page import code_page

handler400 = "config.problems.bad_request"
handler403 = "config.problems.forbidden"
handler404 = "config.problems.not_found"
handler500 = "config.problems.server_error"

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("pictures/<uuid:pk>", views.picture, name="picture"),
    path("c/<slug:shop>", code_page, name="code_page"),
    path("desk/", include("redemption.views.urls")),
    path("api/v1/", include("config.api")),
    path("", admin.site.urls),
]
