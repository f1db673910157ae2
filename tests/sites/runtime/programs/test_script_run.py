"""Scripts run under CGI/1.1, within limits, and end with their request."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from sites.runtime.programs import script_run
from tests.sites.runtime.programs.scripts import answers, ask, messages, write


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


def test_status_and_headers_are_the_scripts(site: Path) -> None:
    head = "Status: 418 Teapot\nContent-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\nConnection: close"
    answers(site, "tea.py", head, "short and stout")
    response = ask(site, "/tea.py")
    assert (response.status_code, response.text) == (418, "short and stout")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "connection" not in response.headers


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
    sent = asyncio.run(messages(site, "/slow.py"))
    parts = [(when, message["body"]) for when, message in sent if message.get("body")]
    assert [body for _when, body in parts] == [b"first\n", b"second\n"]
    assert parts[1][0] - parts[0][0] > 0.4


def test_a_silent_script_is_ended_with_its_children(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_run, "SILENT_SECONDS", 1.5)
    started = "import os, pathlib, subprocess, sys, time\nchild = subprocess.Popen(['sleep', '60'])\n"
    note = "pathlib.Path('pid').write_text(str(child.pid))\n"
    write(site, "silent.py", f"{started}{note}time.sleep(60)")
    response = ask(site, "/silent.py")
    assert (response.status_code, response.text) == (504, "Gateway timeout\n")
    assert not runs(int((site / "pid").read_text()))
    write(site, "stuck.py", "import time\nprint('Content-Type: a/b\\n\\nhalf', flush=True)\ntime.sleep(60)")
    sent = asyncio.run(messages(site, "/stuck.py"))
    assert sent[-1][1] == {"type": "http.response.body", "body": b"half\n", "more_body": True}


def test_a_script_ends_when_its_visitor_leaves(site: Path) -> None:
    source = "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))\n"
    write(site, "long.py", f"{source}print('Content-Type: a/b\\n\\nx', flush=True)\ntime.sleep(60)")
    asyncio.run(asyncio.wait_for(messages(site, "/long.py", leaves=True), 20))
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
