"""Who may see, complete and roll back a swap."""

import pytest
from django.test import Client

from sites.models import Operation
from tests.portal.conftest import HTMX
from tests.portal.views.conftest import SLOT

QUESTIONS = ("complete/", "rollback/")


@pytest.mark.parametrize("question", QUESTIONS)
def test_readers_and_strangers_are_neither_asked_nor_obeyed(
    swapped: Operation, bob: Client, charlie: Client, browser: object, question: str
) -> None:
    before = Operation.objects.count()
    for method in ("get", "post"):
        assert getattr(bob, method)(SLOT + question, headers=HTMX).status_code == 403
        assert getattr(charlie, method)(SLOT + question).status_code == 404
        assert getattr(browser(None), method)(SLOT + question).status_code == 302
    assert Operation.objects.count() == before


@pytest.mark.parametrize("page", ["dashboard/", "swaps/"])
def test_what_only_shows_takes_no_order_and_tells_strangers_nothing(
    swapped: Operation, bob: Client, charlie: Client, browser: object, page: str
) -> None:
    assert bob.get(SLOT + page).status_code == 200
    assert bob.post(SLOT + page).status_code == 405
    assert charlie.get(SLOT + page).status_code == 404
    assert browser(None).get(SLOT + page).status_code == 302
