"""A zero byte is answered with 400 and a sentence, on every database, wherever it is sent."""

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from portal.zero_bytes import ZeroByte, refuse_zero_bytes
from sites.models import Site, Subscription
from tests.portal.conftest import HTMX

SENTENCE = "contains a zero byte, which no text can have"


@pytest.mark.parametrize(
    "address", ["/operations/?q=%00", "/sites/?q=a%00b", "/sites/a%00/staging/dashboard/", "/%00", "/welcome/a%00/"]
)
def test_in_an_address(contoso: Site, alice: Client, address: str) -> None:
    answer = alice.get(address)
    assert answer.status_code == 400 and SENTENCE in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/sign-in/", "username"),
        ("/settings/subscriptions/", "name"),
        ("/new/web-site/", "name"),
        ("/new/name/", "name"),
        ("/sites/tree/", "site"),
        ("/sites/contoso/staging/swap/", "with"),
        ("/sites/contoso/staging/delete/", "typed_name"),
        ("/sites/contoso/staging/configure/", "start_command"),
        ("/sites/contoso/staging/configure/reveal/", "show"),
        ("/password/", "old_password"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_in_a_form(contoso: Site, alice: Client, address: str, field: str, headers: dict[str, str]) -> None:
    before = Subscription.objects.count(), Site.objects.count()
    answer = alice.post(address, {field: "a\0b"}, headers=headers)
    assert 200 <= answer.status_code < 500, address
    assert (Subscription.objects.count(), Site.objects.count()) == before


def test_in_a_cookie(db: None) -> None:
    client = Client(SERVER_NAME="localhost", HTTP_COOKIE=f'{settings.SESSION_COOKIE_NAME}="\\000aaaaaaaaaa"')
    answer = client.get("/sites/")
    assert answer.status_code == 400 and SENTENCE in answer.content.decode()


def test_what_reaches_the_database_is_refused_before_it_is_executed(db: None) -> None:
    with connection.execute_wrapper(refuse_zero_bytes):
        with pytest.raises(ZeroByte), transaction.atomic():
            Subscription.objects.create(name="a\0b")
        with pytest.raises(ZeroByte):
            Subscription.objects.filter(name__contains="\0").exists()
        with pytest.raises(ZeroByte), connection.cursor() as cursor:
            cursor.executemany("SELECT %s", [["a"], ["\0"]])
        assert not Subscription.objects.exists()
