"""App settings go into a file and come back, and what differs is said without the values."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from client.exits import Exit
from sites.models import Operation, Slot
from sites.services.settings import Entry, read_settings
from tests.domain import Domain

Run = Callable[..., int]


@pytest.fixture
def configured(domain: Domain, slots: tuple[Slot, Slot]) -> tuple[Slot, Slot]:
    """Production has COLOUR and a sticky WHERE, staging has COLOUR with another value."""
    production, staging = slots
    domain.save(production, Entry("COLOUR", "blue\r\nand\tgreen"), Entry("WHERE", "here", is_sticky=True))
    domain.save(staging, Entry("COLOUR", "red"), Entry("WHERE", "there", is_sticky=True))
    return slots


def test_what_is_exported_is_imported_byte_for_byte(
    greenroom: Run, configured: tuple[Slot, Slot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("settings", "export", "contoso") == Exit.DONE
    text = capsys.readouterr().out
    assert {"name": "WHERE", "value": "here", "slotSetting": True} in json.loads(text)
    file = tmp_path / "settings.json"
    file.write_text(text)
    assert greenroom("settings", "import", "contoso", str(file)) == Exit.DONE
    assert "Nothing differs" in capsys.readouterr().err
    assert greenroom("settings", "diff", "contoso", str(file), "--slot", "production") == Exit.DONE
    assert capsys.readouterr().out == ""
    assert greenroom("settings", "import", "contoso", str(file), "--slot", "staging") == Exit.DONE
    assert greenroom("settings", "diff", "contoso") == Exit.DONE
    assert capsys.readouterr().out == ""


def test_what_a_file_does_not_name_stays_or_is_removed(
    greenroom: Run, configured: tuple[Slot, Slot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text('[{"name": "NEW", "value": ""}]')
    assert greenroom("settings", "import", "contoso", str(file)) == Exit.DONE
    assert greenroom("settings", "diff", "contoso", str(file), "--slot", "production") == Exit.DONE
    assert capsys.readouterr().out == "- COLOUR\n- WHERE\n"
    assert greenroom("settings", "import", "contoso", str(file), "--replace") == Exit.DONE
    capsys.readouterr()
    assert greenroom("settings", "diff", "contoso", str(file), "--slot", "production") == Exit.DONE
    assert capsys.readouterr().out == ""


def test_a_value_is_copied_from_the_other_slot(
    domain: Domain, greenroom: Run, configured: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    production, staging = configured
    assert greenroom("settings", "copy", "contoso", "COLOUR", "--from", "production", "--slot", "staging") == Exit.DONE
    assert [entry.value for entry in read_settings(staging, "app_settings")] == ["blue\r\nand\tgreen", "there"]
    assert greenroom("settings", "copy", "contoso", "NOTHING") == Exit.REFUSED
    assert "'contoso' has no app setting 'NOTHING' in its slot 'staging'" in capsys.readouterr().err
    assert len(read_settings(production, "app_settings")) == 2


def test_values_are_shown_only_when_asked_for(
    greenroom: Run, configured: tuple[Slot, Slot], capsys: pytest.CaptureFixture[str]
) -> None:
    assert greenroom("settings", "diff", "contoso") == Exit.DONE
    assert capsys.readouterr().out == "~ COLOUR\n~ WHERE\n"
    assert greenroom("settings", "diff", "contoso", "--values") == Exit.DONE
    assert '~ WHERE: "there" here, "here" there' in capsys.readouterr().out


def test_everything_that_is_refused_has_a_line(
    greenroom: Run, configured: tuple[Slot, Slot], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text('[{"name": "MY KEY", "value": ""}, {"name": "PORT", "value": "1"}]')
    assert greenroom("settings", "import", "contoso", str(file)) == Exit.REFUSED
    said = capsys.readouterr().err
    assert "2 values cannot be taken, so nothing was changed.\n  App setting 'MY KEY': A name has letters" in said
    assert "\n  App setting 'PORT': Greenroom sets that variable itself for every instance." in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("COLOUR=blue", "not JSON"),
        ('{"COLOUR": "blue"}', "is no app setting"),
        ('[{"name": "A", "value": 1}]', "is no app setting"),
        ('[{"name": "A", "value": "1", "sticky": true}]', "is no app setting"),
        ('[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]', "in the file twice"),
        ("[]", "names no app setting"),
    ],
)
def test_another_file_changes_nothing(
    greenroom: Run,
    configured: tuple[Slot, Slot],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str,
    said: str,
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(text)
    before = Operation.objects.count()
    assert greenroom("settings", "import", "contoso", str(file)) == Exit.REFUSED
    assert said in capsys.readouterr().err
    assert Operation.objects.count() == before
