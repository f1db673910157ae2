"""The portal's static files as browsers fetch them: what every page needs is one style sheet and one script.

They are written and read as many small files, by way of `@import` and `import`, which browsers follow as well: that is
how `./greenroom dev` serves them. When the files are collected, the parts are put into the two.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage

STYLES, SCRIPT = "css/greenroom.css", "js/page.js"
_STYLE = re.compile(r'^@import url\("(?P<path>[^":]+)"\)(?: layer\((?P<layer>[\w-]+)\))?;\n', re.M)
_IMPORT = re.compile(r'^import (?:\{ (?P<names>[\w, ]+) \} from )?"\./(?P<file>[\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export ((?:async )?(?:const|let|function|class) (\w+))", re.M)
Read = Callable[[str], str]


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Puts the parts together before names get the digests of their contents."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """`paths` has where each file came from; of the two it becomes what was made of them."""

        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                return file.read().decode()

        if not dry_run:
            for name, bundle in ((STYLES, bundled_styles), (SCRIPT, bundled_script)):
                if name in paths:
                    with open(self.path(name), "w", encoding="utf-8") as file:
                        file.write(bundle(name, read))
                    paths[name] = (self, name)
        yield from super().post_process(paths, dry_run, **options)


def bundled_styles(name: str, read: Read) -> str:
    """A style sheet with those that it imports, each in the layer that the import names."""

    def put_in(found: re.Match[str]) -> str:
        part = posixpath.normpath(posixpath.join(posixpath.dirname(name), found["path"]))
        rules = bundled_styles(part, read)
        return f"@layer {found['layer']} {{\n{rules}}}\n" if found["layer"] else rules

    return _STYLE.sub(put_in, read(name))


def bundled_script(name: str, read: Read) -> str:
    """A module with those that it imports, each once, in a function of its own and before whoever imports it."""
    seen: set[str] = set()
    parts: list[str] = []

    def take(file: str) -> None:
        seen.add(file)
        text = read(posixpath.join(posixpath.dirname(name), file))
        for found in _IMPORT.finditer(text):
            if found["file"] not in seen:
                take(found["file"])
        exported = ", ".join(name for _, name in _EXPORT.findall(text))
        body = _EXPORT.sub(r"\1", _IMPORT.sub(_named, text))
        parts.append(f"const {_variable(file)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n")

    take(posixpath.basename(name))
    return "".join(parts)


def _named(found: re.Match[str]) -> str:
    return f"const {{ {found['names']} }} = {_variable(found['file'])};\n" if found["names"] else ""


def _variable(file: str) -> str:
    return "module_" + re.sub(r"\W", "_", file.removesuffix(".js"))
