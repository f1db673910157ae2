"""App settings are read from pasted lines as from rows, and stick in every slot or in none."""

import pytest
from django.test import Client

from sites.models import Slot, SlotSetting
from sites.services.settings import Entry, read_settings
from tests.domain import Domain
from tests.portal.conftest import HTMX
from tests.portal.views.site_pages.configure_form import as_read, loaded
from tests.portal.views.site_pages.conftest import Address


def test_pasted_lines_become_settings(domain: Domain, alice: Client, staging: Slot, address: Address) -> None:
    domain.save(staging, Entry("A", "old", is_sticky=True))
    page = loaded(alice, address("configure", staging))
    lines = "# comment\n\nA=new\nURL=postgres://u:p=1@host/db\n"
    assert alice.post(address("configure", staging), {**page, "app_settings-lines": lines}).status_code == 303
    found = {entry.name: (entry.value, entry.is_sticky) for entry in read_settings(staging, "app_settings")}
    assert found == {"A": ("new", True), "URL": ("postgres://u:p=1@host/db", False)}


def test_a_pasted_line_without_equals_is_named_by_its_number(alice: Client, staging: Slot, address: Address) -> None:
    page = loaded(alice, address("configure", staging))
    answer = alice.post(
        address("configure", staging), {**page, "app_settings-lines": "A=1\nsecret words"}, headers=HTMX
    )
    assert answer.status_code == 400
    said = as_read(answer.content).split('id="refused"')[1].split("</div>")[0]
    assert "Line 2 of the pasted lines" in said and "secret words" not in said


def test_lines_of_an_env_file_are_read_as_its_tools_do(
    domain: Domain, alice: Client, staging: Slot, address: Address
) -> None:
    page = loaded(alice, address("configure", staging))
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


PEM = "-----BEGIN X-----\nabc==\n\n-----END X-----"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (f'A1=one\nKEY2="{PEM}"\nB=two', {"A1": "one", "KEY2": PEM, "B": "two"}),
        (f"A1=one\r\nKEY2='{PEM}'\r\nB=two".replace("\n", "\r\n"), {"A1": "one", "KEY2": PEM, "B": "two"}),
        (f'export KEY = "{PEM}\n"  \nB=two', {"KEY": f"{PEM}\n", "B": "two"}),
        ('A="\n# no comment\n  x=1 \n"', {"A": "\n# no comment\n  x=1 \n"}),
        ('JSON=\'{\n  "a": 1\n}\'\nB="two"', {"JSON": '{\n  "a": 1\n}', "B": "two"}),
        ('G="\nH=1\nX="v"', {"G": '"', "H": "1", "X": "v"}),
        ("G='\nH=it's", {"G": "'", "H": "it's"}),
    ],
)
def test_a_value_in_quotation_marks_may_have_several_lines(
    domain: Domain, alice: Client, staging: Slot, address: Address, lines: str, found: dict[str, str]
) -> None:
    page = loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), {**page, "app_settings-lines": lines}).status_code == 303
    assert {entry.name: entry.value for entry in read_settings(staging, "app_settings")} == found


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("A=1\n\nA=2", "Line 3 of the pasted lines</a>: It has the key 'A' a second time"),
        ('A="1\n2"\nnothing', "Line 3 of the pasted lines</a>: It has no '='"),
        ("A=1\n=hidden", "Line 2 of the pasted lines</a>: It has no key before its '='"),
    ],
)
def test_lines_that_would_lose_a_value_are_refused(
    alice: Client, staging: Slot, address: Address, lines: str, sentence: str
) -> None:
    page = loaded(alice, address("configure", staging))
    answer = alice.post(address("configure", staging), {**page, "app_settings-lines": lines})
    text = as_read(answer.content)
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
    page = loaded(alice, address("configure", staging))
    assert alice.post(address("configure", staging), {**page, **new}).status_code == 303
    assert read_settings(staging, "app_settings") == [Entry("MARK", "s", is_sticky=True)]
    assert read_settings(production, "app_settings") == [Entry("MARK", "p", is_sticky=True)]


def test_a_mark_that_is_taken_off_is_off_in_both_slots(
    domain: Domain, alice: Client, production: Slot, staging: Slot, address: Address
) -> None:
    for slot in (production, staging):
        domain.save(slot, Entry("MARK", slot.name, is_sticky=True))
    page = loaded(alice, address("configure", staging))
    del page["app_settings-0-is_sticky"]
    assert alice.post(address("configure", staging), page).status_code == 303
    for slot in (production, staging):
        assert read_settings(slot, "app_settings") == [Entry("MARK", slot.name)]
