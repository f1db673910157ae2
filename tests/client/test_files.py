"""A web site becomes what a file says, and nothing that the file does not name is touched."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from client.exits import CHANGES, Exit
from client.site_file.reading import read_file
from sites.models import Category, CustomDomain, Operation, Slot
from sites.services.settings import Entry, read_settings
from tests.client.conftest import InProcess
from tests.domain import Domain

Run = Callable[..., int]
WANTED = """
site: contoso
slots:
  production:
    instances: 2
    domains: [www.example.org]
    settings:
      COLOUR: blue
      MARK: {value: here, sticky: true}
    general:
      web_sockets: off
    swaps:
      drain_limit_seconds: 7
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "greenroom.yaml"
    path.write_text(WANTED)
    return path


def test_a_plan_says_what_would_change_and_changes_nothing(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain.save(slots[0], Entry("COLOUR", "red"), Entry("OTHER", "secret"))
    count = Operation.objects.exclude(kind="reveal").count()
    assert greenroom("plan", str(file)) == Exit.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "~ contoso: app setting COLOUR is different; it travels with a swap",
        "+ contoso: app setting MARK is only in the file; it stays with its slot",
        '~ contoso: general setting web_sockets is different: the default there, "off" in the file',
        "~ contoso: what it keeps for its swaps is different: drain_limit_seconds 7 in the file",
        "~ contoso: the number of instances is different: 1 there, 2 in the file",
        "+ contoso: the domain name www.example.org is only in the file; it stays with its slot",
    ]
    assert "app setting OTHER is only there, and stays as it is" in said.err
    assert "contoso (staging) is only there, and stays as it is" in said.err
    assert greenroom("plan", str(file), "--check") == CHANGES == 2
    assert greenroom("plan", str(file), "--values", "--json") == Exit.DONE
    assert '"red" there, "blue" in the file' in json.loads(capsys.readouterr().out.splitlines()[-1])["changes"][0]
    assert Operation.objects.exclude(kind="reveal").count() == count


