"""The documents say what is so: settings, commands, rooms, steps, dependencies and links."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from sites.models import Step
from tests.test_architecture import MAY_IMPORT
from tools.escape import probe

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| ([a-z0-9][a-z0-9-]*) \| \S", re.M)


def variables_of_settings() -> set[str]:
    """Names that portal/settings.py asks the environment for."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "portal" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            asked = ast.unparse(node.func)
            if asked in ("os.environ.get", "env_int", "env_bool"):
                names.add(node.args[0].value)
    return names


def heading_anchor(heading: str) -> str:
    """As GitHub makes them."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def required(name: str) -> list[str]:
    """The libraries that a requirements file asks for, without versions and extras."""
    lines = (ROOT / name).read_text().splitlines()
    return [re.split(r"[\[<>=~!]", line)[0] for line in lines if line and line[0].isalpha()]


def import_rows() -> str:
    """The table of rooms as docs/architecture.md shows it."""
    shown = {room: sorted(one.removeprefix("sites.") for one in allowed) for room, allowed in MAY_IMPORT.items()}
    return "\n".join(
        f"| {room.removeprefix('sites.')} | {', '.join(allowed) or '–'} |" for room, allowed in shown.items()
    )


def test_every_setting_of_the_environment_is_described() -> None:
    names = variables_of_settings()
    assert "GREENROOM_DATA" in names
    described = "".join(path.read_text() for path in (README, *sorted((ROOT / "docs").glob("*.md"))))
    assert not [name for name in sorted(names) if f"`{name}`" not in described]


def test_every_command_of_the_start_script_stands_in_the_readme() -> None:
    said = subprocess.run([ROOT / "greenroom", "help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  (\./greenroom \w+)", said, re.M)
    options = re.findall(r"^  (--\w+)", said, re.M)
    readme = README.read_text()
    assert len(commands) >= 7
    assert not [command for command in commands if f"`{command}`" not in readme]
    assert not [option for option in options if option not in readme]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{path.name} → {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.M)
            assert anchor in map(heading_anchor, headings), f"{path.name} → {target}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_is_named_is_there(path: Path) -> None:
    for file, name in TEST.findall(path.read_text()):
        assert f"def {name}(" in (ROOT / file).read_text(), f"{path.name} names {file}::{name}"


def test_the_number_of_ways_out_is_the_one_that_is_tried() -> None:
    said = re.findall(r"(\d+) ways out", (ROOT / "docs" / "security.md").read_text())
    assert said == [str(len(probe.ATTEMPTS))]


def test_each_dependency_has_its_line_and_no_line_is_left_over() -> None:
    section = ARCHITECTURE.read_text().partition("## Dependencies")[2]
    product, _, tests = section.partition("For tests:")
    assert [name for name in ROW.findall(product) if name != "what"] == required("requirements.in")
    assert sorted(name for name in ROW.findall(tests) if name != "what") == sorted(required("requirements-test.in"))


def test_the_table_of_rooms_is_the_one_that_is_held() -> None:
    table = re.search(
        r"<!-- rooms -->\n\| room [^\n]*\n\| ---[^\n]*\n(.*)\n<!-- /rooms -->", ARCHITECTURE.read_text(), re.S
    )
    assert table and table[1] == import_rows(), f"docs/architecture.md should have:\n{import_rows()}"


def test_every_step_of_an_operation_is_in_the_plan() -> None:
    table = ARCHITECTURE.read_text().partition("## Steps of an operation")[2].partition("\n## ")[0]
    assert re.findall(r"^\| ([A-Z_]+) \|", table, re.M) == [step.name for step in Step]


def test_every_room_of_the_domain_is_drawn() -> None:
    drawn = ARCHITECTURE.read_text().partition("## Rooms")[2].partition("Who may import whom")[0]
    rooms = [path.name for path in (ROOT / "sites").iterdir() if (path / "__init__.py").exists()]
    modules = [path.name for path in (ROOT / "sites").glob("*.py") if path.name not in ("__init__.py", "apps.py")]
    missing = [name for name in rooms if f" {name}/ " not in drawn and name != "migrations"]
    assert not missing + [name for name in modules if f" {name} " not in drawn]


def test_every_picture_of_the_portal_stands_beside_what_it_answers() -> None:
    shown = set(LINK.findall((ROOT / "docs" / "portal.md").read_text()))
    assert shown == {f"portal/{path.name}" for path in (ROOT / "docs" / "portal").glob("*.png")}


def test_every_path_of_the_contributing_page_exists() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text()
    shown = re.findall(r"(?:sites|portal|tests|templates|tools|docs)/[\w./-]*", page)
    assert len(shown) > 30
    assert not [path for path in shown if not (ROOT / path.rstrip(".")).exists()]
