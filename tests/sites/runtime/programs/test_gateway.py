"""Handler mappings lead a path to its script or its file, and the source of a script is never handed out."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from sites.runtime.programs import gateway
from sites.runtime.programs.static import application
from tests.sites.runtime.programs.scripts import ECHO, answers, ask, write


def test_everything_else_is_served_as_a_file(site: Path) -> None:
    assert ask(site, "/").text == "home"
    for path in ("/missing.py", f"/{'x' * 300}", f"/{'x' * 300}/echo.py"):
        assert ask(site, path).status_code == 404


@pytest.mark.parametrize("path", ["/echo.py", "//echo.py", "/sub/..%2fecho.py", "/./echo.py", "/ECHO.PY", "/echo.py/"])
def test_the_source_of_a_script_is_never_handed_out(site: Path, path: str) -> None:
    write(site, "ECHO.PY", ECHO)
    assert "import json" not in ask(site, path).text


def test_a_script_can_be_a_default_document_and_its_source_stays_hidden(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEFAULT_DOCUMENTS", "echo.py,index.html")
    assert ask(site, "/").json()["env"]["SCRIPT_NAME"] == "/echo.py"
    assert "import json" not in ask(site, "//").text


def test_scripts_outside_the_folder_and_hidden_ones_do_not_run(site: Path) -> None:
    answers(site.parent, "out.py", "Content-Type: text/plain", "ran")
    answers(site, ".hidden.py", "Content-Type: text/plain", "ran")
    (site / "link.py").symlink_to(site.parent / "out.py")
    (site / "away").symlink_to(site.parent)
    for path in ("/../out.py", "/%2e%2e/out.py", "/.hidden.py", "/link.py", "/away/out.py", "/%00/echo.py"):
        response = ask(site, path)
        assert (response.status_code, "ran" in response.text) == (404, False), path


def test_redirects_go_to_the_visitor_or_to_another_file(site: Path) -> None:
    answers(site, "away.py", "Location: https://example.org/")
    answers(site, "moved.py", "Status: 301 Moved\nLocation: /index.html")
    answers(site, "inside.py", "Location: /echo.py/x?q=1")
    answers(site, "round.py", "Location: /round.py")
    response = ask(site, "/away.py")
    assert (response.status_code, response.headers["location"]) == (302, "https://example.org/")
    assert ask(site, "/moved.py").status_code == 301
    env = ask(site, "/inside.py", "POST", content=b"x").json()["env"]
    assert (env["REQUEST_METHOD"], env["PATH_INFO"], env["QUERY_STRING"]) == ("GET", "/x", "q=1")
    assert "CONTENT_LENGTH" not in env
    assert ask(site, "/round.py").status_code == 502


def test_a_body_of_unknown_length_is_refused(site: Path) -> None:
    assert ask(site, "/echo.py", "POST", headers={"Transfer-Encoding": "chunked"}).status_code == 411


def test_more_scripts_than_there_are_turns_are_told_to_come_again(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "CHILDREN", 1)
    monkeypatch.setattr(gateway, "TURN_SECONDS", 0.2)
    write(site, "slow.py", "import time; time.sleep(1.5); print('Content-Type: a/b\\n\\ndone')")

    async def both() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=application(site))
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await asyncio.gather(client.get("/slow.py"), client.get("/slow.py"))

    done, refused = sorted(asyncio.run(both()), key=lambda response: response.status_code)
    assert done.text == "done\n"
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


def test_it_runs_from_its_folder_alone_as_in_the_sandbox(site: Path, tmp_path: Path) -> None:
    program = Path(gateway.__file__).parent / "static.py"
    code = f"import runpy; runpy.run_path({str(program)!r}); print('ready')"
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(program.parent)!r}]; {code}"]

    async def outcome() -> bytes:
        process = await asyncio.create_subprocess_exec(*command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0]

    assert asyncio.run(outcome()) == b"ready\n"


def test_the_example_of_the_documentation_works(site: Path) -> None:
    document = (Path(__file__).parents[4] / "docs" / "handler-mappings.md").read_text()
    write(site, "greet.py", document.partition("```python\n")[2].partition("```")[0])
    assert ask(site, "/greet.py", "POST", content=b"who=A%26B").text == "<p>Good day, A&amp;B.</p>\n"
