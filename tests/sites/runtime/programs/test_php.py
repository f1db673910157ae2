"""PHP behind lighttpd: a front page for every path without a file, and nothing that describes the project."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sites.runtime.programs import static
from tests.sites.runtime.programs.served import Served, serve

ECHO = "<?php header('Content-Type: application/json'); echo json_encode(['server' => $_SERVER, 'post' => $_POST]);"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A project of PHP that is served as it lies there."""
    place = tmp_path_factory.mktemp("php")
    folder = place / "site"
    for name in ("vendor/lib", "admin", ".git", "empty"):
        (folder / name).mkdir(parents=True)
    (folder / "index.php").write_text(ECHO)
    (folder / "admin" / "index.php").write_text("<?php echo 'admin';")
    (folder / "page.php").write_text("<?php http_response_code(404); echo 'its own words';")
    (folder / "ODD.PHP").write_text("<?php secret")
    (folder / "style.css").write_text("a{}")
    for hidden in (
        "vendor/lib/a.php",
        "composer.json",
        "web.config",
        "Composer.Lock",
        "greenroom.toml",
        "Procfile",
        ".env",
        ".git/config",
    ):
        (folder / hidden).write_text("secret")
    with serve(folder, place / "scratch", ".", "--php", COLOUR="blue") as served:
        yield served


def test_paths_without_a_file_go_to_the_front_page(project: Served) -> None:
    for path in ("/", "/index.php", "/users/42?a=1", "/users/ada.css", "/empty/"):
        answer = project.ask(path)
        server = json.loads(answer.text)["server"]
        assert (answer.status, server["SCRIPT_NAME"], server["REQUEST_URI"]) == (200, "/index.php", path)
        assert server["SCRIPT_FILENAME"] == f"{project.folder}/index.php"
    assert server["COLOUR"] == "blue"


def test_any_method_reaches_the_script(project: Served) -> None:
    answer = project.ask("/users", "POST", content=b"who=ada", Content_Type="application/x-www-form-urlencoded")
    assert json.loads(answer.text)["post"] == {"who": "ada"}
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        assert json.loads(project.ask("/users", method, content=b"").text)["server"]["REQUEST_METHOD"] == method


def test_files_and_other_scripts_are_found(project: Served) -> None:
    assert project.ask("/style.css").text == "a{}"
    assert project.ask("/admin/").text == "admin"
    assert project.ask("/admin").headers["location"] == "/admin/"
    answer = project.ask("/page.php")
    assert (answer.status, answer.text) == (404, "its own words")
    assert json.loads(project.ask("/index.php/below/it").text)["server"]["PATH_INFO"] == "/below/it"


@pytest.mark.parametrize(
    "path",
    "/vendor/lib/a.php /composer.json /Composer.Lock /COMPOSER.LOCK /greenroom.toml /Procfile /.env /.git/config "
    "/ODD.PHP /vendor/../.env /web.config".split(),
)
def test_what_describes_the_project_is_not_there(project: Served, path: str) -> None:
    answer = project.ask(path)
    assert (answer.status, answer.text) == (404, "Not found\n")


def test_a_folder_of_the_project_hides_no_more_than_dot_files(tmp_path: Path) -> None:
    (tmp_path / "site" / "public" / "vendor").mkdir(parents=True)
    (tmp_path / "site" / "public" / "vendor" / "a.css").write_text("a{}")
    (tmp_path / "site" / "public" / "index.php").write_text("<?php echo 'front';")
    with serve(tmp_path / "site", tmp_path / "scratch", "public", "--php") as served:
        assert served.ask("/vendor/a.css").text == "a{}"
        assert served.ask("/../composer.json").text == "front"
        assert served.ask("/vendor", "POST", content=b"").text == "front", "a folder without a page"
        (tmp_path / "site" / "uploads").mkdir()
        (tmp_path / "site" / "uploads" / "a.txt").write_text("uploaded")
        (tmp_path / "site" / "public" / "storage").symlink_to("../uploads")
        assert served.ask("/storage/a.txt").text == "uploaded", "frameworks link their uploads"


def test_a_visitor_behind_tls_is_seen(project: Served) -> None:
    assert json.loads(project.ask("/", X_Forwarded_Proto="https").text)["server"]["HTTPS"] == "on"
    assert "HTTPS" not in json.loads(project.ask("/").text)["server"]


def test_without_php_the_log_says_what_to_do() -> None:
    with pytest.raises(FileNotFoundError, match="apt-get install php-cgi"):
        static.prepare([".", "--php"], {"TMPDIR": os.devnull}, find=lambda _: None)
