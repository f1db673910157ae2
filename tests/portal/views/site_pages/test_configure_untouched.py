"""A save changes what was changed, and every other value stays byte for byte, whatever a browser does to it."""

import json

import pytest
from django.test import Client

from sites.models import Category, Operation, Slot, SlotSetting
from sites.services.settings import Entry, read_categories
from tests.domain import Domain
from tests.portal.views.site_pages.configure_form import loaded, row_named, shown
from tests.portal.views.site_pages.conftest import Address

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"
VALUES = {
    "LF": PEM,
    "CRLF": PEM.replace("\n", "\r\n"),
    "CR": "a\rb",
    "MIXED": "a\r\nb\nc\rd\n\n",
    "FIRST_LINE_EMPTY": "\n\nx",
    "ONLY_A_LINE_END": "\n",
    "ONLY_CRLF": "\r\n",
    "BLANKS_AROUND": "  a  b  ",
    "ONLY_BLANKS": "   ",
    "TAB": "\ta\tb\t",
    "OTHER_SPACES": "\x0ba\x0cb\x85c\u2028d\u00a0",
    "EMOJI": "👩‍💻 ❤️ 😀",
    "COMPOSED": "e\u0301é",
    "MARKUP": "</textarea><script>alert(1)</script>&amp;&#10;\"'",
    "LOOKS_QUOTED": '"quoted"',
    "EQUALS": "a=b=c $HOME `x` \\n",
    "LONG": "x" * 32_768,
    "LONG_LINES": "y\n" * 16_384,
    "ESCAPE": "\x1b[31m",
    "BOM": "\ufeffa",
    "EMPTY": "",
}
OF_OTHERS = [
    (Category.GENERAL, "start_command", "  python  app.py --name 'a  b' "),
    (Category.GENERAL, "web_sockets", "on"),
    (Category.DEFAULT_DOCUMENTS, "001", "index.html"),
    (Category.DEFAULT_DOCUMENTS, "7", "ärger 1.html"),
    (Category.HANDLER_MAPPINGS, ".cgi", '{"processor":"/usr/bin/perl","arguments":"  -T  -w "}'),
    (Category.HANDLER_MAPPINGS, ".php", '{"processor": "/usr/bin/php-cgi"}'),
    (Category.WARMUP, "paths", "/ \t/health\r\n/a?b=c"),
    (Category.WARMUP, "statuses", " 200-399 , 401 "),
    (Category.WARMUP, "tries", ""),
    (Category.MOUNTS, "uploads", "/data/"),
]
"""As scripts may have saved them: not always as the page would write them."""


@pytest.fixture
def slot(domain: Domain, staging: Slot) -> Slot:
    """Staging with every awkward value in every category."""
    domain.save(staging, *(Entry(name, value) for name, value in VALUES.items()))
    strings = [
        Entry(name, value, "Custom", is_sticky=number % 2 == 0) for number, (name, value) in enumerate(VALUES.items())
    ]
    domain.save(staging, *strings, category=Category.CONNECTION_STRINGS)
    for category, name, value in OF_OTHERS:
        owner = {"slot": staging} if category == Category.MOUNTS else {"workload": staging.workload}
        SlotSetting.objects.create(site=staging.site, category=category, name=name, value=value, **owner)
    return staging


def stored(slot: Slot) -> dict[str, list[Entry]]:
    return {category.value: entries for category, entries in read_categories(slot, Category).items()}


def saved(domain: Domain, client: Client, address: str, page: dict[str, str], **changed: str) -> None:
    answer = client.post(address, {**page, **changed})
    assert answer.status_code == 303, answer.content.decode()
    domain.work(Operation.objects.filter(kind="change_settings").first())


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden", "shown"])
def test_one_field_is_changed_and_nothing_else(
    domain: Domain, slot: Slot, alice: Client, address: Address, hidden: bool
) -> None:
    before = stored(slot)
    page = loaded(alice, address("configure", slot))
    if not hidden:
        page = shown(alice, address("configure", slot))
        page |= {
            name: value
            for name, value in shown(alice, address("configure", slot), "connection_strings").items()
            if name.startswith("connection_strings")
        }
        page = {name: value for name, value in page.items() if not name.endswith("-kept")}
    saved(domain, alice, address("configure", slot), page, warmup_seconds="30")
    after = stored(slot)
    assert [entry for entry in after["warmup"] if entry.name == "seconds"] == [Entry("seconds", "30")]
    after["warmup"] = [entry for entry in after["warmup"] if entry.name != "seconds"]
    assert after == before