def test_what_is_applied_holds_and_is_applied_once(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain.save(slots[0], Entry("OTHER", "stays"))
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    slots[0].refresh_from_db()
    assert (slots[0].instance_count, slots[0].drain_limit_seconds) == (2, 7)
    found = {entry.name: (entry.value, entry.is_sticky) for entry in read_settings(slots[0], Category.APP_SETTINGS)}
    assert found == {"COLOUR": ("blue", False), "MARK": ("here", True), "OTHER": ("stays", False)}
    assert CustomDomain.objects.get().name == "www.example.org"
    capsys.readouterr()
    assert greenroom("plan", str(file), "--check") == Exit.DONE
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    assert capsys.readouterr().out == ""


def test_an_export_is_planned_without_a_difference(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = [
        "\x01",
        "\t",
        "\r",
        "\n",
        "\x7f",
        "\x80",
        "\x85",
        "\x9f",
        "\xa0",
        "\xad",
        "\u2028",
        "\u2029",
        "\ufeff",
        "ä",
        "😀",
    ]
    values = [text for one in odd for text in (one, f"a{one}b", f"a {one} {one}{one} b", f"{one}{'word ' * 40}{one}")]
    domain.save(slots[0], *(Entry(f"ODD_{number:03}", value) for number, value in enumerate(values)))
    assert greenroom("endpoints", "set", "contoso", "1", "HTTPS://Example.org") == Exit.DONE
    capsys.readouterr()
    assert greenroom("export", "contoso", "--values") == Exit.DONE
    path = tmp_path / "greenroom.yaml"
    path.write_text(capsys.readouterr().out)
    found = read_file(path.read_text(), str(path)).slots["production"].entries["settings"]
    assert [one.value for one in found.values()] == values
    assert greenroom("plan", str(path), "--check") == Exit.DONE


def test_a_setting_goes_only_where_the_file_says_so(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], file: Path
) -> None:
    domain.save(slots[0], Entry("COLOUR", "red"), Entry("OTHER", "stays"))
    file.write_text("site: contoso\nslots:\n  production:\n    settings:\n      COLOUR: null\n      NEVER: null\n")
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    assert [entry.name for entry in read_settings(slots[0], Category.APP_SETTINGS)] == ["OTHER"]


def test_nothing_is_changed_where_nobody_can_be_asked_or_somebody_saved_meanwhile(
    greenroom: Run,
    domain: Domain,
    wire: InProcess,
    slots: tuple[Slot, Slot],
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert greenroom("apply", str(file)) == Exit.REFUSED
    assert "Say --yes" in capsys.readouterr().err
    nothing: Callable[[], None] = lambda: None  # noqa: E731
    wire.before = [nothing, nothing, nothing, nothing, lambda: domain.save(slots[0], Entry("COLOUR", "green"))]
    assert greenroom("apply", str(file), "--yes") == Exit.OTHERWISE
    assert [entry.value for entry in read_settings(slots[0], Category.APP_SETTINGS)] == ["green"]


def test_a_file_enables_staged_publishing(greenroom: Run, domain: Domain, file: Path) -> None:
    domain.create("fabrikam")
    file.write_text("site: fabrikam\nslots:\n  staging:\n    settings: {COLOUR: blue}\n")
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    staging = Slot.objects.get(site__name="fabrikam", name="staging")
    assert [entry.value for entry in read_settings(staging, Category.APP_SETTINGS)] == ["blue"]
    file.write_text("site: fabrikam\nslots:\n  other: {}\n")
    assert greenroom("plan", str(file)) == Exit.REFUSED


def test_what_is_as_by_default_is_saved_once(greenroom: Run, slots: tuple[Slot, Slot], file: Path) -> None:
    file.write_text("site: contoso\nslots:\n  production:\n    general: {web_sockets: on}\n    warmup: {tries: 5}\n")
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    assert greenroom("plan", str(file), "--check") == Exit.DONE


def test_what_is_exported_would_change_nothing(
    greenroom: Run, domain: Domain, slots: tuple[Slot, Slot], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain.save(slots[0], Entry("COLOUR", "on"), Entry("MARK", "1.10", is_sticky=True))
    assert greenroom("export", "contoso") == Exit.DONE
    assert "COLOUR" not in capsys.readouterr().out
    assert greenroom("export", "contoso", "--values") == Exit.DONE
    said = capsys.readouterr().out
    assert "COLOUR" in said and "sticky: true" in said
    file.write_text(said)
    assert greenroom("plan", str(file), "--check") == Exit.DONE


def test_monitoring_is_planned_and_applied_and_what_the_file_does_not_name_stays(
    greenroom: Run, slots: tuple[Slot, Slot], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for rule in ("Loop", "Kept"):
        assert greenroom("alerts", "add", "contoso", rule, "crash_loop for 3 min") == Exit.DONE
    file.write_text(
        "site: contoso\nslots:\n  production:\n    monitoring:\n      web_server_logging: on\n"
        "      endpoint_1: https://www.example.org/\n    alerts:\n"
        "      Errors: 5xx above 20 for 5 min\n      Loop: null\n"
    )
    capsys.readouterr()
    assert greenroom("plan", str(file)) == Exit.DONE
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        '~ contoso: monitoring setting web_server_logging is different: the default there, "on" in the file',
        "~ contoso: monitoring setting endpoint_1 is different: the default there, "
        '"https://www.example.org/" in the file',
        '+ contoso: alert rule Errors is only in the file: "5xx above 20 for 5 min"; it travels with a swap',
        "- contoso: alert rule Loop is only there, and the file wants it gone",
    ]
    assert "alert rule Kept is only there, and stays as it is" in said.err
    assert greenroom("apply", str(file), "--yes") == Exit.DONE
    assert {entry.name: entry.value for entry in read_settings(slots[0], Category.MONITORING)} == {
        "alert:Errors": "5xx above 20 for 5 min",
        "alert:Kept": "crash_loop for 3 min",
        "endpoint_1": "https://www.example.org/",
        "web_server_logging": "on",
    }
    assert greenroom("plan", str(file), "--check") == Exit.DONE
    capsys.readouterr()
    assert greenroom("export", "contoso") == Exit.DONE
    file.write_text(capsys.readouterr().out)
    assert "Errors: 5xx above 20 for 5 min" in file.read_text()
    assert greenroom("plan", str(file), "--check") == Exit.DONE


ELEVEN = "".join(f"\n      {name}: 5xx above 20 for 5 min" for name in "ABCDEFGHIJK")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"slots:\n  production:\n    alerts:{ELEVEN}", 4, "a slot has 10 alert rules at most, and with the file"),
        (
            "mode: free\nslots:\n  production:\n    monitoring:\n      endpoint_1: https://www.example.org/",
            6,
            "Free mode has no web endpoints",
        ),
        ("mode: free\nslots:\n  production:\n    instances: 3", 5, "Free mode has 1 at most for each slot"),
        ("slots:\n  production:\n    instances: 99", 4, "99 instances are not possible: Standard mode has 10"),
        ("mode: free\nslots:\n  production:\n    domains: [www.example.org]", 5, "Free mode has no domain names"),
        ("slots:\n  other: {}", 3, "a file makes only 'staging'"),
    ],
)
def test_a_plan_refuses_what_would_be_refused_half_way(
    greenroom: Run, slots: tuple[Slot, Slot], file: Path, text: str, line: int, said: str, capsys: pytest.CaptureFixture
) -> None:
    file.write_text(f"site: contoso\n{text}\n")
    for command in (("plan", str(file)), ("apply", str(file), "--yes")):
        assert greenroom(*command) == Exit.REFUSED
        told = capsys.readouterr().err
        assert told.startswith(f"{file}, line {line}: ") and said in told and told.endswith("Nothing was changed.\n")
    slots[0].site.refresh_from_db()
    assert (slots[0].site.mode, slots[0].instance_count) == ("standard", 1)


