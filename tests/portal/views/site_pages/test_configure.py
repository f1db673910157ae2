"""The Configure tab saves what was typed, hides connection strings and shows them on request."""

import html
import re

import pytest
from django.test import Client

from sites.models import Operation, Slot, SlotSetting
from sites.services import slots
from sites.services.handler_mappings import from_value
from sites.services.settings import Entry, read_settings, save_settings
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
        mounts=[{"name": "uploads", "value": "/data", "is_sticky": "on"}],
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
    page = alice.get(address("configure", staging)).content.decode()
    assert 'value="python serve.py"' in page and "It takes effect with the next publication." in page


def test_a_new_start_command_leaves_the_instances_alone_until_the_next_publication(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    running = domain.revision_behind("contoso-staging.localhost")
    _save(domain, alice, address("configure", staging), start_command="python serve.py")
    assert domain.revision_behind("contoso-staging.localhost") == running
    domain.publish(staging, "three")
    assert "python serve.py" in str(domain.revision_behind("contoso-staging.localhost").runnable["command"])


def test_a_persistent_folder_that_travels_has_an_empty_box(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    _save(domain, alice, address("configure", staging), mounts=[{"name": "uploads", "value": "/data"}])
    rows = alice.get(address("configure", staging)).context["rows"]["mounts"].rows
    assert [(row.entry.name, row.entry.is_sticky) for row in rows] == [("uploads", False), ("", True)]
    assert not read_settings(staging, "mounts")[0].is_sticky


def _loaded(client: Client, address: str) -> dict[str, str]:
    """The form as the page has it, as a browser would send it back."""
    page = client.get(address).content.decode().split('id="configure-form"')[1].split('id="reveal-strings"')[0]
    page = re.sub(r"<template>.*?</template>", "", page, flags=re.S)
    sent = {}
    for tag in re.findall(r"<input [^>]*>", page):
        found = {key: html.unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if found.get("type") not in ("radio", "checkbox") or " checked" in tag:
            sent[found["name"]] = found.get("value", "on")
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', page, flags=re.S):
        sent[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', page, flags=re.S):
        sent[name] = re.search(r"<option selected[^>]*>(\w+)", options).group(1)
    return sent


def _text(content: bytes) -> str:
    return html.unescape(content.decode())


def test_a_page_that_was_loaded_and_changed_is_saved_whole(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    page = _loaded(alice, address("configure", staging))
    changed = {
        "web_sockets": "off",
        "default_documents": "start.html\r\nindex.html\r\n",
        "warmup_paths": "/\r\n/health",
        "warmup_statuses": "200-399",
        "warmup_tries": "3",
        "handler_mappings-0-name": ".cgi",
        "handler_mappings-0-value": "/usr/bin/perl",
        "handler_mappings-0-arguments": "-T",
        "is_auto_swapped": "on",
        "drain_limit_seconds": "60",
    }
    assert alice.post(address("configure", staging), {**page, **changed}).status_code == 303
    domain.work(Operation.objects.get(kind="change_settings"))
    staging.refresh_from_db()
    assert (staging.is_auto_swapped, staging.drain_limit_seconds) == (True, 60)
    assert [entry.value for entry in read_settings(staging, "default_documents")] == ["start.html", "index.html"]
    assert {entry.name: entry.value for entry in read_settings(staging, "general")} == {"web_sockets": "off"}
    assert from_value(read_settings(staging, "handler_mappings")[0].value) == ("/usr/bin/perl", "-T")
    assert {entry.name: entry.value for entry in read_settings(staging, "warmup")} == {
        "paths": "/\n/health",
        "statuses": "200-399",
        "tries": "3",
    }
    again = _loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), again, headers=HTMX).status_code == 400


def test_what_only_concerns_swaps_is_saved_at_once(alice: Client, production: Slot, address: Address) -> None:
    page = _loaded(alice, address("configure", production))
    assert alice.post(address("configure", production), {**page, "rollback_window_seconds": "0"}).status_code == 303
    operation = Operation.objects.get(kind="change_settings")
    production.refresh_from_db()
    assert (production.rollback_window_seconds, operation.state) == (0, "succeeded")


def test_whoever_saves_second_sees_both_and_loses_nothing(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    domain.save(staging, Entry("COLOUR", "red"), Entry("SIZE", "1"), Entry("OLD", "x"))
    page = _loaded(alice, address("configure", staging))
    domain.save(staging, Entry("COLOUR", "green"), Entry("SIZE", "2"), Entry("NEW", "y"))
    mine = {name: "blue" for name, value in page.items() if value == "red"}
    sent = {**page, **mine, "web_sockets": "off"}
    for headers, seen in (({}, "<html"), (HTMX, 'name="expected"')):
        answer = alice.post(address("configure", staging), sent, headers=headers)
        text = _text(answer.content)
        assert answer.status_code == 409 and seen in text
        assert "alice saved the configuration of 'contoso (staging)'" in text
        assert 'value="blue"' in text and "in force is 'green'" in text
        assert 'value="2"' in text and 'value="NEW"' in text and 'value="OLD"' not in text
        assert 'name="web_sockets" value="off" checked' in text
    assert answer["HX-Retarget"] == "#configure-form"
    both = _loaded_from(text)
    assert alice.post(address("configure", staging), both).status_code == 303
    domain.work(Operation.objects.filter(kind="change_settings").first())
    entries = {entry.name: entry.value for entry in read_settings(staging, "app_settings")}
    assert entries == {"COLOUR": "blue", "SIZE": "2", "NEW": "y"}
    assert [entry.value for entry in read_settings(staging, "general")] == ["off"]


def _loaded_from(text: str) -> dict[str, str]:
    """As `_loaded`, of a part that was sent in place of the form's content."""

    class Shown:
        content = f'id="configure-form"{text}id="reveal-strings"'.encode()

        def get(self, _address: str) -> "Shown":
            return self

    return _loaded(Shown(), "")  # type: ignore[arg-type]


def test_without_scripts_a_refusal_gives_back_what_was_typed(alice: Client, staging: Slot, address: Address) -> None:
    page = _loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "MY KEY", "app_settings-0-value": "kept", "start_command": "python x.py"}
    answer = alice.post(address("configure", staging), {**page, **typed})
    text = _text(answer.content)
    assert answer.status_code == 400
    assert "'MY KEY' cannot be saved" in text
    assert 'value="MY KEY"' in text and 'value="kept"' in text and 'value="python x.py"' in text


def test_pasted_lines_become_settings(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    domain.save(staging, Entry("A", "old", is_sticky=True))
    page = _loaded(alice, address("configure", staging))
    lines = "# comment\n\nA=new\nURL=postgres://u:p=1@host/db\n"
    assert alice.post(address("configure", staging), {**page, "app_settings-lines": lines}).status_code == 303
    found = {entry.name: (entry.value, entry.is_sticky) for entry in read_settings(staging, "app_settings")}
    assert found == {"A": ("new", True), "URL": ("postgres://u:p=1@host/db", False)}


def test_a_pasted_line_without_equals_is_named_by_its_number(alice: Client, staging: Slot, address: Address) -> None:
    page = _loaded(alice, address("configure", staging))
    answer = alice.post(
        address("configure", staging), {**page, "app_settings-lines": "A=1\nsecret words"}, headers=HTMX
    )
    assert answer.status_code == 400
    assert "Line 2 of the pasted lines" in _text(answer.content) and "secret words" not in _text(answer.content)


def test_lines_of_an_env_file_are_read_as_its_tools_do(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    page = _loaded(alice, address("configure", staging))
    lines = (
        'export A="with space"\r\nB=\'single\'\r\n  # comment\r\nC="a" and "b"\r\nD = x=y== \r\nE=\r\n'
        'F={"k": "v"}\r\nG="\rH=Grüße\u2028☃\n\texport\tI=1'
    )
    assert alice.post(address("configure", staging), {**page, "app_settings-lines": lines}).status_code == 303
    assert {entry.name: entry.value for entry in read_settings(staging, "app_settings")} == {
        "A": "with space",
        "B": "single",
        "C": '"a" and "b"',
        "D": "x=y==",
        "E": "",
        "F": '{"k": "v"}',
        "G": '"',
        "H": "Grüße\u2028☃",
        "I": "1",
    }


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("A=1\n\nA=2", "Line 3 of the pasted lines has the key 'A' a second time"),
        ("A=1\n=hidden", "Line 2 of the pasted lines has no key before its '='"),
    ],
)
def test_lines_that_would_lose_a_value_are_refused(
    alice: Client, staging: Slot, address: Address, lines: str, sentence: str
) -> None:
    page = _loaded(alice, address("configure", staging))
    answer = alice.post(address("configure", staging), {**page, "app_settings-lines": lines})
    text = _text(answer.content)
    assert answer.status_code == 400 and sentence in text
    assert lines in text, "what was pasted is still there"
    assert not SlotSetting.objects.exists()


@pytest.mark.parametrize("way", ["pasted", "typed"])
def test_a_new_setting_whose_name_sticks_in_the_other_slot_leaves_that_one_alone(
    domain: Domain, alice: Client, production: Slot, staging: Slot, address: Address, way: str
) -> None:
    domain.save(production, Entry("MARK", "p", is_sticky=True))
    typed = {"app_settings-0-name": "MARK", "app_settings-0-value": "s"}
    new = {"app_settings-lines": "MARK=s"} if way == "pasted" else typed
    page = _loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), {**page, **new}).status_code == 303
    assert read_settings(staging, "app_settings") == [Entry("MARK", "s", is_sticky=True)]
    assert read_settings(production, "app_settings") == [Entry("MARK", "p", is_sticky=True)]


def test_a_mark_that_is_taken_off_is_off_in_both_slots(
    domain: Domain, alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    for slot in (production, staging):
        domain.save(slot, Entry("MARK", slot.name, is_sticky=True))
    page = _loaded(alice, address("configure", staging))
    del page["app_settings-0-is_sticky"]
    assert alice.post(address("configure", staging), page).status_code == 303
    for slot in (production, staging):
        assert read_settings(slot, "app_settings") == [Entry("MARK", slot.name)]


def test_a_name_that_is_too_long_is_refused_with_its_reason_and_nothing_typed_is_lost(
    alice: Client, staging: Slot, address: Address
) -> None:
    page = _loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "A" * 129, "app_settings-0-value": "kept"}
    answer = alice.post(address("configure", staging), {**page, **typed})
    assert answer.status_code == 400
    assert "at most 128 in all" in _text(answer.content) and 'value="kept"' in _text(answer.content)


def test_settings_that_nothing_runs_with_are_marked_until_they_are_in_force(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    mark = "did not start with them"
    assert mark not in _text(alice.get(address("configure", staging)).content)
    domain.answer_everything("500")
    operation = save_settings(
        acting_user=domain.alice, slot=staging, category="app_settings", entries=[Entry("COLOUR", "blue")]
    )
    assert mark not in _text(alice.get(address("configure", staging)).content), "it is being tried"
    assert domain.work(operation).state == "failed"
    assert mark in _text(alice.get(address("configure", staging)).content)
    busy = alice.get(address("configure", staging), headers={**HTMX, "HX-Target": "busy"})
    assert mark in _text(busy.content)
    domain.answers = {}
    assert domain.work(slots.restart(acting_user=domain.alice, slot=staging)).state == "succeeded"
    assert mark not in _text(alice.get(address("configure", staging)).content)


def test_a_reader_sees_names_and_no_values(
    domain: Domain, bob: Client, alice: Client, staging: Slot, address: Address
) -> None:
    domain.save(staging, Entry("KEY", "not-for-readers"))
    domain.save(staging, Entry("Db", "not-for-readers", "Custom"), category="connection_strings")
    text = _text(bob.get(address("configure", staging)).content)
    assert 'value="KEY"' in text and 'value="Db"' in text
    assert "not-for-readers" not in text
    assert "not-for-readers" in _text(alice.get(address("configure", staging)).content)


def test_connection_strings_shared_with_production_are_marked_until_they_differ(
    domain: Domain, alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    for slot in (production, staging):
        domain.save(slot, Entry("main", "same", "Custom"), category="connection_strings")
    assert "same as production" in _text(alice.get(address("configure", staging)).content)
    assert "same as production" not in _text(alice.get(address("configure", production)).content)
    domain.save(staging, Entry("main", "own", "Custom"), category="connection_strings")
    assert "same as production" not in _text(alice.get(address("configure", staging)).content)


def test_staging_says_that_it_goes_into_production_as_it_stands(
    alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    text = _text(alice.get(address("configure", staging)).content)
    assert "Configure it now exactly as production is to be" in text
    assert "/sites/contoso/compare/?with=staging" in text
    assert "exactly as production" not in _text(alice.get(address("configure", production)).content)


def test_a_number_that_is_none_is_refused(alice: Client, staging: Slot, address: Address) -> None:
    page = _loaded(alice, address("configure", staging))
    answer = alice.post(address("configure", staging), {**page, "drain_limit_seconds": "soon"}, headers=HTMX)
    assert answer.status_code == 400
    assert "'soon' is no number of seconds" in _text(answer.content)