def test_nothing_on_the_page_differs_when_nothing_was_changed(slot: Slot, alice: Client, address: Address) -> None:
    page = shown(alice, address("configure", slot))
    answer = alice.post(address("configure", slot), page)
    assert answer.status_code == 400 and "Nothing on this page differs" in answer.content.decode()


@pytest.mark.parametrize("name", ["CRLF", "MIXED", "FIRST_LINE_EMPTY", "EMPTY"])
def test_the_neighbour_of_a_changed_value_stays(
    domain: Domain, slot: Slot, alice: Client, address: Address, name: str
) -> None:
    before = stored(slot)
    page = shown(alice, address("configure", slot))
    row = row_named(page, name)
    saved(domain, alice, address("configure", slot), page, **{f"{row}-value": "changed"})
    expected = [Entry(name, "changed") if entry.name == name else entry for entry in before["app_settings"]]
    assert stored(slot) == before | {"app_settings": expected}


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        (PEM.replace("\n", "\r\n"), PEM),
        ("a\r\n\r\nb\r\n", "a\n\nb\n"),
        ("  leading\r\n\ttab ", "  leading\n\ttab "),
        ("one line", "one line"),
        ("sent by a script\rwith CR alone", "sent by a script\rwith CR alone"),
    ],
)
def test_what_is_typed_arrives_with_plain_line_ends(
    domain: Domain, staging: Slot, alice: Client, address: Address, sent: str, value: str
) -> None:
    page = loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "KEY", "app_settings-0-value": sent}
    typed |= {"connection_strings-0-name": "Db", "connection_strings-0-value": sent}
    saved(domain, alice, address("configure", staging), page, **typed)
    found = stored(staging)
    assert found["app_settings"] == [Entry("KEY", value)]
    assert found["connection_strings"] == [Entry("Db", value, "Custom")]
    env = domain.revision_behind("contoso-staging.localhost").runnable["env"]
    assert env["KEY"] == env["CUSTOMCONNSTR_Db"] == value


def test_a_zero_byte_is_refused_with_a_sentence_and_the_rest_is_kept(
    staging: Slot, alice: Client, address: Address
) -> None:
    page = loaded(alice, address("configure", staging))
    typed = {"app_settings-0-name": "KEY", "app_settings-0-value": "a\0b", "start_command": "python x.py"}
    text = alice.post(address("configure", staging), {**page, **typed}).content.decode()
    assert "contains a zero byte" in text and 'value="python x.py"' in text
    assert not SlotSetting.objects.exists()


def test_the_handler_mapping_that_is_changed_keeps_its_other_half(
    domain: Domain, slot: Slot, alice: Client, address: Address
) -> None:
    page = loaded(alice, address("configure", slot))
    row = row_named(page, ".cgi")
    saved(domain, alice, address("configure", slot), page, **{f"{row}-value": "/usr/bin/ruby"})
    mapping = next(entry for entry in stored(slot)["handler_mappings"] if entry.name == ".cgi")
    assert json.loads(mapping.value) == {"processor": "/usr/bin/ruby", "arguments": "  -T  -w "}


def test_a_refused_save_calls_nothing_changed_that_nobody_changed(alice: Client, slot: Slot, address: Address) -> None:
    page = address("configure", slot)
    answer = alice.post(page, {**loaded(alice, page), "start_seconds": "soon"})
    assert answer.status_code == 400
    assert "Changed meanwhile" not in answer.content.decode()
