"""The Configure tab saves what was typed, hides connection strings and shows them on request."""

from django.test import Client

from sites.models import Operation, Slot, SlotSetting
from sites.services.settings import read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.conftest import Address

PREFIXES = ("app_settings", "connection_strings", "mounts")


def _typed(start_command: str = "", **rows: list[dict[str, str]]) -> dict[str, str]:
    """What the page's form sends for these rows."""
    data = {"start_command": start_command}
    for prefix in PREFIXES:
        entries = rows.get(prefix, [])
        data |= {f"{prefix}-TOTAL_FORMS": str(len(entries) + 1), f"{prefix}-INITIAL_FORMS": str(len(entries))}
        for number, entry in enumerate(entries):
            data |= {f"{prefix}-{number}-{key}": value for key, value in entry.items()}
    return data


def _save(domain: Domain, client: Client, address: str, **typed: object) -> Operation:
    answer = client.post(address, _typed(**typed))
    assert answer.status_code == 303, answer.content.decode()
    return domain.work(Operation.objects.filter(kind="change_settings").first())


def test_several_sections_are_saved_as_one_operation(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    _save(
        domain,
        alice,
        address("configure", staging),
        app_settings=[{"name": "GREETING", "value": "hello", "is_sticky": "on"}, {"name": "EMPTY", "value": ""}],
        connection_strings=[{"name": "main", "value": "postgres://x", "kind": "PostgreSQL"}],
        mounts=[{"name": "uploads", "value": "/data"}],
    )
    assert Operation.objects.filter(kind="change_settings").count() == 1
    entries = {entry.name: entry for entry in read_settings(staging, "app_settings")}
    assert (entries["GREETING"].value, entries["GREETING"].is_sticky) == ("hello", True)
    assert (entries["EMPTY"].value, entries["EMPTY"].is_sticky) == ("", False)
    assert read_settings(staging, "connection_strings")[0].kind == "PostgreSQL"
    assert read_settings(staging, "mounts")[0].is_sticky


def test_connection_strings_are_hidden_and_kept_when_left_empty(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    strings = [{"name": "main", "value": "postgres://secret", "kind": "PostgreSQL"}]
    _save(domain, alice, address("configure", staging), connection_strings=strings)
    page = alice.get(address("configure", staging)).content.decode()
    assert "main" in page
    assert "postgres://secret" not in page
    kept = [{"name": "renamed", "value": "", "kind": "PostgreSQL", "kept": "main"}]
    _save(domain, alice, address("configure", staging), connection_strings=kept)
    (entry,) = read_settings(staging, "connection_strings")
    assert (entry.name, entry.value) == ("renamed", "postgres://secret")


def test_connection_strings_are_shown_on_request_and_that_is_recorded(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    strings = [{"name": "main", "value": "postgres://secret", "kind": "Custom"}]
    _save(domain, alice, address("configure", staging), connection_strings=strings)
    answer = alice.post(address("strings-reveal", staging))
    assert "postgres://secret" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert Operation.objects.get(kind="reveal").outcome.endswith("were shown: main.")


def test_without_connection_strings_there_is_nothing_to_show(alice: Client, staging: Slot, address: Address) -> None:
    assert alice.post(address("strings-reveal", staging)).status_code == 404


def test_a_removed_row_is_gone(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    rows = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    _save(domain, alice, address("configure", staging), app_settings=rows)
    _save(domain, alice, address("configure", staging), app_settings=[{**rows[0], "DELETE": "on"}, rows[1]])
    assert [entry.name for entry in read_settings(staging, "app_settings")] == ["B"]


def test_a_fault_saves_nothing_and_says_which(alice: Client, staging: Slot, address: Address) -> None:
    data = _typed(app_settings=[{"name": "GOOD", "value": "1"}, {"name": "MY KEY", "value": "2"}])
    answer = alice.post(address("configure", staging), data, headers=HTMX)
    assert answer.status_code == 400
    assert "MY KEY" in answer.content.decode()
    assert not SlotSetting.objects.exists()


def test_saving_what_is_there_begins_no_operation(alice: Client, staging: Slot, address: Address) -> None:
    answer = alice.post(address("configure", staging), _typed())
    assert answer.status_code == 400
    assert not Operation.objects.filter(kind="change_settings").exists()


def test_the_start_command_is_a_general_setting(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    _save(domain, alice, address("configure", staging), start_command="python serve.py")
    assert 'value="python serve.py"' in alice.get(address("configure", staging)).content.decode()
