"""What visitors of a slot get, by programs."""

import pytest

from sites.models import Slot
from tests.domain import Domain
from tests.sites.api.program import Program, operation_of, program_of

OF_STAGING = "/sites/contoso/slots/staging/maintenance"
VISITORS = "/sites/contoso/slots/staging/visitors"


@pytest.fixture(autouse=True)
def _slots(slots: tuple[Slot, Slot]) -> None:
    """Production and staging."""


def test_maintenance_begins_and_ends(program: Program) -> None:
    assert program.get(OF_STAGING).json() == {"is_on": False, "html": "", "retry_after_seconds": 300, "addresses": []}
    begun = operation_of(program.put(OF_STAGING, {"is_on": True, "html": "<b>Later</b>"}))
    assert begun.outcome == "Visitors of 'contoso (staging)' get its maintenance page."
    assert program.get("/sites/contoso/slots/staging").json()["is_in_maintenance"] is True
    assert program.get("/sites/contoso/slots/production").json()["is_in_maintenance"] is False
    operation_of(program.put(OF_STAGING, {"is_on": False}))
    assert program.get(OF_STAGING).json() == {
        "is_on": False,
        "html": "<b>Later</b>",
        "retry_after_seconds": 300,
        "addresses": [],
    }


def test_a_maintenance_page_is_changed_if_nobody_else_did(program: Program) -> None:
    tag = program.get(OF_STAGING)["ETag"]
    operation_of(program.put(OF_STAGING, {"html": "from A"}, If_Match=tag))
    for body in ({"html": "from B"}, {"is_on": True}, {"html": "", "is_on": True}):
        late = program.put(OF_STAGING, body, If_Match=tag)
        assert (late.status_code, late.json()["code"]) == (412, "PreconditionFailed")
    shown = program.get(OF_STAGING)
    assert (shown.json()["html"], shown.json()["is_on"]) == ("from A", False)
    operation_of(program.put(OF_STAGING, {"is_on": True}, If_Match=shown["ETag"]))
    assert program.get(OF_STAGING)["ETag"] == shown["ETag"], "the switch is no part of the page"


@pytest.mark.parametrize("body", [{"html": "é" * 20_000}, {"retry_after_seconds": 0}, {"is_on": "perhaps"}, {"on": 1}])
def test_what_cannot_be_taken_is_refused(program: Program, body: dict[str, object]) -> None:
    assert program.put(OF_STAGING, body).status_code in (400, 422)
    assert program.get(OF_STAGING).json()["html"] == ""


def test_a_token_that_may_only_look_switches_nothing(domain: Domain, program: Program) -> None:
    reader = program_of(domain.alice, "read")
    assert reader.get(OF_STAGING).status_code == 200
    assert reader.put(OF_STAGING, {"is_on": True}).json()["code"] == "ScopeMissing"


def test_who_may_visit_is_said_and_changed_if_nobody_else_did(program: Program) -> None:
    first = program.get(VISITORS)
    assert first.json() == {"others": "everybody", "addresses": [], "has_password": False}
    body = {"others": "password", "addresses": ["192.0.2.7"], "password": "correct horse"}
    record = operation_of(program.put(VISITORS, body, If_Match=first["ETag"]))
    assert "whoever knows the password may visit" in record.outcome
    assert program.get(VISITORS).json() == {"others": "password", "addresses": ["192.0.2.7/32"], "has_password": True}
    late = program.put(VISITORS, {"others": "everybody"}, If_Match=first["ETag"])
    assert (late.status_code, late.json()["code"]) == (412, "PreconditionFailed")
    for wrong in ({"others": "refused"}, {"others": "x"}, {"others": "password", "password": "short"}, {}):
        assert program.put(VISITORS, wrong).status_code in (400, 422)
    operation_of(program.put(VISITORS, {"others": "sign-in"}))
    assert program.get(VISITORS).json() == {"others": "sign-in", "addresses": [], "has_password": False}
