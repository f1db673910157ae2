"""A program reads what an application wrote, and goes on where it has ended."""

import pytest

from sites.models import Scope, Slot
from tests.domain import Domain
from tests.sites.api.program import Program, program_of

ADDRESS = "/sites/contoso/slots/production/logs"


@pytest.fixture
def production(domain: Domain) -> Slot:
    """It has written two lines."""
    production, _ = domain.staged()
    domain.runtime.write_log(production.live_revision_id, 0, "2100-01-01T00:00:00.000Z one", "\x1b[31mtwo\x1b[0m")
    return production


@pytest.fixture
def program(domain: Domain, production: Slot) -> Program:
    return program_of(domain.alice)


def test_the_last_lines_are_given_and_then_what_came_since(domain: Domain, production: Slot, program: Program) -> None:
    first = program.get(ADDRESS).json()
    assert [line["text"] for line in first["lines"]] == ["one", "two"], "nothing in it steers a terminal"
    assert first["lines"][0]["deployment"] == production.workload.active_deployment.short_id
    assert program.get(f"{ADDRESS}?after={first['next']}").json()["lines"] == []
    domain.runtime.write_log(production.live_revision_id, 0, "2100-01-01T00:00:02.000Z three", "four")
    later = program.get(f"{ADDRESS}?after={first['next']}&filter=THREE").json()
    assert [line["text"] for line in later["lines"]] == ["three"]
    assert [line["text"] for line in program.get(f"{ADDRESS}?lines=1").json()["lines"]] == ["four"]
    assert program.get(f"{ADDRESS}?after=nonsense").status_code == 200


def test_the_log_of_requests_is_another_one(program: Program) -> None:
    assert program.get(f"{ADDRESS}?log=requests").json()["lines"] == []
    assert program.get(f"{ADDRESS}?log=secrets").status_code == 400


def test_who_may_only_read_sees_no_log(domain: Domain, production: Slot) -> None:
    assert program_of(domain.alice, Scope.READ).get(ADDRESS).status_code == 403
    assert program_of(domain.bob).get(ADDRESS).status_code == 403
    assert program_of(domain.charlie).get(ADDRESS).status_code == 404
