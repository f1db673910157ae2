"""The web server log on the page: with the deployment of each line, and only of its slot."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from sites.models import Category, Slot
from sites.monitoring import requests
from sites.services.settings import Entry
from tests.domain import Domain

LINE = "2026-11-28T06:00:00.250Z {source} GET /{path} 200 250ms in=1 out=2 id=0a\n"


@pytest.fixture
def production(domain: Domain, settings: LazySettings, tmp_path: Path) -> Slot:
    settings.LOG_DIR = tmp_path
    production, _ = domain.staged()
    (tmp_path / "requests").mkdir()
    return production


def write(slot: Slot, settings: LazySettings, *lines: str) -> None:
    with (settings.LOG_DIR / "requests" / str(slot.pk)).open("a") as log:
        log.writelines(lines)


def test_lines_have_their_deployment_and_are_read_on(production: Slot, settings: LazySettings) -> None:
    source = f"r{production.live_revision_id}/2"
    write(production, settings, LINE.format(source=source, path="one"), LINE.format(source="-", path="two"))
    lines, positions = requests.newest(production.pk, count=10)
    assert [(line.source, line.text.split(" ")[1]) for line in lines] == [(source, "/one"), ("-", "/two")]
    assert lines[0].deployment == production.workload.active_deployment.short_id
    write(production, settings, LINE.format(source=source, path="three"))
    assert [line.text.split(" ")[1] for line in requests.since(production.pk, positions)[0]] == ["/three"]
    assert [line.source for line in requests.kept(production.pk, words="TWO")] == ["-"]


def test_a_slot_without_a_log_has_no_lines(production: Slot) -> None:
    assert requests.newest(production.pk, count=10) == ([], {})
    assert list(requests.kept(production.pk)) == []


def test_the_switch_travels_with_a_swap_and_starts_nothing(domain: Domain, production: Slot) -> None:
    staging = production.site.slots.get(name="staging")
    before = staging.live_revision_id
    domain.save(staging, Entry("web_server_logging", "on"), category=Category.MONITORING)
    staging.refresh_from_db()
    assert staging.live_revision_id == before
    assert requests.is_switched_on(staging.pk) and not requests.is_switched_on(production.pk)
    assert logged(domain) == {"contoso-staging.localhost"}
    domain.swap(staging, production)
    assert requests.is_switched_on(production.pk) and not requests.is_switched_on(staging.pk)
    assert logged(domain) == {"contoso.localhost"}


def logged(domain: Domain) -> set[str]:
    """The host names whose requests the router writes down."""
    tables = domain.router.nodes["router-1"].tables.values()
    return {route.host for table in tables for route in table.hosts if route.is_logged}
