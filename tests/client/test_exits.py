"""The exit codes in docs/pipelines.md are those of the client."""

import re
from pathlib import Path

from client.exits import MEANINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pipelines.md"


def test_the_page_has_the_codes_of_the_client() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(), re.M))
    assert rows.pop("2") == "a wrong command line, or something would change after `plan --check`"
    assert rows == {
        str(code.value): said.replace("--timeout", "`--timeout`").replace("--if-staging", "`--if-staging`")
        for code, said in MEANINGS.items()
    }
