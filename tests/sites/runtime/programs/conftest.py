"""Static sites that are served, each once for a file of tests."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sites.runtime.programs.served import ECHO, Served, serve, write

MAPPED = json.dumps({".py": {"processor": sys.executable, "arguments": "-I"}})


def files(folder: Path) -> Path:
    """The content of a static site, with what nobody may get."""
    (folder.parent / "secret").write_text("secret")
    (folder / "docs").mkdir(parents=True)
    (folder / ".well-known").mkdir()
    (folder / "index.html").write_text("home")
    (folder / "docs" / "index.htm").write_text("docs")
    (folder / "app.mjs").write_text("0123456789")
    (folder / "large.css").write_text("body { color: red }\n" * 1000)
    (folder / "large.png").write_text("not really a picture\n" * 1000)
    (folder / ".env").write_text("secret")
    (folder / ".well-known" / "security.txt").write_text("contact")
    (folder / "empty").mkdir()
    (folder / "way-out").symlink_to(folder.parent / "secret")
    (folder / "up").symlink_to(folder.parent)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A static site as it is published."""
    place = tmp_path_factory.mktemp("static")
    with serve(files(place / "site"), place / "scratch") as served:
        yield served


@pytest.fixture(scope="module")
def one_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A site whose pages are drawn in the browser, with a page of its own for what is missing."""
    place = tmp_path_factory.mktemp("one-page")
    folder = files(place / "site")
    (folder / "404.html").write_text("lost" * 500)
    with serve(folder, place / "scratch", FALLBACK_PAGE="large.css") as served:
        yield served


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A static site whose .py files are run."""
    place = tmp_path_factory.mktemp("scripts")
    folder = files(place / "site")
    (folder / "sub").mkdir()
    write(folder, "echo.py", ECHO)
    write(folder, "ECHO.PY", ECHO)
    documents = "start.py,index.html"
    with serve(
        folder, place / "scratch", HANDLER_MAPPINGS=MAPPED, DEFAULT_DOCUMENTS=documents, COLOUR="blue"
    ) as served:
        yield served
