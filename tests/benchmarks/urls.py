"""The project's addresses, and a view that returns a constant."""

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import handler404, handler500

__all__ = ["handler404", "handler500"]


class Constant(APIView):
    """What Django REST framework costs when a view does nothing."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        """Return a constant."""
        return Response({"valid": True})


urlpatterns = [
    path("benchmark/constant", Constant.as_view()),
    path("", include("config.urls")),
]
