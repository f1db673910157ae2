"""Values are hidden until somebody who may change them asks, which is recorded; nothing else on the page is lost."""

import html
import re

import pytest
from django.test import Client

from sites.models import Category, Operation, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.configure_form import as_read, fields, form_in, loaded, row_named, shown
from tests.portal.views.site_pages.conftest import Address

STRINGS = Category.CONNECTION_STRINGS
SECRETS = ("s3cret of A", "s3cret of B", "s3cret of Db")


@pytest.fixture
def slot(domain: Domain, staging: Slot) -> Slot:
    """Staging, with two app settings and a connection string."""
    domain.save(staging, Entry("A", SECRETS[0]), Entry("B", SECRETS[1], is_sticky=True))
    domain.save(staging, Entry("Db", SECRETS[2], "PostgreSQL"), category=STRINGS)
    return staging


def known(page: str) -> set[str]:
    """The secrets that a page holds, however they are written."""
    return {secret for secret in SECRETS if secret in page or secret in html.unescape(page)}


def revealed() -> list[str]:
    return [operation.outcome for operation in Operation.objects.filter(kind="reveal").order_by("pk")]


def test_the_page_holds_no_value_and_nobody_asked(slot: Slot, alice: Client, bob: Client, address: Address) -> None:
    for client in (alice, bob):
        text = client.get(address("configure", slot)).content.decode()
        assert known(text) == set()
        assert all(f'value="{name}"' in text for name in ("A", "B", "Db"))
    assert revealed() == []


def test_the_value_of_one_is_shown_and_recorded(slot: Slot, alice: Client, address: Address) -> None:
    answer = alice.post(
        address("values-reveal", slot), {**loaded(alice, address("configure", slot)), "show": "app_settings:A"}
    )
    assert known(answer.content.decode()) == {SECRETS[0]}
    assert "no-store" in answer["Cache-Control"]
    record = Operation.objects.get(kind="reveal")
    assert record.outcome == "Values of the app settings of 'contoso (staging)' were shown: A."
    assert (record.actor_name, record.site, record.target) == ("alice", slot.site, "contoso (staging)")
    assert known(record.outcome) == set()


@pytest.mark.parametrize(("category", "seen"), [("app_settings", {*SECRETS[:2]}), (STRINGS.value, {SECRETS[2]})])
def test_all_of_a_category_are_shown_and_named(
    slot: Slot, alice: Client, address: Address, category: str, seen: set[str]
) -> None:
    page = form_in(alice.post(address("values-reveal", slot), {"show": category}).content)
    assert known(str(page)) == seen
    names = "A, B" if category == "app_settings" else "Db"
    assert revealed()[0].startswith("All ") and revealed()[0].endswith(f"were shown: {names}.")


def test_with_htmx_the_rows_alone_come_back(slot: Slot, alice: Client, address: Address) -> None:
    sent = {**loaded(alice, address("configure", slot)), "show": "app_settings:B"}
    text = alice.post(address("values-reveal", slot), sent, headers=HTMX).content.decode()
    assert text.startswith('<div class="entries entries--app_settings"') and "<html" not in text
    assert known(text) == {SECRETS[1]}
    assert len(re.findall("autofocus", text)) == 1


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "part"])
def test_what_is_typed_stays_when_a_value_is_asked_for(
    slot: Slot, alice: Client, address: Address, headers: dict[str, str]
) -> None:
    page = loaded(alice, address("configure", slot))
    typed = {f"{row_named(page, 'A')}-value": "typed", "app_settings-2-name": "NEW", "app_settings-2-value": "new"}
    answer = alice.post(
        address("values-reveal", slot),
        {**page, **typed, "start_command": "python x.py", "show": "app_settings:B"},
        headers=headers,
    )
    text = answer.content.decode()
    back = fields(text) if headers else form_in(answer.content)
    assert back["app_settings-0-value"] == "typed" and back["app_settings-1-value"] == SECRETS[1]
    assert (back["app_settings-2-name"], back["app_settings-2-value"]) == ("NEW", "new")
    assert headers or back["start_command"] == "python x.py"
    assert known(text) == {SECRETS[1]}


def test_a_refused_save_shows_what_was_typed_and_not_what_is_saved(slot: Slot, alice: Client, address: Address) -> None:
    page = loaded(alice, address("configure", slot))
    typed = {
        f"{row_named(page, 'A')}-value": "typed",
        f"{row_named(page, 'Db')}-value": "typed",
        "drain_limit_seconds": "soon",
    }
    text = alice.post(address("configure", slot), {**page, **typed}).content.decode()
    assert text.count("\ntyped</textarea>") == 2 and known(text) == set()


