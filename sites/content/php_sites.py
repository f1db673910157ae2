"""PHP: a front page or composer.json, served by PHP's own server."""

import re
from dataclasses import dataclass

from sites.content.tables import as_table, parse_json
from sites.content.tree import Tree

ROOTS = ("", "public/", "web/", "public_html/", "htdocs/", "www/")
ROUTER = ".greenroom/router.php"
ROUTER_SOURCE = """<?php
// Files that describe the project are nobody's business; everything else is served as PHP's own server does it.
$path = urldecode(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH) ?: '/');
if (preg_match('~/\\.(?!well-known/)|^/(vendor/|composer\\.(json|lock)$|greenroom\\.toml$|Procfile$)~i', $path)) {
    http_response_code(404);
    echo "Not found\\n";
    return true;
}
return false;
"""
INSTALL = (
    "if command -v composer >/dev/null; then composer install --no-dev --no-interaction --no-progress "
    "--optimize-autoloader; else echo 'composer is not installed on this server, and composer.json names packages.'; "
    "exit 1; fi"
)
HEROKU = re.compile(r"^(?:vendor/bin/)?heroku-php-(?:apache2|nginx)(?:\s+-\S+\s+\S+)*(?:\s+(?P<root>[\w./-]+))?$")


@dataclass(frozen=True, slots=True)
class PhpSite:
    """How it is built and started."""

    what: str
    line: str
    steps: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def find_php(tree: Tree) -> PhpSite | None:
    """A content with index.php at the top, or in a folder that is the root of frameworks (public/, web/)."""
    composer = tree.has("composer.json")
    roots = [root for root in (*ROOTS[1:], "") if tree.has(f"{root}index.php")]
    if not roots:
        return None
    root = "" if "" in roots and not composer else roots[0]
    needed = as_table(parse_json(tree, "composer.json").get("require")) if composer else {}
    steps = (INSTALL,) if any("/" in package for package in needed) and not tree.has("vendor/autoload.php") else ()
    notes: tuple[str, ...] = ()
    if tree.has(".htaccess") or tree.has(f"{root}.htaccess"):
        notes = ("Ignored: .htaccess. Paths without a file are answered by index.php.",)
    return PhpSite(
        f"PHP, {root}index.php, served by PHP's own server", serve(root), steps, ((ROUTER, ROUTER_SOURCE),), notes
    )


def serve(root: str) -> str:
    """The line that serves a folder; paths without a file go to its index.php."""
    workers = "PHP_CLI_SERVER_WORKERS=${PHP_CLI_SERVER_WORKERS:-8}"
    return f"{workers} php -S 0.0.0.0:$PORT -t {root.rstrip('/') or '.'} {ROUTER}"


def as_known_here(line: str) -> str:
    """A line for the server of Heroku, as PHP's own serves the same folder; any other as it is."""
    match = HEROKU.match(line)
    return f"php -S 0.0.0.0:$PORT -t {match['root'] or '.'}" if match else line
