"""One answer of each address that can be read, and of the ways to be refused, to be compared with the description."""

import string
from collections.abc import Mapping
from http import HTTPStatus

from tools.bench.api.description import Description
from tools.bench.api.program import PREFIX, Program, expect

SITE = f"{PREFIX}/sites/{{site_name}}"
NO_TAG = '"' + "0" * 64 + '"'


def read_everything(program: Program, description: Description, names: Mapping[str, str]) -> int:
    """GET each address whose {names} are known; returns how many there are."""
    found = [path for path in description.reads() if _names_in(path) <= names.keys()]
    for path in found:
        program.ask("GET", path, names)
    return len(found)


def be_refused(program: Program, stranger: Program, reader: Program, site_name: str) -> None:
    """Ask for what nobody gets. `stranger` has a wrong token, `reader` one to read. Raises OperationFailed."""
    names = {"site_name": site_name}
    tag = {"If-Match": NO_TAG}
    asked = (
        (program.ask("GET", SITE, {"site_name": "no-such-site"}), HTTPStatus.NOT_FOUND),
        (program.ask("GET", f"{PREFIX}/sites", query={"page": "x"}), HTTPStatus.BAD_REQUEST),
        (program.ask("POST", f"{SITE}/swap", names, body={"unknown": 1}), HTTPStatus.BAD_REQUEST),
        (program.ask("POST", f"{SITE}/swap", names, body={}, headers=tag), HTTPStatus.PRECONDITION_FAILED),
        (stranger.ask("GET", SITE, names), HTTPStatus.UNAUTHORIZED),
        (reader.ask("POST", f"{SITE}/swap", names, body={}), HTTPStatus.FORBIDDEN),
    )
    for answer, status in asked:
        expect(answer, status)


def _names_in(path: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(path) if name}
