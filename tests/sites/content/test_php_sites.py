"""PHP: what is recognised, and what is served."""

import pytest

from sites.content.recipe import STATIC_PROGRAM, Kind
from sites.content.recognition import recognise
from sites.content.tree import Folder
from tests.sites.content.conftest import Lay

REQUIRES = '{"require": {"php": ">=8", "slim/slim": "4.*"}}'


@pytest.mark.parametrize(
    ("files", "root", "installs"),
    [
        ({"index.php": ""}, ".", False),
        ({"index.php": "", "index.html": ""}, ".", False),
        ({"index.php": "", "composer.json": "{}"}, ".", False),
        ({"public/index.php": "", "composer.json": REQUIRES}, "public", True),
        ({"public/index.php": "", "index.php": "", "composer.json": REQUIRES}, "public", True),
        ({"web/index.php": "", "composer.json": REQUIRES, "vendor/autoload.php": ""}, "web", False),
    ],
)
def test_a_front_page_is_served_by_lighttpd_with_php(
    lay: Lay, files: dict[str, str], root: str, installs: bool
) -> None:
    recipe = recognise(Folder(lay(files)))
    assert recipe.kind is Kind.PHP
    assert recipe.command[1:] == (STATIC_PROGRAM, root, "--php")
    assert "PHP is not installed on this server" in recipe.build_steps[0]
    assert any("composer install --no-dev" in step for step in recipe.build_steps) is installs


@pytest.mark.parametrize("line", ["heroku-php-apache2 web/", "vendor/bin/heroku-php-nginx -C nginx.conf web/"])
def test_a_line_for_herokus_server_is_served_in_the_same_way(lay: Lay, line: str) -> None:
    recipe = recognise(Folder(lay({"Procfile": f"web: {line}", "web/index.php": ""})))
    assert recipe.line.endswith(f"{STATIC_PROGRAM} web --php")


def test_rules_for_apache_are_named_as_ignored(lay: Lay) -> None:
    recipe = recognise(Folder(lay({"index.php": "", ".htaccess": ""})))
    assert recipe.notes == ("Ignored: .htaccess. Paths without a file are answered by index.php.",)
