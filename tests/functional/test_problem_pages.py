"""What a person sees when a page cannot be shown: their language, the reason, a way on."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from config.urls import handler400, handler403, handler404, handler500
from tests.people import People

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.django_db


def failing(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that comes to nothing."""

    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    path("400", failing(SuspiciousOperation())),
    path("403", failing(PermissionDenied())),
    path("500", failing(ZeroDivisionError())),
    path("503", failing(OperationalError())),
    path("desk/500", failing(ZeroDivisionError())),
    path("api/v1/500", failing(ZeroDivisionError())),
    path("api/v1/503", failing(OperationalError())),
    path("", include("config.urls")),
]

TITLES = {
    400: ("This request makes no sense here", "此请求无法处理"),
    403: ("You may not open this page", "您无权打开此页面"),
    404: ("There is no such page", "没有这个页面"),
    500: ("Something went wrong here", "出了点问题"),
    503: ("The database cannot be reached", "暂时无法连接数据库"),
}


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("status", TITLES)
@pytest.mark.parametrize(("place", "language"), [(0, "en"), (1, "zh-hans")])
def test_the_page_says_what_is_wrong_in_the_readers_language(
    visitor: Client, status: int, place: int, language: str
) -> None:
    answer = visitor.get(f"/{status}", headers={"Accept-Language": language})
    assert answer.status_code == status
    page = answer.content.decode()
    assert f"<h1>{TITLES[status][place]}</h1>" in page
    assert f'<html lang="{language}">' in page
    assert (answer["X-Request-Id"] in page) == (status >= 500)
    assert answer.get("Retry-After") == ("2" if status == 503 else None)
    # Who is not logged in has no console to go to.
    assert "<a " not in page


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(("address", "first"), [("/404", "/"), ("/desk/500", "/desk/")])
def test_who_is_logged_in_has_a_way_on(address: str, first: str) -> None:
    client = People.meet().alice.client
    client.raise_request_exception = False
    assert f'<a href="{first}">' in client.get(address).content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("status", "code"), [(500, "internal_error"), (503, "database_unavailable")]
)
def test_a_program_gets_a_problem(visitor: Client, status: int, code: str) -> None:
    answer = visitor.get(f"/api/v1/{status}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
