"""PHP: a front page or composer.json, served by lighttpd with PHP's FastCGI."""

import re
import shlex
from dataclasses import dataclass

from sites.content.recipe import serve
from sites.content.tables import as_table, parse_json
from sites.content.tree import Tree

ROOTS = ("", "public/", "web/", "public_html/", "htdocs/", "www/")
PROGRAM = (
    "command -v php-cgi >/dev/null || { echo 'PHP is not installed on this server. Install it "
    "(Debian: apt-get install php-cgi), then publish again.'; exit 1; }"
)
"""Before anything else is built: without PHP nothing of it would be served."""
INSTALL = (
    "if command -v composer >/dev/null; then composer install --no-dev --no-interaction --no-progress "
    "--optimize-autoloader; else echo 'composer is not installed on this server, and composer.json names packages. "
    "Install it (Debian: apt-get install composer), or publish the folder vendor too.'; exit 1; fi"
)
HEROKU = re.compile(r"^(?:vendor/bin/)?heroku-php-(?:apache2|nginx)(?:\s+-\S+\s+\S+)*(?:\s+(?P<root>[\w./-]+))?$")


@dataclass(frozen=True, slots=True)
class PhpSite:
    """How it is built and started."""

    what: str
    program: tuple[str, ...]
    steps: tuple[str, ...]
    notes: tuple[str, ...]


def find_php(tree: Tree) -> PhpSite | None:
    """A content with index.php at the top, or in a folder that is the root of frameworks (public/, web/)."""
    composer = tree.has("composer.json")
    roots = [root for root in (*ROOTS[1:], "") if tree.has(f"{root}index.php")]
    if not roots:
        return None
    root = "" if "" in roots and not composer else roots[0]
    needed = as_table(parse_json(tree, "composer.json").get("require")) if composer else {}
    install = (INSTALL,) if any("/" in package for package in needed) and not tree.has("vendor/autoload.php") else ()
    notes: tuple[str, ...] = ()
    if tree.has(".htaccess") or tree.has(f"{root}.htaccess"):
        notes = ("Ignored: .htaccess. Paths without a file are answered by index.php.",)
    return PhpSite(f"PHP, {root}index.php", _served(root), (PROGRAM, *install), notes)


def _served(root: str) -> tuple[str, ...]:
    """lighttpd and PHP's FastCGI; paths without a file go to the folder's index.php."""
    return serve(root.rstrip("/") or ".", "--php")


def as_known_here(line: str) -> str:
    """A line for the servers of Heroku, as the same folder is served here; any other as it is."""
    match = HEROKU.match(line)
    return shlex.join(_served(match["root"] or "")) if match else line