def test_no_staging_slot_is_planned_in_a_mode_without_one(
    greenroom: Run, domain: Domain, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    domain.create("fabrikam")
    file.write_text("site: fabrikam\nmode: free\nslots:\n  staging: {}\n")
    assert greenroom("plan", str(file)) == Exit.REFUSED
    assert "line 4: Free mode has no staged publishing" in capsys.readouterr().err


def test_a_web_site_that_is_not_there_is_named_with_its_line(
    greenroom: Run, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("# mine\nsite: nowhere\n")
    assert greenroom("plan", str(file)) == Exit.REFUSED
    assert "line 2: there is no web site 'nowhere' that you may see" in capsys.readouterr().err
    assert greenroom("status", "nowhere") == greenroom("scale", "contoso", "2", "--slot", "other") == Exit.REFUSED
    told = capsys.readouterr().err
    assert "There is no web site 'nowhere' that you may see. 'greenroom sites' lists yours." in told
    assert "There is no web site 'contoso' with a slot 'other'" in told


def test_what_is_done_and_what_is_not_is_said_when_a_later_step_is_refused(
    greenroom: Run,
    domain: Domain,
    wire: InProcess,
    slots: tuple[Slot, Slot],
    file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    claimed = Slot.objects.get(pk=slots[1].pk)
    CustomDomain.objects.create(slot=claimed, name="www.example.org")
    assert greenroom("apply", str(file), "--yes") == Exit.PARTLY == 10
    told = capsys.readouterr().err
    done, missing = told.partition("Done before that, and it stays:")[2].split("Not done, or not to its end:")
    assert "app setting COLOUR" in done and "number of instances" in done
    assert "domain name www.example.org" in missing and "number of instances" not in missing
    slots[0].refresh_from_db()
    assert slots[0].instance_count == 2


def test_a_count_that_no_mode_has_is_refused_in_words(
    greenroom: Run, slots: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("scale", "contoso", "99") == Exit.REFUSED
    told = capsys.readouterr().err
    assert told.startswith("99 instances are not possible") and "body" not in told
