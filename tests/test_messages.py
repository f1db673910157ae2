"""Every sentence names its object, says what holds now and what to do next, and is politely plain."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from sites import errors
from sites.errors import GreenroomError
from sites.management.commands.messages import TARGET, page, tree
from sites.models import Operation

ROOT = Path(__file__).resolve().parent.parent
FORBIDDEN = re.compile(
    r"\b(please|oops|sorry|unfortunately|invalid|error occurred|went wrong|unable to|failed to|whoops)\b|!|…$", re.I
)
HOLDS = re.compile(
    r"\b(nothing was|are held|was not|were not|is not|goes? on|it keeps|is in use|is in \w+ mode|is held by|is stopped|"
    r"already|cannot be|but not change|has no content|so none is accepted|not running|The newer one holds)\b",
    re.I,
)
"""What a sentence says of the present state; a new sentence may bring another way to say it."""
NEXT = re.compile(
    r"(^|[.;:,] |first, or )(ask|change|choose|complete|delete|fix|free|leave|mend|name|publish|put|run|raise|remove|"
    r"save|see|send|start|try|type|use|watch|there is nothing left to do)\b",
    re.I,
)
"""What a person can do; the same."""
SILENT = {"NotFound"}
"""Says no more on purpose: a stranger learns nothing."""

SAMPLES: dict[str, object] = {
    "accepted": "200–499",
    "address": "http://localhost:8080",
    "answered": "answered 503",
    "count": 3,
    "data": "/srv/greenroom",
    "existing": "its staging slot",
    "folder": "/srv/greenroom",
    "exit_code": 1,
    "holds": "Production was not touched.",
    "how": "ended with code 1 before it listened on its port",
    "is_are": "is",
    "kind": "worker",
    "last_lines": "\nIts last lines:\nModuleNotFoundError: No module named 'flaskk'",
    "limit": "One slot",
    "message": "fix header",
    "mode": "Free",
    "most": 10,
    "name": "contoso",
    "operation": "the swap",
    "ordinal": 2,
    "other": 8081,
    "owner": "alice",
    "part": "The agent",
    "path": "/",
    "person": "bob",
    "pid": 4711,
    "port": 8080,
    "present": 2,
    "progress": " (warming up every instance)",
    "reason": "it contains a space",
    "remedy": "Use letters, digits and hyphens.",
    "role": "Reader",
    "since": "14:02:07 UTC",
    "slot": "staging",
    "subscription": "Default",
    "tries": "5 times",
    "until": "14:20 UTC",
    "wanted": "swap",
    "what": "The swap",
    "where": " at line 12 of requirements.txt: no version of 'flaskk' exists",
}
ALL = list(tree(GreenroomError))
WORDED = [error for error in ALL if error.sentence]


def names_in(sentence: str) -> list[str]:
    """The values that a sentence is given."""
    return [name for _, name, _, _ in Formatter().parse(sentence) if name]


def rendered(error: type[GreenroomError]) -> str:
    return str(error(**{name: sample(name) for name in names_in(error.sentence)}))


def sample(name: str) -> object:
    """A value as it could be; a word for one that no sentence had before."""
    return SAMPLES.get(name, f"({name})")


@pytest.mark.parametrize("error", WORDED, ids=lambda error: error.code)
def test_a_sentence_names_its_object(error: type[GreenroomError]) -> None:
    said = rendered(error)
    for name in names_in(error.sentence):
        assert str(sample(name)) in said
    assert names_in(error.sentence) or error.code in {*SILENT}


@pytest.mark.parametrize("error", WORDED, ids=lambda error: error.code)
def test_a_sentence_says_what_holds_now(error: type[GreenroomError]) -> None:
    assert error.code in SILENT or HOLDS.search(rendered(error)), rendered(error)


@pytest.mark.parametrize("error", WORDED, ids=lambda error: error.code)
def test_a_sentence_says_what_to_do_next(error: type[GreenroomError]) -> None:
    assert error.code in SILENT or NEXT.search(rendered(error)), rendered(error)


@pytest.mark.parametrize("error", WORDED, ids=lambda error: error.code)
def test_a_sentence_is_plain(error: type[GreenroomError]) -> None:
    assert not FORBIDDEN.search(rendered(error).splitlines()[0])
    assert not error.sentence[0].islower()


def test_codes_are_stable_short_and_each_its_own() -> None:
    longest = Operation._meta.get_field("error_code").max_length
    for error in ALL[1:]:
        assert error.code == error.__name__
        assert len(error.code) <= longest
    assert len({error.code for error in ALL}) == len(ALL)


def test_the_drawing_at_the_top_of_the_errors_is_the_tree() -> None:
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__.partition("\n\n")[2], re.M)
    assert drawn == [error.__name__ for error in ALL]


def test_the_page_of_messages_is_up_to_date() -> None:
    assert (ROOT / TARGET).read_text() == page(), "run: manage.py messages --write"


def sentences_said() -> Iterator[tuple[str, str]]:
    """Every text that is worded where a refusal or failure is raised, with its place."""
    known = {error.__name__ for error in ALL}
    for path in sorted([*(ROOT / "sites").rglob("*.py"), *(ROOT / "portal").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in known:
                for text in ast.walk(node):
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield f"{path.relative_to(ROOT)}:{text.lineno}", text.value


def test_texts_worded_where_they_are_raised_are_plain_too() -> None:
    said = list(sentences_said())
    assert said
    assert not [f"{place}: {text}" for place, text in said if FORBIDDEN.search(text)]
