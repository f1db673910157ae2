"""The program of static sites: right types, validators and ranges, and nothing that should stay hidden."""

import asyncio
import gzip
import os
from pathlib import Path

import httpx
import pytest

from sites.runtime.programs import compression
from sites.runtime.programs.static import application


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("secret")
    site = tmp_path / "site"
    (site / "docs").mkdir(parents=True)
    (site / ".well-known").mkdir()
    (site / "index.html").write_text("home")
    (site / "docs" / "index.htm").write_text("docs")
    (site / "app.mjs").write_text("0123456789")
    (site / ".env").write_text("secret")
    (site / ".well-known" / "security.txt").write_text("contact")
    (site / "empty").mkdir()
    (site / "way-out").symlink_to(tmp_path / "secret")
    return site


async def answer(folder: Path, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app=application(folder))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        return await client.request(method, path, headers=headers)


def ask(folder: Path, path: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    """One request in a loop of its own."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asyncio.run(answer(folder, method, path, named))


def test_default_documents_are_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(folder, "/").text == "home"
    assert ask(folder, "/docs/").text == "docs"
    monkeypatch.setenv("DEFAULT_DOCUMENTS", "missing.html, app.mjs")
    assert ask(folder, "/").text == "0123456789"


def test_a_folder_without_its_slash_is_completed(folder: Path) -> None:
    response = ask(folder, "/docs?a=1")
    assert (response.status_code, response.headers["location"]) == (301, "docs/?a=1")


def test_types_are_right(folder: Path) -> None:
    assert ask(folder, "/app.mjs").headers["content-type"] == "text/javascript; charset=utf-8"
    assert ask(folder, "/").headers["content-type"] == "text/html; charset=utf-8"


def test_a_copy_that_is_still_good_is_not_sent_again(folder: Path) -> None:
    first = ask(folder, "/app.mjs")
    assert ask(folder, "/app.mjs", if_none_match=first.headers["etag"]).status_code == 304
    assert ask(folder, "/app.mjs", if_modified_since=first.headers["last-modified"]).status_code == 304


def test_a_part_can_be_asked_for(folder: Path) -> None:
    response = ask(folder, "/app.mjs", range="bytes=2-4")
    assert (response.status_code, response.text) == (206, "234")


@pytest.mark.parametrize(
    "path", ["/.env", "/way-out", "/empty/", "/missing", "/docs/../../secret", "/%2e%2e/secret", "/%2eenv"]
)
def test_what_is_hidden_is_not_there(folder: Path, path: str) -> None:
    response = ask(folder, path)
    assert response.status_code == 404
    assert "secret" not in response.text


def test_the_folder_for_well_known_addresses_is_shown(folder: Path) -> None:
    assert ask(folder, "/.well-known/security.txt").text == "contact"


def test_the_sites_own_page_says_what_is_not_there(folder: Path) -> None:
    (folder / "404.html").write_text("lost")
    response = ask(folder, "/missing", if_modified_since="Fri, 01 Jan 2100 00:00:00 GMT", range="bytes=0-1")
    assert (response.status_code, response.text) == (404, "lost")


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/users/42", "*/*", 200),
        ("/users/ada.lovelace", "text/html,*/*;q=0.8", 200),
        ("/assets/gone.js", "*/*", 404),
        ("/.env", "*/*", 404),
        ("/docs/", "*/*", 200),
    ],
)
def test_a_fallback_page_answers_pages_that_are_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, path: str, accept: str, status: int
) -> None:
    assert ask(folder, "/users/42").status_code == 404
    monkeypatch.setenv("FALLBACK_PAGE", "index.html")
    answer = ask(folder, path, accept=accept)
    assert answer.status_code == status
    assert answer.text == {"/docs/": "docs"}.get(path, "home" if status == 200 else "Not found\n")


def test_a_fallback_page_that_is_not_there_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FALLBACK_PAGE", "../secret")
    assert ask(folder, "/users/42").status_code == 404


@pytest.mark.parametrize("path", ["/", "/app.mjs", "/docs", "/missing", "/.env"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_a_method_that_no_file_has_is_refused_with_those_that_it_has(folder: Path, method: str, path: str) -> None:
    response = ask(folder, path, method=method)
    assert (response.status_code, response.headers["allow"], response.content) == (405, "GET, HEAD, OPTIONS", b"")


def test_whoever_asks_for_the_methods_is_told(folder: Path) -> None:
    response = ask(folder, "/missing", method="OPTIONS")
    assert (response.status_code, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "path", ["/" + "x" * 300, "/" + "x/" * 3000, "/app.mjs/below", "/%00", "/%ff", "/a%2f..%2f.env"]
)
def test_a_name_that_no_file_can_have_is_not_there(folder: Path, path: str) -> None:
    assert ask(folder, path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/app.mjs", "/docs", "/missing"])
def test_a_browser_asks_each_time_whether_its_copy_is_still_good(folder: Path, path: str) -> None:
    assert ask(folder, path).headers["cache-control"] == "no-cache"
    again = ask(folder, "/app.mjs", if_none_match=ask(folder, "/app.mjs").headers["etag"])
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_another_version_has_another_validator_also_with_the_same_size_and_time(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "app.mjs").write_text("9876543210")
    for file in (folder / "app.mjs", other / "app.mjs"):
        os.utime(file, (1_700_000_000, 1_700_000_000))
    old = ask(folder, "/app.mjs")
    new = ask(other, "/app.mjs", if_none_match=old.headers["etag"], if_modified_since=old.headers["last-modified"])
    assert (new.status_code, new.text) == (200, "9876543210")


def large(folder: Path, name: str = "large.css") -> str:
    text = "body { color: red }\n" * 1000
    (folder / name).write_text(text)
    return text


def test_text_is_compressed_for_who_takes_it(folder: Path) -> None:
    text = large(folder)
    response = ask(folder, "/large.css", accept_encoding="br;q=1.0, gzip;q=0.8")
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert (response.text, int(response.headers["content-length"]) < len(text) / 10) == (text, True)
    plain = ask(folder, "/large.css", accept_encoding="gzip;q=0, identity")
    assert (plain.text, plain.headers["vary"]) == (text, "Accept-Encoding")
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != response.headers["etag"]
    again = ask(folder, "/large.css", accept_encoding="gzip", if_none_match=response.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def test_a_part_and_a_picture_are_sent_as_they_are(folder: Path) -> None:
    text = large(folder)
    large(folder, "large.png")
    part = ask(folder, "/large.css", accept_encoding="gzip", range="bytes=0-9")
    assert (part.status_code, part.text) == (206, text[:10])
    for response in (part, ask(folder, "/large.png", accept_encoding="gzip")):
        assert "content-encoding" not in response.headers


def test_what_is_kept_compressed_has_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "KEPT_BYTES", 200)
    kept = compression.Compressed()
    for number in range(20):
        (folder / f"{number}.txt").write_text(f"{number}" * 2000)
        assert gzip.decompress(kept.of(str(folder / f"{number}.txt"), str(number))).decode() == f"{number}" * 2000
        assert kept._size == sum(map(len, kept._kept.values())) <= 200


def test_the_fallback_page_is_validated_and_compressed_as_a_file_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FALLBACK_PAGE", "large.html")
    text = large(folder, "large.html")
    first = ask(folder, "/users/42", accept_encoding="gzip")
    assert (first.status_code, first.text, first.headers["content-encoding"]) == (200, text, "gzip")
    assert first.headers["cache-control"] == "no-cache"
    again = ask(folder, "/users/43", accept_encoding="gzip", if_none_match=first.headers["etag"])
    assert again.status_code == 304
