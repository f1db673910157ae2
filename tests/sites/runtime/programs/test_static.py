"""The program of static sites: right types, validators and ranges, and nothing that should stay hidden."""

import asyncio
from pathlib import Path

import httpx
import pytest

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


async def get(folder: Path, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=application(folder))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        return await client.get(path, headers=named)


def ask(folder: Path, path: str, **headers: str) -> httpx.Response:
    """One request in a loop of its own."""
    return asyncio.run(get(folder, path, **headers))


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
