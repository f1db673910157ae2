"""Pages of errors, in the style and with a way on."""

import pytest
from django.test import Client

from portal.views import sites
from tests.portal.conftest import HTMX


def test_nothing_here_looks_like_the_portal(alice: Client) -> None:
    page = alice.get("/nothing/")
    assert page.status_code == 404
    assert "There is nothing at this address." in page.content.decode()
    part = alice.get("/nothing/", headers=HTMX)
    assert part.status_code == 404 and part["HX-Retarget"] == "#notification"


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_what_breaks_says_that_the_sites_go_on(
    alice: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(sites, "read_tree", broken)
    alice.raise_request_exception = False
    answer = alice.get("/sites/", headers=headers)
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "sites keep serving" in text and "boom" not in text
