"""Static sites: right types, validators, ranges and methods, and nothing that should stay hidden."""

import contextlib
import gzip
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sites.runtime.programs import static
from tests.sites.runtime.programs.served import PROGRAM, START_SECONDS, Served, free_port, serve


def test_default_documents_are_found(site: Served) -> None:
    assert site.ask("/").text == "home"
    assert site.ask("/docs/").text == "docs"


def test_other_default_documents_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "b.txt").write_text("b")
    with serve(tmp_path / "site", tmp_path / "scratch", DEFAULT_DOCUMENTS="missing.html, b.txt") as served:
        assert served.ask("/").text == "b"


def test_a_folder_without_its_slash_is_completed_and_leads_to_no_other_host(site: Served) -> None:
    assert site.ask("/docs").headers["location"] == "/docs/"
    answer = site.ask("/docs?a=1")
    assert (answer.status, answer.headers["location"]) == (301, "/docs/?a=1")
    assert site.ask("//docs").headers["location"] == "/docs/"
    (site.folder / "a b%é").mkdir(exist_ok=True)
    (site.folder / "a b%é" / "index.html").write_text("odd")
    assert site.ask("/a%20b%25%C3%A9").headers["location"].lower() == "/a%20b%25%c3%a9/"
    assert site.ask("/a%20b%25%C3%A9/").text == "odd"


def test_types_are_right(site: Served) -> None:
    (site.folder / "LICENSE").write_text("text")
    (site.folder / "a.tar.gz").write_bytes(b"1")
    (site.folder / "PAGE.HTML").write_text("page")
    expected = {
        "/app.mjs": "text/javascript; charset=utf-8",
        "/": "text/html; charset=utf-8",
        "/PAGE.HTML": "text/html; charset=utf-8",
        "/LICENSE": "text/plain; charset=utf-8",
        "/a.tar.gz": "application/gzip",
    }
    assert {path: site.ask(path).headers["content-type"] for path in expected} == expected


def test_a_copy_that_is_still_good_is_not_sent_again(site: Served) -> None:
    first = site.ask("/app.mjs")
    again = site.ask("/app.mjs", If_None_Match=first.headers["etag"])
    assert (again.status, again.headers["cache-control"]) == (304, "no-cache")
    later = site.ask("/app.mjs", If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT")
    assert later.status == 200, "after a roll-back the file is older than what the visitor has"


def test_parts_can_be_asked_for(site: Served) -> None:
    answer = site.ask("/app.mjs", Range="bytes=2-4")
    assert (answer.status, answer.text, answer.headers["content-range"]) == (206, "234", "bytes 2-4/10")
    assert site.ask("/app.mjs", Range="bytes=100-").status == 416
    many = "bytes=" + ",".join(f"{number % 10}-{number % 10}" for number in range(5000))
    assert len(site.ask("/app.mjs", Range=many).content) < 10_000, "many parts make no large answer"
    changed = site.ask("/app.mjs", Range="bytes=2-4", If_Range='"another"')
    assert (changed.status, changed.text) == (200, "0123456789")


@pytest.mark.parametrize(
    "path",
    "/.env /way-out /up/secret /up/ /empty/ /empty /missing /docs/../../secret /%2e%2e/secret /%2eenv /..%2fsecret "
    "/docs/..%2f..%2fsecret /.script/index.html /app.mjs/below /app.mjs/".split(),
)
def test_what_is_hidden_is_not_there(site: Served, path: str) -> None:
    answer = site.ask(path)
    assert (answer.status, answer.content) == (404, b"Not found\n")


@pytest.mark.parametrize(
    "path", "/web.config /web.config.bak /Web.Release.CONFIG /sub/web.config /App_Data/shop.mdb".split()
)
def test_what_iis_gives_nobody_is_not_there(site: Served, path: str) -> None:
    file = site.folder / path[1:]
    file.parent.mkdir(exist_ok=True)
    file.write_text("<add name='Shop' connectionString='hush-hush' />")
    answer = site.ask(path)
    assert (answer.status, answer.content) == (404, b"Not found\n")


def test_a_site_that_comes_from_iis_hides_what_is_hidden_there(tmp_path: Path, site: Served) -> None:
    hidden = (
        "connectionStrings.config ConnectionStrings.config.bak sub/web.config.old app.config~ bin/a.dll bin/x86/a.pdb "
        "App_Code/a.cs App_Data/index.html App_GlobalResources/a.txt Global.asax shop.mdf"
    ).split()
    shown = "bin/list.txt app.config.json combined/a.dll cs.html".split()
    for folder in (site.folder, tmp_path / "site"):
        for name in (*hidden, *shown):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("content")
    (tmp_path / "site" / "Web.config").write_text("<configuration />")
    with serve(tmp_path / "site", tmp_path / "scratch") as served:
        assert {name: served.ask(f"/{name}").status for name in hidden} == dict.fromkeys(hidden, 404)
        assert {name: served.ask(f"/{name}").text for name in shown} == dict.fromkeys(shown, "content")
        assert served.ask("/App_Data").status == 404
    assert site.ask("/bin/a.dll").text == "content", "a download of a site that comes from elsewhere"
    assert site.ask("/App_Data").status == 404


def test_a_default_document_that_is_a_link_is_not_followed(site: Served) -> None:
    (site.folder / "linked").mkdir()
    (site.folder / "linked" / "index.html").symlink_to(site.folder.parent / "secret")
    assert site.ask("/linked/").status == 404


def test_a_page_for_what_is_missing_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "404.html").symlink_to(tmp_path / "secret")
    with serve(tmp_path / "site", tmp_path / "scratch") as served:
        answer = served.ask("/missing")
        assert (answer.status, b"secret" in answer.content) == (404, False)


