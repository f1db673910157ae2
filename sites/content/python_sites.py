"""Python: where the application is, and what serves it. Code is read, never imported."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from sites.content.python_code import (
    FRAMEWORKS,
    Found,
    Interface,
    by_requirements,
    find_object,
    imported,
    parsed,
    runs_itself,
    source,
)
from sites.content.tables import as_table, parse_toml
from sites.content.tree import Tree

MODULES = ("app", "application", "main", "wsgi", "asgi", "server", "api", "run", "index")
IN_PACKAGES = ("main", "app", "wsgi", "asgi", "application", "server", "api", "__init__")
USUAL_FOLDERS = ("app", "src", "api", "backend", "server")
SCRIPTS = ("main", "app", "server", "run", "start", "application")
DRAWN_SCRIPTS = ("streamlit_app", "app", "main", "Home", "home", "Hello", "dashboard", "panel_app")
DRAWN = {
    "streamlit": (
        "Streamlit",
        "streamlit run SCRIPT --server.port $PORT --server.address 0.0.0.0 --server.headless true",
    ),
    "chainlit": ("Chainlit", "chainlit run SCRIPT --headless --host 0.0.0.0 --port $PORT"),
    "panel": ("Panel", "panel serve SCRIPT --address 0.0.0.0 --port $PORT --allow-websocket-origin '*' --use-xheaders"),
}
"""Packages whose own command draws what a script describes: name for people, and that command for SCRIPT."""
NOT_SITES = ("tests", "test", "docs", "doc", "examples", "example", "scripts", "tools", "node_modules", "migrations")
MAX_SETTINGS_FILES = 20
MAX_MODULES = 60
"""So many files are read to find an application."""
NAMING = ("requirements.txt", "pyproject.toml", "Pipfile")
TARGET = re.compile(r"^[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*(?:\(\))?)?$")


@dataclass(frozen=True, slots=True)
class Application:
    """What is served, by which line for the shell."""

    what: str
    """For people: 'WSGI object app:app, served by gunicorn'."""
    line: str
    server: str = ""
    """Key of SERVERS in python_packages, of one that the project may not bring."""


@dataclass(frozen=True, slots=True)
class DjangoProject:
    """A folder with manage.py."""

    folder: str
    """Relative to the content, with a slash at its end; empty for the content itself."""
    settings: tuple[str, ...]
    """Packages that may hold its settings, as paths below the folder."""
    application: Application | None

    @property
    def manage(self) -> str:
        """Path of manage.py."""
        return f"{self.folder}manage.py"


def find_application(tree: Tree, *, is_python: bool) -> Application | None:
    """The application of a project that is not Django's.

    What its configuration names comes first, then an object in a module of a usual name at the top. Of a project that
    is known to be Python's, one in a package follows, then one in any module at the top, and a program that serves by
    itself.
    """
    usual = by_requirements("".join(source(tree, name) for name in NAMING))
    certain = _configured(tree, usual) or next(_objects(tree, usual), None)
    if certain or not is_python:
        return certain
    return (
        next(_objects_in_packages(tree, usual), None)
        or _drawn(tree)
        or next(_any_objects(tree, usual), None)
        or _script(tree)
    )


def find_django(tree: Tree) -> DjangoProject | None:
    """A project with manage.py at the top or in one folder, and its wsgi module, else its asgi module."""
    paths = ["manage.py"] if tree.has("manage.py") else tree.matching("*/manage.py")
    for path in paths[:2]:
        folder = path.removesuffix("manage.py")
        code = parsed(tree, path)
        if code is None:
            continue
        packages = _packages_of_settings(code)
        application = _django_application(tree, folder, packages)
        if packages or application:
            return DjangoProject(folder, tuple(packages), application)
    return None


def has_static_root(tree: Tree, django: DjangoProject) -> bool:
    """Whether some settings module of a Django project names STATIC_ROOT."""
    likely = [f"{django.folder}{package}" for package in django.settings]
    patterns = [*(f"{one}/settings.py" for one in likely), *(f"{one}/*.py" for one in likely)]
    patterns += ["settings.py", "*/settings.py", "*/settings/*.py", "*/*/settings.py", "*/*/settings/*.py"]
    paths = dict.fromkeys(path for pattern in patterns for path in tree.matching(pattern))
    sources = (source(tree, path) for path in list(paths)[:MAX_SETTINGS_FILES])
    return any(re.search(r"^[ \t]*STATIC_ROOT\s*[:=]", text, re.MULTILINE) for text in sources)


def frameworks(tree: Tree) -> list[str]:
    """What has to be installed for a project that names no packages, by what its modules at the top import."""
    found: set[str] = set()
    for path in tree.matching("*.py")[:MAX_MODULES]:
        if code := parsed(tree, path):
            found |= imported(code) & set(FRAMEWORKS)
    if tree.has("manage.py") and "django" in found:
        headers = (source(tree, path) for path in tree.matching("*/settings.py")[:MAX_SETTINGS_FILES])
        made_by = (re.search(r"startproject' using Django (\d+\.\d+)", header) for header in headers)
        version = next((match[1] for match in made_by if match), "")
        return [f"django=={version}.*" if version else "django"]
    return sorted(found)


def _django_application(tree: Tree, folder: str, packages: list[str]) -> Application | None:
    for interface in Interface:
        module = interface.value.lower()
        paths = [f"{folder}{package}/{module}.py" for package in packages]
        paths = [path for path in paths if tree.has(path)] or tree.matching(f"{folder}*/{module}.py")
        for path in paths:
            dotted = ".".join(PurePosixPath(path.removeprefix(folder)).with_suffix("").parts)
            served = _served(f"{dotted}:application", interface)
            line = f"cd {shlex.quote(folder)} && exec {served.line}" if folder else served.line
            return Application(served.what, line, served.server)
    return None


def _packages_of_settings(code: ast.Module) -> list[str]:
    """'config.settings.production' of manage.py gives config/settings, config."""
    for node in ast.walk(code):
        if not (isinstance(node, ast.Call) and len(node.args) == 2):
            continue
        key, value = node.args
        if isinstance(key, ast.Constant) and key.value == "DJANGO_SETTINGS_MODULE" and isinstance(value, ast.Constant):
            parts = str(value.value).split(".")[:-1]
            return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return []


def _served(target: str, interface: Interface, *, folder: str = "", is_factory: bool = False) -> Application:
    """The application by the server of its interface.

    Idle connections are kept longer than Envoy keeps them, so that no request meets a closing one;
    only Envoy can reach an instance, so its word about the client is taken. `folder` is looked in for modules too.
    """
    if interface is Interface.ASGI:
        beside = f"PYTHONPATH={folder}${{PYTHONPATH:+:$PYTHONPATH}} " if folder else ""
        options = " --factory" if is_factory else ""
        return Application(
            f"ASGI object {target}, served by uvicorn",
            f"{beside}uvicorn {target}{options} --host 0.0.0.0 --port $PORT --timeout-keep-alive 75 "
            "--timeout-graceful-shutdown 25 --proxy-headers --forwarded-allow-ips='*' --no-access-log",
            "uvicorn",
        )
    called = f"{target}()" if is_factory else target
    return Application(
        f"WSGI object {called}, served by gunicorn",
        f"gunicorn --bind 0.0.0.0:$PORT --worker-class gthread --threads ${{WEB_THREADS:-32}} --keep-alive 75 "
        "--graceful-timeout 25 --timeout 60 --worker-tmp-dir /dev/shm --forwarded-allow-ips='*' "
        f"{f'--pythonpath {folder} ' if folder else ''}'{called}'",
        "gunicorn",
    )


def _configured(tree: Tree, usual: Interface) -> Application | None:
    """By [tool.fastapi] of pyproject.toml, or FLASK_APP of .flaskenv."""
    tool = as_table(parse_toml(tree, "pyproject.toml").get("tool"))
    entry = str(as_table(tool.get("fastapi")).get("entrypoint", ""))
    if TARGET.match(entry) and ":" in entry:
        return _served(entry, Interface.ASGI)
    match = re.search(
        r"^[ \t]*(?:export\s+)?FLASK_APP\s*=\s*['\"]?([^'\"\s#]+)", source(tree, ".flaskenv"), re.MULTILINE
    )
    target = match[1].replace(".py", "").replace("/", ".") if match else ""
    if not TARGET.match(target):
        return None
    if ":" in target:
        return _served(target, Interface.WSGI)
    path = target.replace(".", "/")
    found = _found(tree, f"{path}.py", usual) or _found(tree, f"{path}/__init__.py", usual)
    return _served_as(target, found) if found else None


def _objects(tree: Tree, usual: Interface) -> Iterator[Application]:
    for module in MODULES:
        if found := _found(tree, f"{module}.py", usual):
            yield _served_as(module, found)


def _objects_in_packages(tree: Tree, usual: Interface) -> Iterator[Application]:
    files = {f"{name}.py" for name in IN_PACKAGES}
    folders = {path.split("/")[0] for path in tree.matching("*/*.py") if path.split("/")[1] in files}
    order = [*(name for name in USUAL_FOLDERS if name in folders), *sorted(folders - {*USUAL_FOLDERS, *NOT_SITES})]
    for folder in order[: MAX_MODULES // len(IN_PACKAGES)]:
        yield from _in_package(tree, "", folder, usual)
    inner = {path.split("/")[1] for path in tree.matching("src/*/*.py") if path.split("/")[2] in files}
    for folder in sorted(inner)[: MAX_MODULES // len(IN_PACKAGES)]:
        yield from _in_package(tree, "src/", folder, usual)


def _in_package(tree: Tree, above: str, folder: str, usual: Interface) -> Iterator[Application]:
    is_package = tree.has(f"{above}{folder}/__init__.py")
    for name in IN_PACKAGES:
        found = _found(tree, f"{above}{folder}/{name}.py", usual)
        if found is None or not re.fullmatch(r"\w+", folder):
            continue
        if name == "__init__" and not (found.is_factory or found.is_certain):
            continue
        module = folder if name == "__init__" else f"{folder}.{name}"
        beside = above.rstrip("/") or ("" if is_package else folder)
        yield _served_as(module, found, folder=beside)


def _any_objects(tree: Tree, usual: Interface) -> Iterator[Application]:
    """In a module of any name at the top, where there is no doubt what it is."""
    for path in tree.matching("*.py")[:MAX_MODULES]:
        found = _found(tree, path, usual)
        if found and found.is_certain and path.removesuffix(".py").isidentifier():
            yield _served_as(path.removesuffix(".py"), found)


def _found(tree: Tree, path: str, usual: Interface) -> Found | None:
    code = parsed(tree, path)
    return find_object(code, Interface.ASGI if path.endswith("asgi.py") else None, usual) if code else None


def _served_as(module: str, found: Found, *, folder: str = "") -> Application:
    return _served(f"{module}:{found.name}", found.interface, folder=folder, is_factory=found.is_factory)


def _drawn(tree: Tree) -> Application | None:
    for name in DRAWN_SCRIPTS:
        code = parsed(tree, f"{name}.py")
        package = next((one for one in DRAWN if code and one in imported(code)), "")
        if package:
            title, line = DRAWN[package]
            return Application(f"{title}, {name}.py", line.replace("SCRIPT", f"{name}.py"))
    return None


def _script(tree: Tree) -> Application | None:
    """A program that serves by itself; Gradio is told where to listen as it expects it."""
    for name in SCRIPTS:
        code = parsed(tree, f"{name}.py")
        if code and runs_itself(code):
            where = "GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=$PORT " if "gradio" in imported(code) else ""
            return Application(f"{name}.py, which serves by itself", f"{where}python {name}.py")
    return None
