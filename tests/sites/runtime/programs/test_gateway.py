"""Handler mappings: scripts run under CGI/1.1, within limits, and their source is never handed out."""

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from sites.runtime.programs import gateway
from sites.runtime.programs.static import application

ECHO = """
import json, os, sys
print("Content-Type: application/json\\n")
print(json.dumps({"env": dict(os.environ), "body": sys.stdin.read(int(os.environ.get("CONTENT_LENGTH") or 0)),
                  "args": sys.argv[1:], "flags": sys.flags.isolated}))
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("home")
    write(folder, "echo.py", ECHO)
    monkeypatch.setenv("HANDLER_MAPPINGS", json.dumps({".py": {"processor": sys.executable, "arguments": "-I"}}))
    monkeypatch.setenv("COLOUR", "blue")
    return folder


def write(folder: Path, name: str, source: str) -> None:
    (folder / name).write_text(source)


def answers(folder: Path, name: str, head: str, body: str = "") -> None:
    """A script with a fixed answer."""
    write(folder, name, f"import sys; sys.stdout.write({head!r} + '\\n\\n' + {body!r})")


async def _request(folder: Path, method: str, path: str, **options: object) -> httpx.Response:
    transport = httpx.ASGITransport(app=application(folder), client=("10.1.2.3", 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://contoso.localhost:8080") as client:
        return await client.request(method, path, **options)


def ask(folder: Path, path: str, method: str = "GET", **options: object) -> httpx.Response:
    return asyncio.run(_request(folder, method, path, **options))


async def _messages(folder: Path, path: str, *, leaves: bool = False) -> list[tuple[float, Message]]:
    """What the application sends, with the time of each message; `leaves`: the visitor goes after the first part."""
    sent: list[tuple[float, Message]] = []
    gone = asyncio.Event()
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        message = next(asked, None)
        if message is None:
            await gone.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Message) -> None:
        sent.append((time.monotonic(), message))
        if leaves and message.get("body"):
            gone.set()

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "http_version": "1.1"}
    await application(folder)(scope, receive, send)
    return sent


def test_a_script_is_told_the_request(site: Path) -> None:
    response = ask(
        site,
        "/echo.py/more/of%20it?a=1&b=2",
        "POST",
        content=b"hello",
        headers={"Content-Type": "text/x", "X-Mark": "m", "Cookie": "c=1", "X-Forwarded-For": "6.6.6.6, 192.0.2.7"},
    )
    told = response.json()
    env = told["env"]
    assert told["body"] == "hello"
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/echo.py",
        "PATH_INFO": "/more/of it",
        "PATH_TRANSLATED": f"{site}/more/of it",
        "QUERY_STRING": "a=1&b=2",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "text/x",
        "SERVER_NAME": "contoso.localhost",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_X_MARK": "m",
        "HTTP_COOKIE": "c=1",
        "COLOUR": "blue",
    }
    assert {name: env.get(name) for name in expected} == expected


def test_headers_that_pose_as_variables_and_secrets_are_kept_back(site: Path) -> None:
    headers = {"Proxy": "http://evil", "Authorization": "Basic x", "X_Under": "1", "Content-Length": "0"}
    env = ask(site, "/echo.py", headers=headers).json()["env"]
    assert not {name for name in env if name.startswith("HTTP_") and name.endswith(("PROXY", "AUTHORIZATION", "UNDER"))}
    assert "PATH_INFO" not in env
    assert "HTTPS" not in env
    assert ask(site, "/echo.py", headers={"X-Forwarded-Proto": "https"}).json()["env"]["HTTPS"] == "on"


def test_arguments_come_before_the_script(site: Path) -> None:
    assert ask(site, "/echo.py").json()["flags"] == 1
    assert ask(site, "/echo.py").json()["args"] == []


def test_everything_else_is_served_as_a_file(site: Path) -> None:
    assert ask(site, "/").text == "home"
    assert ask(site, "/missing.py").status_code == 404


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


def test_status_and_headers_are_the_scripts(site: Path) -> None:
    head = "Status: 418 Teapot\nContent-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\nConnection: close"
    answers(site, "tea.py", head, "short and stout")
    response = ask(site, "/tea.py")
    assert (response.status_code, response.text) == (418, "short and stout")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "connection" not in response.headers


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


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit('secret reason')",
        "print('no header at all')",
        "print('X-Only: 1\\n')",
        "print('Status: abc\\n')",
        "print('Status: 100\\n')",
        "print('Content-Type: text/plain')",
        "print('X: ' + 'y' * 200_000)",
        "print('X: y\\n' * 30_000)",
    ],
)
def test_a_script_that_answers_badly_is_a_bad_gateway_without_its_reason(site: Path, source: str) -> None:
    write(site, "bad.py", source)
    response = ask(site, "/bad.py")
    assert (response.status_code, response.text) == (502, "Bad gateway\n")


def test_a_processor_that_is_not_there_is_a_bad_gateway(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HANDLER_MAPPINGS", json.dumps({".py": {"processor": "/nowhere/python"}}))
    assert ask(site, "/echo.py").text == "Bad gateway\n"
    assert "/nowhere/python cannot be run" in capsys.readouterr().err


def test_a_body_of_unknown_length_is_refused(site: Path) -> None:
    assert ask(site, "/echo.py", "POST", headers={"Transfer-Encoding": "chunked"}).status_code == 411


def test_large_bodies_pass_in_both_directions(site: Path) -> None:
    copy = "import shutil, sys; print('Content-Type: a/b\\n', flush=True); shutil.copyfileobj(sys.stdin, sys.stdout)"
    write(site, "copy.py", copy)
    body = b"0123456789" * 200_000
    assert ask(site, "/copy.py", "POST", content=body).content == body


def test_a_body_that_nobody_reads_disturbs_nobody(site: Path) -> None:
    answers(site, "deaf.py", "Content-Type: text/plain", "done")
    assert ask(site, "/deaf.py", "POST", content=b"x" * 2_000_000).text == "done"


def test_output_is_passed_on_as_it_comes(site: Path) -> None:
    write(
        site,
        "slow.py",
        "import time\nprint('Content-Type: a/b\\n\\nfirst', flush=True)\ntime.sleep(0.6)\nprint('second')",
    )
    sent = asyncio.run(_messages(site, "/slow.py"))
    parts = [(when, message["body"]) for when, message in sent if message.get("body")]
    assert [body for _when, body in parts] == [b"first\n", b"second\n"]
    assert parts[1][0] - parts[0][0] > 0.4


def test_a_silent_script_is_ended_with_its_children(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "SILENT_SECONDS", 1.5)
    started = "import os, pathlib, subprocess, sys, time\nchild = subprocess.Popen(['sleep', '60'])\n"
    note = "pathlib.Path('pid').write_text(str(child.pid))\n"
    write(site, "silent.py", f"{started}{note}time.sleep(60)")
    response = ask(site, "/silent.py")
    assert (response.status_code, response.text) == (504, "Gateway timeout\n")
    assert not runs(int((site / "pid").read_text()))
    write(site, "stuck.py", "import time\nprint('Content-Type: a/b\\n\\nhalf', flush=True)\ntime.sleep(60)")
    sent = asyncio.run(_messages(site, "/stuck.py"))
    assert sent[-1][1] == {"type": "http.response.body", "body": b"half\n", "more_body": True}


def test_a_script_ends_when_its_visitor_leaves(site: Path) -> None:
    source = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\n"
    write(site, "long.py", f"{source}print('Content-Type: a/b\\n\\nx', flush=True)\ntime.sleep(60)")
    asyncio.run(asyncio.wait_for(_messages(site, "/long.py", leaves=True), 20))
    assert not runs(int((site / "pid").read_text()))


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie, within a moment."""
    for _ in range(40):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except FileNotFoundError:
            return False
        time.sleep(0.05)
    return True


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