def test_the_folder_for_well_known_addresses_is_shown(site: Served) -> None:
    assert site.ask("/.well-known/security.txt").text == "contact"


@pytest.mark.parametrize("path", ["/" + "x" * 300, "/" + "x/" * 3000, "/a%2f..%2f.env"])
def test_a_name_that_no_file_has_is_not_there(site: Served, path: str) -> None:
    assert site.ask(path).status == 404


@pytest.mark.parametrize("path", "/%00 /%ff /%0a /index.html%00 /index.html%00.css /docs%00/ /%7f".split())
def test_a_name_that_no_file_can_have_is_not_there(site: Served, path: str) -> None:
    assert site.ask(path).status == 404


@pytest.mark.parametrize("query", "a=%0a a=%00 q=%ff a=%0d%0aX:1 a=..%2f.. /../../b a=/.env".split())
def test_any_query_is_taken(site: Served, query: str) -> None:
    assert site.ask(f"/app.mjs?{query}").text == "0123456789"
    answer = site.ask(f"/docs?{query}")
    assert (answer.status, answer.headers["x"]) == (301, None)


@pytest.mark.parametrize(
    "name", ["with space.txt", "50%.txt", "é.txt", "a+b.txt", "q?.txt", "#.txt", "'\".txt", "日本.txt"]
)
def test_any_name_of_a_file_can_be_asked_for(site: Served, name: str) -> None:
    (site.folder / name).write_text(name)
    assert site.ask("/" + "".join(f"%{byte:02x}" for byte in name.encode())).text == name


@pytest.mark.parametrize("path", ["/", "/app.mjs", "/docs", "/missing", "/.env"])
def test_a_method_that_no_file_has_is_refused_with_those_that_it_has(site: Served, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
        answer = site.ask(path, method, content=b"")
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS"), method


def test_a_large_body_that_nobody_wants_is_answered(site: Served) -> None:
    assert site.ask("/", "POST", content=b"x" * 5_000_000).status == 405


def test_the_methods_are_said_when_somebody_asks(site: Served) -> None:
    answer = site.ask("/missing", "OPTIONS")
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


def test_head_says_what_get_would_send(site: Served) -> None:
    answer = site.ask("/app.mjs", "HEAD")
    assert (answer.status, answer.headers["content-length"], answer.content) == (200, "10", b"")


@pytest.mark.parametrize("path", ["/", "/app.mjs", "/docs", "/missing"])
def test_a_browser_asks_each_time_whether_its_copy_is_still_good(site: Served, path: str) -> None:
    assert site.ask(path).headers["cache-control"] == "no-cache"


def test_another_version_has_another_validator_also_with_the_same_size_and_time(site: Served, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "app.mjs").write_text("9876543210")
    for file in (site.folder / "app.mjs", tmp_path / "site" / "app.mjs"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    old = site.ask("/app.mjs")
    with serve(tmp_path / "site", tmp_path / "scratch") as other:
        new = other.ask("/app.mjs", If_None_Match=old.headers["etag"], If_Modified_Since=old.headers["last-modified"])
    assert (new.status, new.text) == (200, "9876543210")


def test_text_is_compressed_for_browsers_that_take_it(site: Served) -> None:
    text = (site.folder / "large.css").read_text()
    answer = site.ask("/large.css", Accept_Encoding="br;q=1.0, gzip;q=0.8")
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(answer.content).decode() == text
    assert len(answer.content) < len(text) / 10
    plain = site.ask("/large.css", Accept_Encoding="gzip;q=0, identity")
    assert (plain.text, plain.headers["vary"], plain.headers["content-encoding"]) == (text, "Accept-Encoding", None)
    assert plain.headers["etag"] != answer.headers["etag"]
    again = site.ask("/large.css", Accept_Encoding="gzip", If_None_Match=answer.headers["etag"])
    assert (again.status, again.content) == (304, b"")


def test_a_part_and_a_picture_are_sent_as_they_are(site: Served) -> None:
    part = site.ask("/large.css", Accept_Encoding="gzip", Range="bytes=0-9")
    assert (part.status, part.text) == (206, "body { col")
    for answer in (part, site.ask("/large.png", Accept_Encoding="gzip")):
        assert answer.headers["content-encoding"] is None


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/users/42", "*/*", 200),
        ("/users/ada.lovelace", "text/html,*/*;q=0.8", 200),
        ("/empty/", "*/*", 200),
        ("/assets/gone.js", "*/*", 404),
        ("/.env", "*/*", 404),
        ("/way-out.txt", "*/*", 404),
    ],
)
def test_a_fallback_page_answers_pages_that_are_no_file(one_page: Served, path: str, accept: str, status: int) -> None:
    answer = one_page.ask(path, Accept=accept)
    page = one_page.folder / ("large.css" if status == 200 else "404.html")
    assert (answer.status, answer.text) == (status, page.read_text())
    assert one_page.ask("/docs/").text == "docs"


