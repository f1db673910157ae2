"""What poetry, PDM and Pipenv have locked, as files that uv installs from.

The project's own requirements become a requirements file, and every package of the lock a constraint with its hashes.
So uv installs exactly the locked files, honours the administrator's index, and none of the tools is needed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sites.content.constraints import requirement
from sites.content.tables import Table, as_list, as_table, parse_json, parse_toml
from sites.content.tree import Tree
from sites.errors import ContentRefused

PYPI = re.compile(r"^https://(?:pypi\.org|pypi\.python\.org)/")
HASH = re.compile(r"sha(?:256|384|512):[0-9a-f]{64,128}")


@dataclass(frozen=True, slots=True)
class Locked:
    """The lines of two files for `uv pip install -r FIRST -c SECOND`; without a lock there are no constraints."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    @property
    def line(self) -> str:
        """As a requirements file has it."""
        marker = f" ; {self.marker}" if self.marker else ""
        return " ".join([f"{self.name}=={self.version}{marker}", *(f"--hash={one}" for one in self.hashes)])


def read_poetry(tree: Tree) -> Locked:
    """Of pyproject.toml, and of poetry.lock where there is one."""
    project = parse_toml(tree, "pyproject.toml")
    poetry = as_table(as_table(project.get("tool")).get("poetry"))
    table = as_table(poetry.get("dependencies"))
    own = [*_project_lines(project), *_lines("pyproject.toml", table.items(), skipped=_poetry_skipped(project, table))]
    pins = list(_toml_pins(tree, "poetry.lock"))
    return _locked("poetry.lock", "poetry lock", own, pins, _indexes(as_list(poetry.get("source"))))


def read_pdm(tree: Tree) -> Locked:
    """Of pyproject.toml and pdm.lock."""
    pins = list(_toml_pins(tree, "pdm.lock"))
    return _locked("pdm.lock", "pdm lock", _project_lines(parse_toml(tree, "pyproject.toml")), pins, [])


def read_pipenv(tree: Tree) -> Locked:
    """Of the Pipfile, and of Pipfile.lock where there is one."""
    pipfile, lock = parse_toml(tree, "Pipfile"), parse_json(tree, "Pipfile.lock")
    packages = as_table(pipfile.get("packages")) or as_table(lock.get("default"))
    pins = [
        Pin(name, version.removeprefix("=="), str(entry.get("markers", "")), _hashes(as_list(entry.get("hashes"))))
        for name, entry in _tables(as_table(lock.get("default")).items())
        if (version := str(entry.get("version", "")))
    ]
    own = _lines("Pipfile", packages.items())
    return _locked("Pipfile.lock", "pipenv lock", own, pins, _indexes(as_list(pipfile.get("source"))))


def _locked(lock: str, command: str, own: list[str], pins: list[Pin], indexes: list[str]) -> Locked:
    """Raises ContentRefused when a requirement is not in the lock: it would be resolved anew, in silence."""
    known = {_normal(pin.name) for pin in pins}
    missing = [line for line in own if pins and _is_named(line) and _normal(_name_of(line)) not in known]
    if missing:
        raise ContentRefused(
            f"{lock} does not have '{_name_of(missing[0])}', so nothing was published. "
            f"Run '{command}', then publish again."
        )
    twice = {name for name in known if sum(_normal(pin.name) == name and not pin.marker for pin in pins) > 1}
    notes = [f"{lock} has several versions of {name} without a marker; uv chooses one." for name in sorted(twice)]
    constraints = [pin.line for pin in pins if _normal(pin.name) not in twice]
    return Locked((*indexes, *own), tuple(constraints), tuple(notes))


def _project_lines(project: Table) -> list[str]:
    return [str(line) for line in as_list(as_table(project.get("project")).get("dependencies"))]


def _poetry_skipped(project: Table, table: Table) -> set[str]:
    """Python itself, optional packages, and those that [project] names already."""
    named = {_normal(_name_of(line)) for line in _project_lines(project)}
    optional = {name for name, spec in _tables(table.items()) if spec.get("optional")}
    return {"python", *optional, *(name for name in table if _normal(name) in named)}


def _lines(source: str, entries: Iterable[tuple[str, object]], skipped: Iterable[str] = ()) -> list[str]:
    lines = []
    for name, spec in entries:
        if name in skipped:
            continue
        try:
            lines += [requirement(name, one) for one in (spec if isinstance(spec, list) else [spec])]
        except ValueError as error:
            raise ContentRefused(
                f"{source} asks for '{name}' in a way that is not understood ({error}), so nothing was published. "
                "Write its version as in 'name==1.2', or add a requirements.txt, then publish again."
            ) from error
    return lines


def _toml_pins(tree: Tree, name: str) -> Iterator[Pin]:
    lock = parse_toml(tree, name)
    former = as_table(as_table(lock.get("metadata")).get("files"))  # poetry before 1.3
    for _, package in _tables(enumerate(as_list(lock.get("package")))):
        if as_table(package.get("source")).get("type") in ("git", "directory", "file", "url"):
            continue
        if any(key in package for key in ("git", "path", "url")):
            continue
        own = str(package.get("name", ""))
        files = as_list(package.get("files")) or as_list(former.get(own))
        marker = package.get("markers") or package.get("marker") or ""
        if isinstance(marker, str) and own and package.get("version"):
            yield Pin(own, str(package["version"]), marker, _hashes([as_table(one).get("hash") for one in files]))


def _indexes(sources: list[object]) -> list[str]:
    """Of the sources those beside PyPI, which the administrator's environment stands for."""
    urls = [str(as_table(source).get("url", "")) for source in sources]
    return [f"--extra-index-url {url}" for url in urls if url and not PYPI.match(url) and not re.search(r"\s", url)]


def _hashes(found: Iterable[object]) -> tuple[str, ...]:
    return tuple(str(one) for one in found if HASH.fullmatch(str(one)))


def _tables(entries: Iterable[tuple[object, object]]) -> Iterator[tuple[str, Table]]:
    return ((str(key), value) for key, value in entries if isinstance(value, dict))


def _is_named(line: str) -> bool:
    """Whether it is a package of an index: not a path, address or option."""
    return not line.startswith((".", "-")) and "@" not in line.split(";")[0]


def _name_of(line: str) -> str:
    match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return match[0] if match else line


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
