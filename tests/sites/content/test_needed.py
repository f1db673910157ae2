"""The interpreter that packages need is found in what their installers write."""

import pytest

from sites.content.explain import explain
from sites.content.needed import in_both, interpreter_needed
from sites.content.wanted import Wanted, fits

UV = """  cause: Because the current Python version (3.11.2) does not satisfy Python>=3.12 and django>=6.1
         depends on Python>=3.12, we can conclude that django>=6.1 cannot be used."""
NPM = """npm warn EBADENGINE Unsupported engine {
npm warn EBADENGINE   package: '@angular/cli@21.0.1',
npm warn EBADENGINE   required: { node: '^20.19.0 || >=22.12.0', npm: '^6.11.0', yarn: '>= 1.13.0' },
npm warn EBADENGINE   current: { node: 'v20.11.0', npm: '10.2.4' }
npm warn EBADENGINE }"""
YARN = (
    'error undici@8.0.0: The engine "node" is incompatible with this module. Expected version ">=22.19.0". '
    'Got "20.20.2"'
)
PNPM = " ERR_PNPM_UNSUPPORTED_ENGINE  Unsupported environment\n\nExpected version: >=22\nGot: v20.20.2\n"


@pytest.mark.parametrize(
    ("log", "tool", "versions", "package"),
    [
        (UV, "Python", ">=3.12", "django>=6.1"),
        (
            NPM.replace("npm warn EBADENGINE  ", "npm warn EBADENGINE"),
            "Node",
            "^20.19.0 || >=22.12.0",
            "@angular/cli@21.0.1",
        ),
        (NPM, "Node", "^20.19.0 || >=22.12.0", "@angular/cli@21.0.1"),
        (YARN, "Node", ">=22.19.0", "undici@8.0.0"),
        (PNPM, "Node", ">=22", "a package"),
    ],
)
def test_installers_say_what_packages_need(log: str, tool: str, versions: str, package: str) -> None:
    assert interpreter_needed(log.splitlines()) == Wanted(tool, versions, package)


@pytest.mark.parametrize("log", ["", "npm error code 1", UV.replace(">=3.12", ">=x"), NPM.replace(">=22.12.0", "?!")])
def test_any_other_failure_asks_for_no_interpreter(log: str) -> None:
    assert interpreter_needed(log.splitlines()) is None


@pytest.mark.parametrize(
    "piece",
    [
        "EBADENGINE package: 'a', required: { ",
        "EBADENGINE package: 'a', ",
        'error a: The engine "node" is incompatible ',
        "ERR_PNPM_UNSUPPORTED_ENGINE ",
        "the current Python version (",
        "the current Python version (3) does not satisfy Python>= ",
        "Because a[",
        "Because a depends on b and you require c And because you require ",
        "Because there is no version of a[",
        "'a@",
    ],
)
def test_a_log_that_was_written_to_keep_a_worker_busy_is_searched_in_no_time(piece: str) -> None:
    log = ["npm error", *[piece * (3000 // len(piece))] * 170]  # without bounds this takes days
    assert interpreter_needed(log) is None
    assert explain(log[-60:])


@pytest.mark.parametrize(
    ("tool", "said", "needed", "both", "version"),
    [
        ("Python", "", ">=3.12", ">=3.12", "3.13.0"),
        ("Python", ">=3.10,<4", ">=3.12", ">=3.10,<4,>=3.12", "3.13.0"),
        ("Python", "==3.11.*", ">=3.12", "", ""),
        ("Python", "~=3.11", ">=3.12", "", ""),
        ("Node", "", "^20.19.0 || >=22.12.0", "^20.19.0 || >=22.12.0", "22.12.0"),
        ("Node", ">=18", ">=22.12.0", ">=18 >=22.12.0", "24.1.0"),
        ("Node", "20.x", ">=22", "", ""),
        ("Node", ">=18 || 16", ">=22", "", ""),
    ],
)
def test_what_the_project_pins_is_left_alone(tool: str, said: str, needed: str, both: str, version: str) -> None:
    assert in_both(said, Wanted(tool, needed, "x")) == both
    assert not both or fits(Wanted(tool, both, "x"), version)