def test_the_fallback_page_is_validated_and_compressed_as_a_file_is(one_page: Served) -> None:
    first = one_page.ask("/users/42", Accept_Encoding="gzip")
    assert (first.status, first.headers["content-encoding"], first.headers["cache-control"]) == (
        200,
        "gzip",
        "no-cache",
    )
    assert one_page.ask("/users/43", Accept_Encoding="gzip", If_None_Match=first.headers["etag"]).status == 304


def test_the_sites_own_page_says_what_is_not_there(one_page: Served) -> None:
    answer = one_page.ask("/gone.js", If_Modified_Since="Fri, 01 Jan 2100 00:00:00 GMT", Range="bytes=0-1")
    assert (answer.status, answer.text) == (404, "lost" * 500)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("page", ["../secret", "/../secret", "docs/../../secret", "gone.html", "way-out", "docs"])
def test_a_fallback_page_that_is_no_file_of_the_site_changes_nothing(tmp_path: Path, page: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "site" / "docs").mkdir(parents=True)
    (tmp_path / "site" / "way-out").symlink_to(tmp_path / "secret")
    with serve(tmp_path / "site", tmp_path / "scratch", FALLBACK_PAGE=page) as served:
        assert served.ask("/users/42").status == 404


def test_requests_that_are_held_are_finished_before_the_end(site: Served, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "large.bin").write_bytes(b"x" * 30_000_000)
    with serve(tmp_path / "site", tmp_path / "scratch") as served:
        with contextlib.closing(served.connect()) as idle, contextlib.closing(served.connect()) as busy:
            idle.request("GET", "/large.bin", headers={"Range": "bytes=0-1"})
            assert idle.getresponse().read() == b"xx"
            busy.request("GET", "/large.bin")
            answer = busy.getresponse()
            served.process.send_signal(signal.SIGINT)
            assert len(answer.read()) == 30_000_000
        assert served.process.wait(START_SECONDS) == 0


def test_without_lighttpd_the_log_says_what_to_do(tmp_path: Path) -> None:
    line = f"import runpy, sys; sys.argv[1:] = []; runpy.run_path({str(PROGRAM)!r})['main']()"
    code = f"import shutil; shutil.which = lambda *_, **__: None; {line}"
    environment = {"PORT": str(free_port()), "PATH": "/nowhere"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "apt-get install lighttpd lighttpd-mod-deflate lighttpd-modules-lua" in done.stderr


def test_what_the_configuration_is_made_from_cannot_add_to_it(tmp_path: Path) -> None:
    environment = {"PORT": "80", "TMPDIR": '/t"\\'}
    written = static.configuration(tmp_path / 'a"b\\', environment, [])
    assert f'server.document-root = "{tmp_path}/a\\"b\\\\"\n' in written
    with pytest.raises(ValueError, match="control character"):
        static.configuration(Path("/a\nserver.port = 1"), environment, [])


def test_visitors_of_a_small_site_share_one_compressed_copy(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "site", tmp_path / "scratch"
    folder.mkdir()
    (folder / "large.css").write_text("a { color: red }\n" * 20_000)
    with serve(folder, scratch) as served:
        answers = [served.ask("/large.css", Accept_Encoding="gzip") for _ in range(2)]
    assert {gzip.decompress(answer.content) for answer in answers} == {(folder / "large.css").read_bytes()}
    assert len([path for path in (scratch / "compressed").rglob("*") if path.is_file()]) == 1


def test_of_a_large_site_nothing_is_kept_and_large_files_are_sent_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(static, "KEPT_BYTES", 1000)
    (tmp_path / "page.html").write_text("x" * 1001)
    lines = static.configuration(tmp_path, {"PORT": "80", "TMPDIR": str(tmp_path)}, [])
    assert "deflate.max-compress-size = 128" in lines and "cache-dir" not in lines
    (tmp_path / "page.html").rename(tmp_path / "picture.png")
    assert "cache-dir" in static.configuration(tmp_path, {"PORT": "80", "TMPDIR": str(tmp_path)}, [])
