"""Scripts run under CGI/1.1, within limits, and end with their request."""

import contextlib
import json
import socket
import time
from pathlib import Path

import pytest

from tests.sites.runtime.programs.served import Served, answers, serve, write


def told(answer_text: str) -> dict[str, str]:
    """The variables that the script found."""
    found: dict[str, str] = json.loads(answer_text)["env"]
    return found


def test_a_script_is_told_the_request(scripts: Served) -> None:
    answer = scripts.ask(
        "/echo.py/more/of%20it?a=1&b=2",
        "POST",
        content=b"hello",
        Content_Type="text/x",
        X_Mark="m",
        Cookie="c=1",
        X_Forwarded_For="6.6.6.6, 192.0.2.7",
    )
    assert json.loads(answer.text)["body"] == "hello"
    env = told(answer.text)
    expected = {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "/echo.py",
        "SCRIPT_FILENAME": f"{scripts.folder}/echo.py",
        "DOCUMENT_ROOT": str(scripts.folder),
        "REQUEST_URI": "/echo.py/more/of%20it?a=1&b=2",
        "PATH_INFO": "/more/of it",
        "PATH_TRANSLATED": f"{scripts.folder}/more/of it",
        "QUERY_STRING": "a=1&b=2",
        "CONTENT_LENGTH": "5",
        "CONTENT_TYPE": "text/x",
        "SERVER_NAME": "contoso.localhost",
        "SERVER_PORT": str(scripts.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "Greenroom",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_X_MARK": "m",
        "HTTP_COOKIE": "c=1",
        "COLOUR": "blue",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert not env.keys() & {"PHP_FCGI_CHILDREN", "SCRIPT_SUFFIXES", "SCGI", "HTTP_CONTENT_LENGTH"}


def test_headers_that_pose_as_variables_and_secrets_are_kept_back(scripts: Served) -> None:
    request = b"GET /echo.py HTTP/1.0\r\nHost: a\r\nProxy: x\r\nAuthorization: Basic x\r\nX_Under: 1\r\n\r\n"
    with socket.create_connection(("127.0.0.1", scripts.port), 10) as connection, connection.makefile("rb") as answer:
        connection.sendall(request)
        env = told(answer.read().partition(b"\r\n\r\n")[2].decode())
    assert not {name for name in env if name.startswith("HTTP_") and name.endswith(("PROXY", "AUTHORIZATION", "UNDER"))}
    assert not env.keys() & {"PATH_INFO", "PATH_TRANSLATED", "HTTPS"}
    assert told(scripts.ask("/echo.py", X_Forwarded_Proto="https").text)["HTTPS"] == "on"


def test_any_query_reaches_the_script(scripts: Served) -> None:
    for query in ("a=%0a", "a=%00", "q=%ff", "a=b%26c+d"):
        assert told(scripts.ask(f"/echo.py?{query}").text)["QUERY_STRING"] == query


def test_arguments_come_before_the_script(scripts: Served) -> None:
    found = json.loads(scripts.ask("/echo.py").text)
    assert (found["flags"], found["args"]) == (1, [])


def test_status_and_headers_are_the_scripts(scripts: Served) -> None:
    head = "Status: 418 Teapot\nContent-Type: text/plain\nSet-Cookie: a=1\nSet-Cookie: b=2\nConnection: close"
    answers(scripts.folder, "tea.py", head, "short and stout")
    answer = scripts.ask("/tea.py")
    assert (answer.status, answer.text) == (418, "short and stout")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["connection"] is None
    assert answer.headers["cache-control"] is None
    answers(scripts.folder, "nothing.py", "Status: 204")
    assert scripts.ask("/nothing.py").status == 204
    assert scripts.ask("/tea.py", "HEAD").content == b""
    answers(scripts.folder, "gone.py", "Status: 404\nContent-Type: text/plain", "its own words")
    assert (scripts.ask("/gone.py").status, scripts.ask("/gone.py").text) == (404, "its own words")


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
def test_a_script_that_answers_badly_is_a_bad_gateway_without_its_reason(scripts: Served, source: str) -> None:
    write(scripts.folder, "bad.py", source)
    answer = scripts.ask("/bad.py")
    assert (answer.status, answer.text) == (502, "Bad gateway\n")


def test_a_processor_that_is_not_there_is_a_bad_gateway(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    write(tmp_path / "site", "echo.py", "")
    mapped = json.dumps({".py": {"processor": "/nowhere/python"}})
    with serve(tmp_path / "site", tmp_path / "scratch", HANDLER_MAPPINGS=mapped) as served:
        assert served.ask("/echo.py").text == "Bad gateway\n"
        assert "/nowhere/python cannot be run" in served.log.read_text()


def test_large_bodies_pass_in_both_directions(scripts: Served) -> None:
    copy = "import shutil, sys; print('Content-Type: a/b\\n', flush=True); shutil.copyfileobj(sys.stdin, sys.stdout)"
    write(scripts.folder, "copy.py", copy)
    body = b"0123456789" * 200_000
    assert scripts.ask("/copy.py", "POST", content=body).content == body


def test_a_body_that_nobody_reads_disturbs_nobody(scripts: Served) -> None:
    answers(scripts.folder, "deaf.py", "Content-Type: text/plain", "done")
    assert scripts.ask("/deaf.py", "POST", content=b"x" * 2_000_000).text == "done"


def test_output_is_passed_on_as_it_comes(scripts: Served) -> None:
    source = "import pathlib, time\nprint('Content-Type: text/plain\\n\\nfirst', flush=True)\n"
    write(
        scripts.folder, "slow.py", f"{source}while not pathlib.Path('seen').exists(): time.sleep(0.01)\nprint('second')"
    )
    with contextlib.closing(scripts.connect()) as connection:
        connection.request("GET", "/slow.py")
        answer = connection.getresponse()
        assert answer.read1() == b"first\n"
        (scripts.folder / "seen").touch()
        assert answer.read() == b"second\n"


def test_a_script_ends_with_its_children_when_its_visitor_leaves(scripts: Served) -> None:
    source = "import subprocess, time\nchild = subprocess.Popen(['sleep', '60'])\n"
    write(
        scripts.folder, "long.py", f"{source}print(f'Content-Type: a/b\\n\\n{{child.pid}}', flush=True)\ntime.sleep(60)"
    )
    with contextlib.closing(scripts.connect()) as connection:
        connection.request("GET", "/long.py")
        pid = int(connection.getresponse().read1())
    assert ends(pid)


def ends(pid: int) -> bool:
    """Whether a process has ended, or does so within ten seconds; a zombie has."""
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False