def test_values_that_others_saved_meanwhile_stay_hidden(
    domain: Domain, slot: Slot, alice: Client, address: Address
) -> None:
    page = shown(alice, address("configure", slot))
    domain.save(slot, Entry("A", "from others"), Entry("B", SECRETS[1], is_sticky=True))
    sent = {**page, f"{row_named(page, 'B')}-value": "mine", "web_sockets": "off"}
    for headers in ({}, HTMX):
        text = alice.post(address("configure", slot), sent, headers=headers).content.decode()
        assert "from others" not in text and "\nmine</textarea>" in text and "Changed meanwhile." in text
        assert SECRETS[1] not in text, "not as the saved value beside the one that was typed either"


def test_saving_with_hidden_values_leaves_them_as_they_are(
    domain: Domain, slot: Slot, alice: Client, address: Address
) -> None:
    before = [read_settings(slot, category) for category in ("app_settings", STRINGS)]
    page = loaded(alice, address("configure", slot))
    assert alice.post(address("configure", slot), {**page, "web_sockets": "off"}).status_code == 303
    assert [read_settings(slot, category) for category in ("app_settings", STRINGS)] == before


def test_a_hidden_value_can_be_replaced_renamed_emptied_and_removed(
    domain: Domain, slot: Slot, alice: Client, address: Address
) -> None:
    page = loaded(alice, address("configure", slot))
    changed = {f"{row_named(page, 'A')}-name": "RENAMED", f"{row_named(page, 'Db')}-value": "another"}
    assert alice.post(address("configure", slot), {**page, **changed}).status_code == 303
    domain.work(Operation.objects.filter(kind="change_settings").first())
    assert [(entry.name, entry.value) for entry in read_settings(slot, "app_settings")] == [
        ("B", SECRETS[1]),
        ("RENAMED", SECRETS[0]),
    ]
    assert read_settings(slot, STRINGS) == [Entry("Db", "another", "PostgreSQL")]
    page = shown(alice, address("configure", slot))
    emptied = {f"{row_named(page, 'B')}-value": "", f"{row_named(page, 'RENAMED')}-DELETE": "on"}
    assert alice.post(address("configure", slot), {**page, **emptied}).status_code == 303
    assert read_settings(slot, "app_settings") == [Entry("B", "", is_sticky=True)]


def test_an_empty_value_stays_empty(domain: Domain, staging: Slot, alice: Client, address: Address) -> None:
    domain.save(staging, Entry("EMPTY", ""))
    page = loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), {**page, "web_sockets": "off"}).status_code == 303
    assert read_settings(staging, "app_settings") == [Entry("EMPTY", "")]


@pytest.mark.parametrize("show", ["app_settings:NONE", "general:start_command", "general", "mounts", "", "nonsense:A"])
def test_only_what_is_hidden_and_there_can_be_asked_for(slot: Slot, alice: Client, address: Address, show: str) -> None:
    assert alice.post(address("values-reveal", slot), {"show": show}).status_code == 404
    assert revealed() == []


def test_without_values_there_is_nothing_to_show(staging: Slot, alice: Client, address: Address) -> None:
    assert alice.post(address("values-reveal", staging), {"show": "app_settings"}).status_code == 404
    assert "Show all values" not in alice.get(address("configure", staging)).content.decode()


def test_a_reader_sees_no_value_and_cannot_ask(slot: Slot, bob: Client, charlie: Client, address: Address) -> None:
    text = as_read(bob.get(address("configure", slot)).content)
    assert "The values are hidden." in text and "Show" not in text.split('id="app_settings"')[1].split("<details")[0]
    for show in ("app_settings", "app_settings:A", STRINGS.value):
        assert bob.post(address("values-reveal", slot), {"show": show}).status_code == 403
        assert charlie.post(address("values-reveal", slot), {"show": show}).status_code == 404
    assert revealed() == []


def test_asking_by_an_address_shows_nothing(slot: Slot, alice: Client, address: Address) -> None:
    assert alice.get(address("values-reveal", slot), {"show": "app_settings"}).status_code == 405
    assert known(alice.get(address("configure", slot), {"show": "app_settings"}).content.decode()) == set()


def test_no_page_of_the_site_holds_a_value(slot: Slot, alice: Client, address: Address) -> None:
    pages = [address(tab, slot) for tab in ("dashboard", "deployments", "swaps", "scale", "quickstart", "configure")]
    pages += [
        "/sites/contoso/compare/",
        "/sites/contoso/staging/swap/",
        "/sites/",
        "/operations/",
        "/operations/export.csv",
    ]
    alice.post(address("values-reveal", slot), {"show": "app_settings"})
    for operation in Operation.objects.all():
        pages.append(f"/operations/{operation.public_id}/")
    for page in pages:
        answer = alice.get(page)
        text = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == 200 and known(text.decode()) == set(), page
