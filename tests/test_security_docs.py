"""docs/security.md and docs/asvs.md say nothing that no test holds, and the tests that they name exist."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.router.xds.edge_headers import REQUEST_HEADERS, RESPONSE_HEADERS
from tools.escape.probe import ATTEMPTS

ROOT = Path(__file__).resolve().parent.parent
SECURITY = ROOT / "docs" / "security.md"
ASVS = ROOT / "docs" / "asvs.md"
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| (met|not met) \| (.+) \|$", re.M)
LEFT_OUT = re.compile(r"^Does not apply: (.+)$", re.M)
NUMBER = re.compile(r"\b\d+\.\d+\.\d+\b")


def claims(page: Path) -> Iterator[tuple[str, str]]:
    """Each row of a table and each item of a list with its section, but for heads and what is not promised."""
    text = re.sub(r"<!-- headers -->.*<!-- /headers -->", "", page.read_text(), flags=re.S)  # has a test of its own
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title, _, body = section.partition("\n")
        if title == "What is not promised":
            continue
        for row in re.findall(r"^\|.*\|$", body, re.M):
            if not re.fullmatch(r"[| -]+", row) and not row.endswith(("| held by |", "| --- |")):
                yield title, row
        for item in re.findall(r"^- .*(?:\n  .*)*", body, re.M):
            yield title, item


def test_the_number_of_ways_out_is_that_of_the_attempts() -> None:
    assert f"| {len(ATTEMPTS)} ways out fail from an instance |" in SECURITY.read_text()


def named(text: str) -> list[tuple[str, str]]:
    return REFERENCE.findall(text)


def exists(path: str, test: str) -> bool:
    file = ROOT / path
    if not file.is_file():
        return False
    tree = ast.parse(file.read_text())
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test for node in ast.walk(tree)
    )


def test_every_claim_names_the_test_that_holds_it() -> None:
    found = list(claims(SECURITY))
    assert len(found) > 50
    assert not [f"{title}: {claim}" for title, claim in found if not named(claim)]


@pytest.mark.parametrize("page", [SECURITY, ASVS], ids=lambda page: page.name)
def test_the_tests_that_are_named_exist(page: Path) -> None:
    references = set(named(page.read_text()))
    assert references
    assert not [f"{path}::{test}" for path, test in sorted(references) if not exists(path, test)]


def test_the_families_of_headers_are_those_that_are_taken() -> None:
    shown = re.search(r"<!-- headers -->\n(.*)\n<!-- /headers -->", SECURITY.read_text(), re.S)
    assert shown and shown[1] == header_rows(), f"docs/security.md should have:\n{header_rows()}"


def header_rows() -> str:
    """The table of header families as docs/security.md shows it."""
    rows = ["| taken from | what it says | names, among them |", "| --- | --- | --- |"]
    for source, families in (("requests", REQUEST_HEADERS), ("answers", RESPONSE_HEADERS)):
        rows += [f"| {source} | {one.reason} | {' '.join(f'`{name}`' for name in one.names[:4])} |" for one in families]
    return "\n".join(rows)


def test_every_requirement_of_the_standard_is_met_not_met_or_does_not_apply() -> None:
    text = ASVS.read_text()
    judged = [number for number, *_ in ROW.findall(text)]
    left_out = [number for line in LEFT_OUT.findall(text) for number in NUMBER.findall(line)]
    assert len(judged) == len(set(judged)) and not set(judged) & set(left_out)
    assert len(set(judged) | set(left_out)) == 253, "levels 1 and 2 of version 5.0.0 have 70 and 183"


def test_what_is_met_names_its_test_and_what_is_not_says_why() -> None:
    for number, requirement, state, why in ROW.findall(ASVS.read_text()):
        assert bool(named(why)) == (state == "met"), f"{number}: {why}"
        assert requirement.strip() and (state == "met" or why.endswith(".")), number
