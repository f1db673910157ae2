"""Rules for the product's code that keep whole kinds of holes away: no text of others becomes code or markup."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from portal.celery import app

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [*(ROOT / "portal").rglob("*.py"), *(ROOT / "sites").rglob("*.py")]
SAFE_STRINGS = {
    "portal/accounts/factors.py",
    "portal/accounts/views/factors.py",
    "portal/templatetags/frame.py",
    "portal/templatetags/tree.py",
}
"""Where markup is made in Python: of bits, and by format_html, which escapes what it is given."""
FORMATS = re.compile(r"[A-Z_]+(\[.*\])?|'.*'|\".*\"|sentence|self\.sentence|words\[name\]|super\(\)")
"""What may be a format string: constants, and the sentences of the errors."""


def nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in PYTHON:
        if "migrations" not in path.parts:
            name = str(path.relative_to(ROOT))
            yield from ((name, node) for node in ast.walk(ast.parse(path.read_text())))


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    for name, node in nodes():
        if isinstance(node, ast.Call):
            yield name, node, ast.unparse(node.func)


CALLS = list(calls())


def test_no_template_switches_escaping_off() -> None:
    templates = list((ROOT / "templates").rglob("*.html"))
    assert len(templates) > 80
    off = re.compile(r"\|\s*(safe|safeseq)\b|autoescape\s+off|\{%\s*debug|<script(?![^>]*\bsrc=)|\son\w+=|javascript:")
    assert not [str(path) for path in templates if off.search(path.read_text())]


def test_markup_is_made_in_templates() -> None:
    made = {
        name for name, _, function in CALLS if function.rpartition(".")[2] in ("mark_safe", "SafeString", "format_html")
    }
    assert made <= SAFE_STRINGS
    assert not [name for name, _, function in CALLS if function in ("Template", "engines.from_string", "from_string")]


def test_no_text_becomes_code() -> None:
    forbidden = {"eval", "exec", "compile", "__import__", "pickle.loads", "pickle.load", "marshal.loads", "yaml.load"}
    assert not [(name, function) for name, _, function in CALLS if function in forbidden]
    imported = {
        (name, alias.name)
        for name, node in nodes()
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not [one for one in imported if one[1] in ("pickle", "marshal", "shelve", "xml", "yaml")]


def test_no_shell_line_is_made() -> None:
    assert not [
        name
        for name, call, function in CALLS
        if function in ("os.system", "os.popen", "subprocess.getoutput")
        or any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
    ]


def test_no_query_is_made_of_text() -> None:
    for name, call, function in CALLS:
        method = function.rpartition(".")[2]
        assert method not in ("raw", "extra", "RawSQL"), name
        if method in ("execute", "executemany") and "cursor" in function:
            assert isinstance(call.args[0], ast.Constant), name


def test_no_text_of_others_is_a_format() -> None:
    for name, call, function in CALLS:
        receiver, _, method = function.rpartition(".")
        if method == "format":
            assert FORMATS.fullmatch(receiver), f"{name}: {receiver}.format"
            assert isinstance(call.func, ast.Attribute)


def test_what_must_not_be_guessed_comes_from_the_system() -> None:
    random = {
        name
        for name, node in nodes()
        if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names)
    }
    assert random <= {"sites/runtime/agent/cut.py"}, "which connections are cut first is no secret"


def test_tasks_are_json() -> None:
    assert isinstance(app, Celery)
    assert list(app.conf.accept_content) == ["json"] and app.conf.task_serializer == "json"


@pytest.mark.parametrize("path", sorted((ROOT / "static" / "js").glob("*.js")), ids=lambda path: path.name)
def test_scripts_make_no_code_and_no_markup_of_text(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\beval\(|new Function|document\.write|postMessage|\.outerHTML\s*=|\.innerHTML\s*=", text)
    assert not re.search(r"localStorage|document\.cookie|indexedDB", text), "nothing stays in the browser"
