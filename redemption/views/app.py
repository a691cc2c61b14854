"""What a browser keeps to put the desk on the home screen: no codes, no people, no answers."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

COLOR = "#0a6c86"
ICONS = (("icon-192.png", "192x192"), ("icon-512.png", "512x512"))


@require_safe
def manifest(_request: HttpRequest) -> HttpResponse:
    """Describe the desk to the browser that installs it."""
    return JsonResponse(
        {
            "id": reverse("desk:desk"),
            "name": _("Redemption desk"),
            "short_name": _("Desk"),
            "lang": get_language(),
            "start_url": reverse("desk:desk"),
            "scope": reverse("desk:desk"),
            "display": "standalone",
            "background_color": "#ffffff",
            "theme_color": COLOR,
            "icons": [
                {
                    "src": static(f"desk/{name}"),
                    "sizes": sizes,
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, sizes in ICONS
                for purpose in ("any", "maskable")
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Answer the script that keeps the look of the pages, and says when there is no network."""
    answer = render(request, "desk/worker.js", content_type="text/javascript")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Say that nothing works without a network; the worker keeps this page."""
    return render(request, "desk/offline.html")
