"""The Configure tab saves what was typed as one operation, and gives back what it cannot save."""

import re

from django.test import Client

from sites.general_settings import GENERAL_DEFAULTS, MONITORING_DEFAULTS, WARMUP_DEFAULTS
from sites.models import Operation, Slot, SlotSetting
from sites.services import slots
from sites.services.handler_mappings import from_value
from sites.services.settings import Entry, read_settings, save_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.configure_form import as_read, fields, filled, loaded, save, shown
from tests.portal.views.site_pages.conftest import Address


def test_several_sections_are_saved_as_one_operation(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    save(
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


def test_each_general_setting_has_a_control(alice: Client, staging: Slot, address: Address) -> None:
    page = alice.get(address("configure", staging)).content.decode()
    wanted = [*GENERAL_DEFAULTS, *MONITORING_DEFAULTS, *(f"warmup_{name}" for name in WARMUP_DEFAULTS)]
    assert [name for name in wanted if f' name="{name}"' not in page] == []


def test_a_removed_row_is_gone(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    rows = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    save(domain, alice, address("configure", staging), app_settings=rows)
    save(domain, alice, address("configure", staging), app_settings=[{**rows[0], "DELETE": "on"}, rows[1]])
    assert [entry.name for entry in read_settings(staging, "app_settings")] == ["B"]


def test_a_fault_saves_nothing_and_says_which(alice: Client, staging: Slot, address: Address) -> None:
    data = filled(app_settings=[{"name": "GOOD", "value": "1"}, {"name": "MY KEY", "value": "2"}])
    answer = alice.post(address("configure", staging), data, headers=HTMX)
    assert answer.status_code == 400
    assert "MY KEY" in answer.content.decode()
    assert not SlotSetting.objects.exists()


def test_saving_what_is_there_begins_no_operation(alice: Client, staging: Slot, address: Address) -> None:
    answer = alice.post(address("configure", staging), filled())
    assert answer.status_code == 400
    assert not Operation.objects.filter(kind="change_settings").exists()


def test_the_start_command_is_a_general_setting(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    save(domain, alice, address("configure", staging), start_command="python serve.py")
    page = alice.get(address("configure", staging)).content.decode()
    assert 'value="python serve.py"' in page and "It takes effect with the next publication." in page


def test_time_to_start_and_fallback_page_are_general_settings_that_are_checked(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    typed = filled() | {"start_seconds": "300", "fallback_page": "app.html"}
    assert alice.post(address("configure", staging), typed).status_code == 303
    assert domain.work(Operation.objects.latest("pk")).state == "succeeded"
    page = alice.get(address("configure", staging)).content.decode()
    assert 'value="300"' in page and 'value="app.html"' in page
    assert domain.revision_behind("contoso-staging.localhost").runnable["env"]["FALLBACK_PAGE"] == "app.html"
    answer = alice.post(address("configure", staging), filled() | {"start_seconds": "soon"}, headers=HTMX)
    assert answer.status_code == 400
    assert "not a whole number from 1 to 1800" in answer.content.decode()


def test_a_new_start_command_leaves_the_instances_alone_until_the_next_publication(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    running = domain.revision_behind("contoso-staging.localhost")
    save(domain, alice, address("configure", staging), start_command="python serve.py")
    assert domain.revision_behind("contoso-staging.localhost") == running
    domain.publish(staging, "three")
    assert "python serve.py" in str(domain.revision_behind("contoso-staging.localhost").runnable["command"])


def test_a_persistent_folder_that_travels_has_an_empty_box(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    save(domain, alice, address("configure", staging), mounts=[{"name": "uploads", "value": "/data"}])
    rows = alice.get(address("configure", staging)).context["rows"]["mounts"].rows
    assert [(row.entry.name, row.entry.is_sticky) for row in rows] == [("uploads", False), ("", True)]
    assert not read_settings(staging, "mounts")[0].is_sticky


def test_a_page_that_was_loaded_and_changed_is_saved_whole(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    page = loaded(alice, address("configure", staging))
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
    again = loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), again, headers=HTMX).status_code == 400


def test_what_only_concerns_swaps_is_saved_at_once(alice: Client, production: Slot, address: Address) -> None:
    page = loaded(alice, address("configure", production))
    assert alice.post(address("configure", production), {**page, "rollback_window_seconds": "0"}).status_code == 303
    operation = Operation.objects.get(kind="change_settings")
    production.refresh_from_db()
    assert (production.rollback_window_seconds, operation.state) == (0, "succeeded")


def test_whoever_saves_second_sees_both_and_loses_nothing(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    domain.save(staging, Entry("COLOUR", "red"), Entry("SIZE", "1"), Entry("OLD", "x"))
    page = shown(alice, address("configure", staging))
    domain.save(staging, Entry("COLOUR", "turquoise"), Entry("SIZE", "2"), Entry("NEW", "y"))
    mine = {name: "blue" for name, value in page.items() if value == "red"}
    sent = {**page, **mine, "web_sockets": "off"}
    for headers, seen in (({}, "<html"), (HTMX, 'name="expected"')):
        answer = alice.post(address("configure", staging), sent, headers=headers)
        text = as_read(answer.content)
        assert answer.status_code == 409 and seen in text
        assert "alice saved the configuration of 'contoso (staging)'" in text
        assert "\nblue</textarea>" in text and "another value is in force, which is hidden" in text
        assert "turquoise" not in text and 'value="NEW"' in text and 'value="OLD"' not in text
        assert 'name="web_sockets" value="off" checked' in text
    assert answer["HX-Retarget"] == "#configure-form"
    both = fields(text)
    assert [both[f"app_settings-{row}-value"] for row in range(3)] == ["blue", "", ""], "others' values stay hidden"
    assert alice.post(address("configure", staging), both).status_code == 303
    domain.work(Operation.objects.filter(kind="change_settings").first())
    entries = {entry.name: entry.value for entry in read_settings(staging, "app_settings")}
    assert entries == {"COLOUR": "blue", "SIZE": "2", "NEW": "y"}
    assert [entry.value for entry in read_settings(staging, "general")] == ["off"]


def test_without_scripts_a_refusal_gives_back_what_was_typed(alice: Client, staging: Slot, address: Address) -> None:
    page = loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "MY KEY", "app_settings-0-value": "kept", "start_command": "python x.py"}
    answer = alice.post(address("configure", staging), {**page, **typed})
    text = as_read(answer.content)
    assert answer.status_code == 400
    assert "<a href=\"#app_settings-0-name\">App setting 'MY KEY'</a>: A name has letters from A to Z" in text
    assert 'value="MY KEY"' in text and "\nkept</textarea>" in text and 'value="python x.py"' in text


def test_everything_that_cannot_be_saved_is_said_at_once_at_its_field(
    alice: Client, staging: Slot, address: Address
) -> None:
    typed = {
        "start_seconds": "soon",
        "endpoint_2": "ftp://example.org/",
        "alert_rules": "Errors: no rule\r\nOther: neither",
        "default_documents": "index.html\r\na/b",
        "warmup_tries": "99",
        "drain_limit_seconds": "long",
        "rollback_window_seconds": "100000",
        "app_settings-lines": "A=1\nnothing\n=2",
    }
    rows = {
        "app_settings": [{"name": "Z KEY", "value": "1"}, {"name": "A", "value": "x" * 140_000}],
        "connection_strings": [{"name": "db", "value": "1", "kind": "Custom"}] * 2,
        "handler_mappings": [{"name": "cgi", "value": "/usr/bin/perl"}, {"name": ".pl", "value": "perl"}],
        "mounts": [{"name": "up", "value": "/etc"}],
    }
    for headers in ({}, HTMX):
        answer = alice.post(address("configure", staging), filled(**rows) | typed, headers=headers)
        text = as_read(answer.content)
        assert answer.status_code == 400 and not SlotSetting.objects.exists()
        summary = text.split('id="refused"')[1].split("</div>")[0]
        wanted = [
            "setting-start_seconds", "setting-endpoint_2", "setting-alert_rules", "setting-alert_rules",
            "setting-default_documents", "handler_mappings-0-name", "handler_mappings-1-value", "app_settings-0-name",
            "app_settings-1-value", "app_settings-lines", "app_settings-lines", "connection_strings-1-name",
            "setting-warmup_tries", "mounts-0-value", "setting-drain_limit_seconds",
        ]  # fmt: skip
        assert re.findall(r'<li><a href="#([^"]+)">', summary) == wanted
        for field in wanted:
            assert text.count(f'id="{field}"') == 1 and text.count(f'id="{field}-fault"') == 1
            tag = re.search(rf'<(?:input|textarea) [^>]*id="{field}"[^>]*>', text)[0]
            assert f'aria-invalid="true" aria-describedby="{field}-fault"' in tag
            assert ("autofocus" in tag) == (field == wanted[0])
        assert "Time to start</a>: 'soon' is not a whole number from 1 to 1800." in summary
        assert "Web endpoint 2</a>: The address of a web endpoint begins with http:// or https://." in summary
        assert "endpoint_2" not in re.sub(r"#[^\"]+", "", summary), "no name of the program's own"
        assert "Line 2 of the pasted lines</a>: It has no '='" in summary
        assert 'value="Z KEY"' in text and "A=1\nnothing\n=2</textarea>" in text and 'value="long"' in text


def test_a_fault_stays_at_its_row_when_another_row_is_gone_on_both_sides(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    domain.save(staging, Entry("A", "1"), Entry("B", "2"))
    page = loaded(alice, address("configure", staging))
    domain.save(staging, Entry("B", "2"))
    answer = alice.post(
        address("configure", staging), {**page, "app_settings-0-DELETE": "on", "app_settings-1-name": "B B"}
    )
    text = as_read(answer.content)
    assert re.search(r'value="B B"[^>]* aria-invalid="true"', text)


def test_a_name_that_is_too_long_is_refused_with_its_reason_and_nothing_typed_is_lost(
    alice: Client, staging: Slot, address: Address
) -> None:
    page = loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "A" * 129, "app_settings-0-value": "kept"}
    answer = alice.post(address("configure", staging), {**page, **typed})
    assert answer.status_code == 400
    assert "at most 128 in all" in as_read(answer.content) and "\nkept</textarea>" in as_read(answer.content)


def test_settings_that_nothing_runs_with_are_marked_until_they_are_in_force(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    mark = "did not start with them"
    assert mark not in as_read(alice.get(address("configure", staging)).content)
    domain.answer_everything("500")
    operation = save_settings(
        acting_user=domain.alice, slot=staging, category="app_settings", entries=[Entry("COLOUR", "blue")]
    )
    assert mark not in as_read(alice.get(address("configure", staging)).content), "it is being tried"
    assert domain.work(operation).state == "failed"
    assert mark in as_read(alice.get(address("configure", staging)).content)
    domain.answers = {}
    assert domain.work(slots.restart(acting_user=domain.alice, slot=staging)).state == "succeeded"
    assert mark not in as_read(alice.get(address("configure", staging)).content)


def test_staging_says_that_it_goes_into_production_as_it_stands(
    alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    text = as_read(alice.get(address("configure", staging)).content)
    assert "Configure staging exactly as production must be" in text
    assert "/sites/contoso/compare/?with=staging" in text
    assert "exactly as production" not in as_read(alice.get(address("configure", production)).content)


def test_a_number_that_is_none_is_refused(alice: Client, staging: Slot, address: Address) -> None:
    page = loaded(alice, address("configure", staging))
    answer = alice.post(address("configure", staging), {**page, "drain_limit_seconds": "soon"}, headers=HTMX)
    assert answer.status_code == 400
    assert "Drain limit</a>: 'soon' is no number of seconds" in as_read(answer.content)
