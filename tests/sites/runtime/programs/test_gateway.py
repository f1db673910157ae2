"""Handler mappings lead a path to its script or its file, and the source of a script is never handed out."""

import asyncio
import contextlib
import http.client
import json
import socket
import sys
import time
from pathlib import Path

import pytest

from sites.runtime.programs import script_run
from sites.runtime.programs.gateway import Gateway, read_mappings
from tests.sites.runtime.programs.conftest import MAPPED
from tests.sites.runtime.programs.served import Served, answers, serve, write


def test_everything_else_is_served_as_a_file(scripts: Served) -> None:
    assert scripts.ask("/").text == "home"
    assert scripts.ask("/", "POST", content=b"").status == 405
    for path in ("/missing.py", f"/{'x' * 300}", f"/{'x' * 300}/echo.py"):
        assert scripts.ask(path).status == 404


@pytest.mark.parametrize(
    "path", ["/echo.py", "//echo.py", "/sub/..%2fecho.py", "/./echo.py", "/ECHO.PY", "/echo.py/", "/echo%2epy"]
)
def test_the_source_of_a_script_is_never_handed_out(scripts: Served, path: str) -> None:
    answer = scripts.ask(path)
    assert "import json" not in answer.text
    assert answer.status == 200


def test_a_script_can_be_a_default_document_and_its_source_stays_hidden(scripts: Served) -> None:
    (scripts.folder / "begin").mkdir()
    answers(scripts.folder, "begin/start.py", "Content-Type: text/plain", "ran")
    assert [scripts.ask(path).text for path in ("/begin/", "//begin/")] == ["ran", "ran"]
    assert scripts.ask("/begin/", "POST", content=b"1").text == "ran"
    assert scripts.ask("/begin?a=1").headers["location"] == "/begin/?a=1"


def test_scripts_outside_the_folder_and_hidden_ones_do_not_run(scripts: Served) -> None:
    answers(scripts.folder.parent, "out.py", "Content-Type: text/plain", "ran")
    answers(scripts.folder, ".hidden.py", "Content-Type: text/plain", "ran")
    (scripts.folder / "link.py").symlink_to(scripts.folder.parent / "out.py")
    for path in ("/../out.py", "/%2e%2e/out.py", "/.hidden.py", "/link.py", "/up/out.py", "/.script/echo.py"):
        answer = scripts.ask(path)
        assert (answer.status, "ran" in answer.text) == (404, False), path


def test_a_script_is_no_page_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    answers(tmp_path / "site", "404.py", "Content-Type: text/plain", "ran")
    with serve(tmp_path / "site", tmp_path / "scratch", HANDLER_MAPPINGS=MAPPED, FALLBACK_PAGE="404.py") as served:
        assert served.ask("/users/42").text == "Not found\n"


