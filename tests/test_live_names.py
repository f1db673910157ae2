"""Live tests share one system per test process, in an order that differs from run to run."""

import ast
from collections import defaultdict
from pathlib import Path

LIVE = Path(__file__).parent / "live"


def created_sites() -> dict[str, set[str]]:
    """The files that create each site: by name, of all calls `create…("name")` with a literal name."""
    files: dict[str, set[str]] = defaultdict(set)
    for file in LIVE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call):
                continue
            function = ast.unparse(node.func).rpartition(".")[2]
            values = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "name")]
            if not function.startswith("create"):
                continue
            for value in values:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    files[value.value].add(str(file.relative_to(LIVE)))
    return files


def test_no_two_files_of_live_tests_create_a_site_of_the_same_name() -> None:
    """The second that the same process ran would find the name in use."""
    files = created_sites()
    assert len(files) > 20
    assert {name: sorted(where) for name, where in files.items() if len(where) > 1} == {}
