"""The query of the operation logs, its table, its file, its details and the way back of what was deleted."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from sites.models import DeletedSlot, Operation, OperationState, Site
from sites.services import slots
from tests.domain import Domain
from tests.portal.conftest import HTMX


def found(client: Client, **query: str) -> list[Operation]:
    return list(client.get("/operations/", query).context["page"].object_list)


@pytest.fixture
def deletion(domain: Domain, contoso: Site) -> Operation:
    """The ended deletion of contoso's staging site."""
    staging = contoso.slots.get(name="staging")
    return domain.work(slots.delete_staging(acting_user=domain.alice, slot=staging))


def test_each_field_narrows_what_is_found(domain: Domain, alice: Client, contoso: Site) -> None:
    domain.create("fabrikam")
    Operation.objects.filter(target="fabrikam").update(state=OperationState.FAILED, actor_name="Dora")
    everything = found(alice)
    assert {operation.kind for operation in found(alice, kind="publish")} == {"publish"}
    assert [operation.target for operation in found(alice, status="failed")] == ["fabrikam"]
    assert [operation.target for operation in found(alice, person="dora")] == ["fabrikam"]
    assert {operation.target for operation in found(alice, site="Contoso")} == {"contoso", "contoso (staging)"}
    assert found(alice, status="open") == []
    assert found(alice, kind="golden") == everything


def test_times_are_read_in_the_zone_that_is_given(alice: Client, contoso: Site) -> None:
    Operation.objects.update(created_at="2014-02-15T21:30:00Z")
    assert found(alice, **{"from": "2014-02-15T22:00", "zone": "Europe/Berlin"})
    assert not found(alice, **{"from": "2014-02-15T22:00"})
    assert not found(alice, **{"to": "2014-02-15T22:00", "zone": "Europe/Berlin"})
    page = alice.get("/operations/", {"zone": "Europe/Berlin"}).content.decode()
    assert "2014-02-15 22:30:00" in page and "Times are in Europe/Berlin" in page


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"zone": "Mars/Base"}, {"zone": "../x"}, {"status": "odd"}])
def test_what_cannot_be_read_is_left_out_and_said(alice: Client, contoso: Site, query: dict[str, str]) -> None:
    answer = alice.get("/operations/", query)
    assert answer.status_code == 200 and answer.context["page"].object_list
    assert next(iter(query.values())) in "".join(answer.context["query"].faults)


def test_the_query_acts_at_once_and_leaves_its_address(alice: Client, contoso: Site) -> None:
    answer = alice.get("/operations/?site=contoso&kind=&zone=", headers={**HTMX, "HX-Target": "logs"})
    assert answer["HX-Replace-Url"] == "/operations/?site=contoso"
    text = answer.content.decode()
    assert "<html" not in text and 'id="command-details"' in text


def test_commands_act_on_the_selected_operation(alice: Client, bob: Client, deletion: Operation) -> None:
    none = alice.get("/operations/").context["commands"]
    assert [bool(command.reason) for command in none] == [True, True, False]
    selected = {"selected": str(deletion.public_id)}
    assert [bool(command.reason) for command in alice.get("/operations/", selected).context["commands"]] == [False] * 3
    assert "not change" in bob.get("/operations/", selected).context["commands"][1].reason


def test_the_number_of_queries_does_not_grow(domain: Domain, alice: Client, contoso: Site) -> None:
    few = counted_queries(alice)
    domain.staged("fabrikam")
    Operation.objects.update(dismissed_at=timezone.now())
    assert counted_queries(alice) == few


def counted_queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get("/operations/")
    return len(captured)


def test_the_file_holds_what_is_asked_for_and_no_formula(
    domain: Domain, alice: Client, charlie: Client, contoso: Site
) -> None:
    Operation.objects.filter(kind="publish", target="contoso").update(actor_name="=HYPERLINK(1)", outcome="+1\n-1")
    answer = alice.get("/operations/export.csv?site=contoso&kind=publish")
    assert answer["Content-Type"].startswith("text/csv") and ".csv" in answer["Content-Disposition"]
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines(keepends=True)))
    assert len(rows) == 2 and {row["Operation"] for row in rows} == {"Publication"}
    spoilt = next(row for row in rows if row["Web site"] == "contoso")
    assert spoilt["Person"] == "'=HYPERLINK(1)" and spoilt["Outcome"] == "'+1 -1"
    assert len(b"".join(charlie.get("/operations/export.csv").streaming_content).decode().splitlines()) == 1


def test_details_are_lines_with_times_in_a_sheet_or_on_a_page(alice: Client, contoso: Site) -> None:
    operation = Operation.objects.filter(kind="publish").first()
    page = alice.get(f"/operations/{operation.public_id}/").content.decode()
    sheet = alice.get(f"/operations/{operation.public_id}/", headers={**HTMX, "HX-Target": "drawer"}).content.decode()
    for text in (page, sheet):
        assert "Operation details" in text and "Copy to clipboard" in text
        assert all(step.get_step_display() in text for step in operation.steps.all())
    assert "<html" in page and "<html" not in sheet and "data-drawer" in sheet


def test_restore_stands_in_the_row_and_asks_first(
    domain: Domain, alice: Client, contoso: Site, deletion: Operation
) -> None:
    address = f"/operations/{deletion.public_id}/restore/"
    assert address in alice.get("/operations/").content.decode()
    for headers in ({}, HTMX):
        question = alice.get(address, headers=headers).content.decode()
        assert "restore 'contoso (staging)'?" in question and "'<bdi>two</bdi>'" in question
    assert alice.post(address, headers=HTMX).status_code == 200
    assert domain.work(Operation.objects.latest("pk")).state == "succeeded"
    assert domain.serves("contoso-staging.localhost") == "two"
    assert address not in alice.get("/operations/").content.decode()
    assert alice.post(address, headers=HTMX).status_code == 409


def test_what_is_no_longer_kept_is_not_offered(alice: Client, deletion: Operation) -> None:
    DeletedSlot.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert f"/operations/{deletion.public_id}/restore/" not in alice.get("/operations/").content.decode()


def test_readers_and_strangers_restore_nothing(bob: Client, charlie: Client, deletion: Operation) -> None:
    address = f"/operations/{deletion.public_id}/restore/"
    assert bob.post(address, headers=HTMX).status_code == 403
    assert charlie.get(address).status_code == charlie.post(address).status_code == 404
    assert Operation.objects.filter(kind="restore").count() == 0


def test_an_actor_who_may_no_longer_change_restores_nothing(domain: Domain, alice: Client, deletion: Operation) -> None:
    User.objects.get(username="alice").memberships.update(role="reader")
    assert alice.post(f"/operations/{deletion.public_id}/restore/", headers=HTMX).status_code == 403
