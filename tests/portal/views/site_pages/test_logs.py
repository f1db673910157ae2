"""The log page of a slot: the last lines without scripts, and what comes with them."""

import html
import re

import pytest
from django.test import Client

from sites.models import Slot
from tests.domain import Domain
from tests.portal.views.site_pages.conftest import Address


@pytest.fixture
def revision(domain: Domain, production: Slot) -> int:
    """Of production, which has written two lines."""
    domain.runtime.write_log(
        production.live_revision_id,
        0,
        "2100-01-01T00:00:00.000Z GET /<b>",
        "2100-01-01T00:00:01.000Z \x1b[31mError\x1b[0m",
    )
    return production.live_revision_id


def following(page: str) -> str:
    """Where the page asks for more."""
    return html.unescape(re.search(r'hx-get="([^"]*/logs/more/[^"]*)"', page)[1])


def test_the_page_shows_the_last_lines_with_what_wrote_them(
    alice: Client, production: Slot, staging: Slot, revision: int, address: Address
) -> None:
    page = alice.get(address("logs", production)).content.decode()
    assert "<bdi>GET /&lt;b&gt;</bdi>" in page
    assert "<bdi>Error</bdi>" in page
    assert f"{production.workload.active_deployment.short_id} r{revision}/1</span>" in page
    assert "<bdi>" not in alice.get(address("logs", staging)).content.decode().split('id="log-lines"')[1]


def test_what_is_written_later_is_added_and_not_what_is_shown(
    domain: Domain, alice: Client, production: Slot, revision: int, address: Address
) -> None:
    more = following(alice.get(address("logs", production)).content.decode())
    domain.runtime.write_log(revision, 0, "2100-01-01T00:00:02.000Z later")
    part = alice.get(more).content.decode()
    assert "<bdi>later</bdi>" in part
    assert "Error" not in part
    assert 'hx-swap-oob="true"' in part
    assert "<bdi>" not in alice.get(following(part)).content.decode()


def test_a_page_that_is_paused_asks_for_nothing(
    alice: Client, production: Slot, revision: int, address: Address
) -> None:
    page = alice.get(address("logs", production) + "?follow=0&filter=error").content.decode()
    assert "logs/more" not in page
    assert "Paused" in page
    assert ">Follow</a>" in page
    assert "GET /" not in page


def test_all_that_is_kept_is_downloaded_as_text(
    alice: Client, production: Slot, revision: int, address: Address
) -> None:
    answer = alice.get(address("logs-download", production) + "?filter=get")
    assert answer["Content-Disposition"] == 'attachment; filename="contoso-production-application.log"'
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    said = answer.getvalue().decode()
    assert said.startswith("2100-01-01T00:00:00.000Z ")
    assert said.endswith(f" r{revision}/1 GET /<b>\n")


@pytest.mark.parametrize("tab", ["logs", "logs-more", "logs-download"])
def test_a_reader_does_not_see_it(
    bob: Client, charlie: Client, production: Slot, revision: int, address: Address, tab: str
) -> None:
    answer = bob.get(address(tab, production))
    assert answer.status_code == 403
    assert "applications may write secrets into it" in answer.content.decode()
    assert charlie.get(address(tab, production)).status_code == 404


def test_a_runtime_that_is_away_is_said_on_the_page(
    domain: Domain, alice: Client, production: Slot, revision: int, address: Address
) -> None:
    shown = alice.get(address("logs", production)).content.decode()
    domain.runtime.is_reachable = False
    assert "The agent does not answer" in alice.get(address("logs", production)).content.decode()
    part = alice.get(following(shown)).content.decode()
    assert "The agent does not answer" in part
    domain.runtime.is_reachable = True
    assert "The agent" not in alice.get(following(part)).content.decode()
