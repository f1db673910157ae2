"""The fallback page of a static site, as its files for other hosts declare it."""

import re

from sites.content.tables import as_table, parse_json
from sites.content.tree import Tree, beginning

FOLDERS = ("", "public/", "static/", "src/")
"""Where projects keep what is copied into their result as it is."""
REDIRECT = re.compile(r"^/\*\s+/(\S+\.html)\s+200\s*$", re.MULTILINE)
PAGE = re.compile(r"/?((?:[\w-]+/)*[\w.-]+\.html)")


def declared_fallback(tree: Tree) -> str:
    """By a page 200.html, a rule '/* /index.html 200' of _redirects, or staticwebapp.config.json; else empty."""
    if tree.has("200.html"):
        return "200.html"
    for folder in FOLDERS:
        if match := REDIRECT.search(beginning(tree, f"{folder}_redirects")):
            return match[1]
        rules = as_table(parse_json(tree, f"{folder}staticwebapp.config.json").get("navigationFallback"))
        if match := PAGE.fullmatch(str(rules.get("rewrite", ""))):
            return match[1]
    return ""
