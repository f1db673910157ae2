"""No sentence of the seed that is owed is without a test on the live system."""

import ast
import re
from pathlib import Path

import pytest

from tests.seed_rows import DONE, ROWS, Row

MARK = re.compile(r"^pytestmark = \[?pytest\.mark\.live\b", re.MULTILINE)
ROOT = Path(__file__).resolve().parent.parent


def by_number(row: Row) -> str:
    return f"row {row.number}"


def test_every_sentence_has_its_row() -> None:
    assert [row.number for row in ROWS] == list(range(1, 43))
    assert {row.owner for row in ROWS} == set("ABCDEF")


@pytest.mark.parametrize("row", [row for row in ROWS if row.owner in DONE], ids=by_number)
def test_a_row_that_is_owed_has_a_live_test(row: Row) -> None:
    assert row.tests, f"row {row.number} ({row.says}) of part {row.owner} has no test"


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=by_number)
def test_the_tests_of_a_row_exist_and_are_live(row: Row) -> None:
    for node in row.tests:
        path, _, name = node.partition("::")
        tree = ast.parse((ROOT / path).read_text())
        assert name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}, node
        assert path.startswith("tests/live/")
        assert MARK.search((ROOT / path).read_text()), f"{path} is not marked as live"