def test_scripts_run_also_where_scratch_files_lie_deep(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    answers(tmp_path / "site", "a.py", "Content-Type: text/plain", "ran")
    deep = tmp_path / ("x" * 120)
    with serve(tmp_path / "site", deep, HANDLER_MAPPINGS=MAPPED) as served:
        assert served.ask("/a.py").text == "ran"


def test_redirects_go_to_the_visitor_or_to_another_file(scripts: Served) -> None:
    answers(scripts.folder, "away.py", "Location: https://example.org/")
    answers(scripts.folder, "moved.py", "Status: 301 Moved\nLocation: /index.html")
    answers(scripts.folder, "inside.py", "Location: /echo.py/x?q=1")
    answers(scripts.folder, "tofile.py", "Location: /app.mjs")
    answers(scripts.folder, "round.py", "Location: /round.py")
    answer = scripts.ask("/away.py")
    assert (answer.status, answer.headers["location"]) == (302, "https://example.org/")
    assert scripts.ask("/moved.py").status == 301
    env = json.loads(scripts.ask("/inside.py", "POST", content=b"x", X_Mark="m").text)["env"]
    assert (env["REQUEST_METHOD"], env["PATH_INFO"], env["QUERY_STRING"]) == ("GET", "/x", "q=1")
    assert env["HTTP_X_MARK"] == "m"
    assert not env.keys() & {"CONTENT_LENGTH", "HTTP_X_LOCAL_REDIRECTS"}
    assert (scripts.ask("/tofile.py").text, scripts.ask("/tofile.py", "HEAD").content) == ("0123456789", b"")
    assert scripts.ask("/round.py").status == 502


def test_a_body_of_unknown_length_is_refused(scripts: Served) -> None:
    answer = scripts.ask("/echo.py", "POST", content=b"5\r\nhello\r\n0\r\n\r\n", Transfer_Encoding="chunked")
    assert answer.status == 411


def test_the_example_of_the_documentation_works(scripts: Served) -> None:
    document = (Path(__file__).parents[4] / "docs" / "handler-mappings.md").read_text()
    write(scripts.folder, "greet.py", document.partition("```python\n")[2].partition("```")[0])
    assert scripts.ask("/greet.py", "POST", content=b"who=A%26B").text == "<p>Good day, A&amp;B.</p>\n"


def test_a_gateway_that_ends_is_started_again_and_its_answer_breaks_off(scripts: Served) -> None:
    source = "import os, signal, time\nprint('Content-Type: a/b\\n\\nhalf', flush=True)\ntime.sleep(0.3)\n"
    write(scripts.folder, "deadly.py", f"{source}os.kill(os.getppid(), signal.SIGKILL)\n")
    with pytest.raises(http.client.IncompleteRead):
        scripts.ask("/deadly.py")
    ends_at = time.monotonic() + 30
    while scripts.ask("/echo.py").status != 200:
        assert time.monotonic() < ends_at
        time.sleep(0.05)


async def _scgi(gateway: Gateway, file: Path) -> bytes:
    """What the gateway writes for one request, without lighttpd."""
    ours, theirs = socket.socketpair()
    fields = {"CONTENT_LENGTH": "0", "SCGI": "1", "REQUEST_METHOD": "GET", "SCRIPT_NAME": f"/.script/{file.name}"}
    fields |= {"SCRIPT_FILENAME": str(file), "QUERY_STRING": ""}
    block = b"".join(f"{name}\0{value}\0".encode() for name, value in fields.items())
    served_reader, served_writer = await asyncio.open_unix_connection(sock=theirs)
    answering = asyncio.create_task(gateway.answer(served_reader, served_writer))
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    writer.write(b"%d:%s," % (len(block), block))
    try:
        return await reader.read()
    finally:
        writer.close()
        await answering


def test_more_scripts_than_there_are_turns_are_told_to_come_again(tmp_path: Path) -> None:
    write(tmp_path, "slow.py", "import time; print('Content-Type: a/b\\n\\ndone', flush=True); time.sleep(30)")
    write(tmp_path, "fast.py", "print('Content-Type: a/b\\n\\ndone')")
    gateway = Gateway(read_mappings(json.dumps({".py": {"processor": sys.executable}})), children=1, turn=0.2)

    async def both() -> bytes:
        holding = asyncio.create_task(_scgi(gateway, tmp_path / "slow.py"))
        while not gateway.is_full:
            await asyncio.sleep(0.01)
        refused = await _scgi(gateway, tmp_path / "fast.py")
        holding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await holding
        return refused

    refused = asyncio.run(both())
    assert refused.startswith(b"Status: 503\r\n")
    assert b"Retry-After: 5\r\n" in refused


def test_a_silent_script_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_run, "SILENT_SECONDS", 0.3)
    write(tmp_path, "silent.py", "import time; time.sleep(60)")
    write(tmp_path, "stuck.py", "import time; print('Content-Type: a/b\\n\\nhalf', flush=True); time.sleep(60)")
    gateway = Gateway(read_mappings(json.dumps({".py": {"processor": sys.executable}})))
    assert asyncio.run(_scgi(gateway, tmp_path / "silent.py")).startswith(b"Status: 504\r\n")
    broken = asyncio.run(_scgi(gateway, tmp_path / "stuck.py"))
    assert not broken.endswith(b"0\r\n\r\n"), "nobody may take it for whole"


@pytest.mark.parametrize("sent", [b"", b"hello", b"5:a", b"99999999999:", b"-1:,", b"0:,"])
def test_what_is_no_request_is_not_answered(sent: bytes) -> None:
    async def answer() -> bytes:
        ours, theirs = socket.socketpair()
        served = await asyncio.open_unix_connection(sock=theirs)
        ours.sendall(sent)
        ours.shutdown(socket.SHUT_WR)
        await Gateway({}).answer(*served)
        with ours:
            return await asyncio.to_thread(ours.recv, 100)

    assert asyncio.run(answer()) == b""
