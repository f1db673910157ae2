"""What `./greenroom test` runs, and what it says when something fails."""

import sys
from pathlib import Path

import pytest

from tests import conftest, stages
from tests.changed import BESIDE, ROOT, changed_files, lying_beside, without_tests_beside
from tests.stages import Command, run_stage


def python(name: str, code: str) -> Command:
    return Command(name, (sys.executable, "-c", code))


def test_what_fails_is_named_and_the_others_of_its_stage_go_on(capfd: pytest.CaptureFixture[str]) -> None:
    stage = (python("first", "print('A')"), python("second", "print('B'); exit(3)"), python("third", "print('C')"))
    assert run_stage(stage) == ["second"]
    told = capfd.readouterr().out
    assert all(text in told for text in ("A\n", "B\n== second FAILED", "C\n== third passed"))


def test_the_first_stage_that_fails_is_the_last(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    chosen = [(python("one", ""),), (python("two", "exit(1)"),), (python("three", ""),)]
    monkeypatch.setattr(stages, "stages", lambda **_: chosen)
    assert stages.main([]) == 1
    told = capfd.readouterr().out
    assert "one passed" in told and "Failed: two." in told and "three" not in told


def test_what_is_named_is_there() -> None:
    named = (*conftest.LONG_FILES, *stages.CORE, *stages.ON_POSTGRESQL, *stages.COVERED, *BESIDE, *BESIDE.values())
    assert not [path for path in named if not (ROOT / path).exists()]


def test_live_tests_lie_where_their_stage_looks_for_them() -> None:
    found = [path for path in ROOT.glob("tests/**/test_*.py") if "pytest.mark.live" in path.read_text()]
    assert not [path for path in found if path != Path(__file__) and ROOT / "tests" / "live" not in path.parents]


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        ("sites/content/archives.py", ["tests/sites/content"]),
        ("sites/keyring.py", ["tests/sites/test_keyring.py"]),
        ("tests/sites/test_keyring.py", ["tests/sites/test_keyring.py"]),
        ("tests/domain.py", []),
        ("templates/base.html", ["tests/portal/views"]),
        ("portal/plain_fields.py", ["tests/portal/views/site_pages"]),
        ("docs/architecture.md", []),
        ("manage.py", []),
    ],
)
def test_the_tests_beside_a_change(changed: str, beside: list[str]) -> None:
    assert lying_beside([changed]) == beside


def test_a_module_of_which_no_test_is_known_is_named() -> None:
    changed = ["docs/swap.md", "manage.py", "sites/apps.py", "sites/keyring.py", "tests/domain.py"]
    assert without_tests_beside(changed) == ["sites/apps.py"]


def test_a_folder_is_named_once_for_all_that_lies_in_it() -> None:
    assert lying_beside(["templates/base.html", "tests/portal/views/test_sites.py"]) == ["tests/portal/views"]


def test_without_git_nothing_has_changed(tmp_path: Path) -> None:
    assert changed_files(tmp_path) == []
