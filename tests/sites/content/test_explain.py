"""Why a build failed, in words that say where to fix it."""

import codecs

import pytest

from sites.content.explain import explain
from tests.sites.content.conftest import Lay

REQUIREMENTS = "# what we need\nflask==3.1.3\nFlask_Sock\n"
FOLDED = """  × No solution found when resolving dependencies:
  ╰─▶ Because flask-sock was not found in the package registry and you
      require flask-sock, we can conclude that your requirements are
      unsatisfiable."""


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (FOLDED, " at line 3 of requirements.txt: no version of 'flask-sock' exists"),
        (
            "cause: Because there is no version of flask==99.9 and you require flask==99.9, we can",
            " at line 2 of requirements.txt: no version ==99.9 of 'flask' exists",
        ),
        (
            "cause: Because only flask<=3.1.3 is available and you require flask>99.9, we can conclude",
            " at line 2 of requirements.txt: no version >99.9 of 'flask' exists",
        ),
        (
            "Because deep was not found in the package registry and flask==3.1.3 depends on deep",
            ": no version of 'deep' exists",
        ),
        (
            "Because flask==3.0.0 depends on werkzeug>=3.0.0 and you require flask==3.0.0, we can conclude that you "
            "require werkzeug>=3.0.0. And because you require werkzeug==2.0.0, we can conclude",
            ": flask==3.0.0 needs werkzeug>=3.0.0, but werkzeug==2.0.0 is required",
        ),
        (
            "error: Couldn't parse requirement in `requirements.txt` at position 20",
            " at line 2 of requirements.txt: what stands there is not a requirement",
        ),
        ("npm error notarget No matching version found for a@99.", " in package.json: no version of 'a' fits '99'"),
        (
            "npm error 404  The requested resource '@x/y@^1' could not be found or you do not have",
            " in package.json: no version of '@x/y' fits '^1'",
        ),
        ("sh: 1: npm: not found", ": 'npm' is not installed on this server"),
        ("error: Failed to fetch\n  Caused by: dns error", ": the package index could not be reached from this server"),
        ("==> make\ncc: fatal: no input files.\n\n", " at 'make': cc: fatal: no input files"),
        ("==> make\n", " at 'make', and wrote nothing"),
        (
            "==> npm run build\nsrc/a.ts(1,2): error TS2322: no\nsrc/b.ts(1,2): error TS1: no\nnpm error code 2\n",
            " at 'npm run build': src/a.ts(1,2): error TS2322: no",
        ),
        (
            "==> npm run build\nError: next/font: error:\nFailed to fetch Geist.\nat frames\n",
            " at 'npm run build': Error: next/font: error: Failed to fetch Geist",
        ),
        ("==> python x\nan error is near\nKeyError: 'A'\n", " at 'python x': KeyError: 'A'"),
        (
            "Because the current Python version (3.11.2) does not satisfy Python>=3.12 and django==6.0 depends on "
            "Python>=3.12, we can conclude that django==6.0 cannot be used.",
            ": django==6.0 needs Python >=3.12, and 3.11.2 is used. Write the version to .python-version",
        ),
        (
            'ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is old',
            ": the lock does not fit what the project asks for. Install the packages anew and publish the lock as well",
        ),
        (
            "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.",
            ": the lock does not fit what the project asks for. Install the packages anew and publish the lock as well",
        ),
        ("", ", and wrote nothing"),
    ],
)
def test_the_reason_is_told(lay: Lay, log: str, reason: str) -> None:
    assert explain(log.splitlines(), lay({"requirements.txt": REQUIREMENTS})) == reason


def test_an_index_on_this_server_is_named_as_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://localhost:3141")
    assert explain(["error sending request"]) == (
        ": the package index could not be reached from this server; PIP_INDEX_URL of its environment leads to the "
        "server itself, which a build does not reach"
    )


def test_without_the_content_the_reason_has_no_line() -> None:
    assert explain(FOLDED.splitlines()) == ": no version of 'flask-sock' exists"


def test_a_line_is_found_in_a_file_in_utf_16(lay: Lay) -> None:
    folder = lay({"requirements.txt": codecs.BOM_UTF16_LE + "a\r\nflask-sock\r\n".encode("utf-16-le")})
    assert explain(FOLDED.splitlines(), folder) == " at line 2 of requirements.txt: no version of 'flask-sock' exists"


def test_a_long_line_is_cut() -> None:
    assert len(explain(["x" * 5000])) < 250
