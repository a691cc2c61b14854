"""The page that a voucher's QR code leads to; anybody may open it, without a log-in.

The code stands behind the address's #, which browsers do not send: the page's script sends it
in a body, and so does who types it without one. No log and no cache has it.
"""

import time
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from coupons import clock
from coupons.api.client_address import client_address
from coupons.printing import qr
from redemption.errors import TooManyAttempts
from redemption.looking import look_up

#: Longer than any code, as somebody may type one.
LONGEST = 200
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


# Nothing is changed and no cookie is asked: another site that sends the form learns nothing.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@csp(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # The coupon's colour.
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
)
def code_page(request: HttpRequest, shop: str) -> HttpResponse:
    """Ask for a code; show what the one sent is."""
    asked = request.POST.get("language", "")
    language = asked if asked in dict(settings.LANGUAGES) else translation.get_language() or "en"
    typed = request.POST.get("code", "")[:LONGEST].strip()
    context: dict[str, Any] = {
        "shop": shop,
        "typed": typed,
        "language": language,
        "tag": "zh-Hans" if language == "zh-hans" else language,
        "languages": settings.LANGUAGES,
    }
    headers, status = dict(HEADERS), 200
    with translation.override(language):
        if typed:
            try:
                context |= _looked_up(request, shop=shop, typed=typed, language=language)
            except TooManyAttempts as error:
                context["is_refused"], status = True, 429
                headers["Retry-After"] = str(error.retry_after)
        answer = TemplateResponse(
            request, "codes/page.html", context, status=status, headers=headers
        ).render()
    if asked == language:
        # As the console's switch does.
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    return answer


def _looked_up(request: HttpRequest, *, shop: str, typed: str, language: str) -> dict[str, Any]:
    address = client_address(request)
    look = look_up(
        shop=shop,
        typed=typed,
        language=language,
        ip=str(address) if address else None,
        at=clock.now(request),
        now=time.time(),
    )
    picture = mark_safe(qr.svg(look.link)) if look else ""  # noqa: S308  (shapes alone)
    return {"look": look, "face": look.face if look else None, "qr": picture}
