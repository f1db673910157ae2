"""Python: what to install, and where the application object is. Code is read, never imported."""

import ast
import functools
import re
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from sites.content.tree import Tree, text

VENV = ".venv"
"""In the working directory of builds and instances; it can be moved, so a build is sealed under another path."""
SYSTEM_PYTHON = "/usr/bin/python3"
OLDEST_PYTHON = (3, 9)
SERVERS = {"gunicorn": "gunicorn==27.0.1", "uvicorn": "uvicorn==0.54.0 websockets==17.4"}
"""Installed where the application's own requirements bring no server."""
MODULES = ("app", "application", "main", "wsgi", "asgi", "server")
OBJECTS = ("app", "application")
ASGI_CLASSES = ("FastAPI", "Starlette", "Quart", "Litestar", "BlackSheep", "Sanic", "AsgiApp")
ASGI_CALLS = ("get_asgi_application",)
NOT_SERVED = ("web.Application", "tornado.web.Application", "QApplication", "Typer", "typer.Typer")
"""Objects of a usual name that neither interface serves."""
MAX_SOURCE_BYTES = 256 * 1024
"""Of a file that is read for what it says; as a tree of code it takes hundreds of times as much memory."""
MAX_SETTINGS_FILES = 20


class Interface(StrEnum):
    """How a server calls a Python application."""

    WSGI = "WSGI"
    ASGI = "ASGI"


@dataclass(frozen=True, slots=True)
class ApplicationObject:
    """`target` is what a server takes: 'app:app'."""

    target: str
    interface: Interface


@functools.lru_cache(maxsize=1)
def base_python() -> tuple[str, str]:
    """Path and version of the interpreter that sites are built with: the system's, else Greenroom's own."""
    if Path(SYSTEM_PYTHON).exists():
        version = subprocess.run([SYSTEM_PYTHON, "--version"], capture_output=True, text=True, timeout=20).stdout
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers >= OLDEST_PYTHON:
            return SYSTEM_PYTHON, version.split()[-1]
    return str(Path(sys.executable).resolve()), sys.version.split()[0]


def is_python(tree: Tree) -> bool:
    """Whether there is something that Python's installers read."""
    return any(tree.has(name) for name in ("requirements.txt", "pyproject.toml", "uv.lock"))


def install_steps(tree: Tree, server: str = "") -> tuple[str, ...]:
    """Shell lines that make .venv; `server` is a key of SERVERS, or nothing when the site starts itself."""
    python, _version = base_python()
    steps = [f"uv venv --quiet --clear --relocatable --python {python} {VENV}"]
    if tree.has("requirements.txt"):
        steps.append("uv pip install --compile-bytecode -r requirements.txt")
    elif tree.has("uv.lock"):
        steps.append("uv sync --frozen --no-dev --compile-bytecode")
    elif tree.has("pyproject.toml"):
        what = "." if "[build-system]" in _source(tree, "pyproject.toml") else "-r pyproject.toml"
        steps.append(f"uv pip install --compile-bytecode {what}")
    if server:
        steps.append(f"test -x {VENV}/bin/{server} || uv pip install --compile-bytecode {SERVERS[server]}")
    return tuple(steps)


def server_command(application: ApplicationObject) -> tuple[str, str]:
    """Name of the server and the line that starts it.

    Idle connections are kept longer than Envoy keeps them, so that no request meets a closing one;
    only Envoy can reach an instance, so its word about the client is taken.
    """
    if application.interface is Interface.ASGI:
        return "uvicorn", (
            f"uvicorn {application.target} --host 0.0.0.0 --port $PORT --timeout-keep-alive 75 "
            "--timeout-graceful-shutdown 25 --proxy-headers --forwarded-allow-ips='*' --no-access-log"
        )
    return "gunicorn", (
        f"gunicorn --bind 0.0.0.0:$PORT --worker-class gthread --threads ${{WEB_THREADS:-32}} --keep-alive 75 "
        "--graceful-timeout 25 --timeout 60 --worker-tmp-dir /dev/shm --forwarded-allow-ips='*' "
        f"'{application.target}'"
    )


def find_application(tree: Tree) -> ApplicationObject | None:
    """An application object in a module of a usual name at the top of the folder."""
    by_requirements = _by_requirements(tree)
    for module in MODULES:
        code = _parsed(tree, f"{module}.py")
        if code is None:
            continue
        found = _object_in(code, Interface.ASGI if module == "asgi" else None, by_requirements)
        if found:
            name, interface = found
            return ApplicationObject(f"{module}:{name}", interface)
    return None


def find_django(tree: Tree) -> ApplicationObject | None:
    """Of a project with manage.py: its wsgi module, else its asgi module."""
    code = _parsed(tree, "manage.py")
    if code is None:
        return None
    candidates = _packages_of_settings(code)
    for interface in Interface:
        module = interface.value.lower()
        for package in candidates:
            if tree.has(f"{package}/{module}.py"):
                return ApplicationObject(f"{package.replace('/', '.')}.{module}:application", interface)
        for path in tree.matching(f"*/{module}.py"):
            return ApplicationObject(f"{PurePosixPath(path).parent}.{module}:application", interface)
    return None


def has_static_root(tree: Tree) -> bool:
    """Whether some settings module of a Django project names STATIC_ROOT."""
    paths = [path for pattern in ("settings.py", "*/settings.py", "*/settings/*.py") for path in tree.matching(pattern)]
    sources = (_source(tree, path) for path in paths[:MAX_SETTINGS_FILES])
    return any(re.search(r"^STATIC_ROOT\s*=", source, re.MULTILINE) for source in sources)


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


def _object_in(code: ast.Module, usual: Interface | None, by_requirements: Interface) -> tuple[str, Interface] | None:
    found: dict[str, Interface] = {}
    factory = False
    for node in code.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in OBJECTS:
                interface = _interface_of(value)
                if interface is not None or not _is_other(value):
                    found[name] = interface or found.get(name) or usual or by_requirements
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in OBJECTS:
                if not _is_other(value):
                    found[name] = _interface_of(value) or usual or by_requirements
            case ast.FunctionDef(name=name, args=args) if name in OBJECTS and len(args.args) == 2:
                found[name] = Interface.WSGI
            case ast.AsyncFunctionDef(name=name, args=args) if name in OBJECTS and len(args.args) == 3:
                found[name] = Interface.ASGI
            case ast.FunctionDef(name="create_app", args=args):
                factory = len(args.args) == len(args.defaults)
            case ast.ImportFrom(names=names):
                for alias in names:
                    bound = alias.asname or alias.name
                    if bound in OBJECTS:
                        found.setdefault(bound, usual or by_requirements)
    for name in OBJECTS:
        if name in found:
            return name, found[name]
    if factory and by_requirements is Interface.WSGI:
        return "create_app()", Interface.WSGI
    return None


def _interface_of(value: ast.expr) -> Interface | None:
    """Told by the name of what is called: Flask(…), get_asgi_application()."""
    called = _called(value)
    last = called.rsplit(".", 1)[-1]
    if last in ASGI_CLASSES or last in ASGI_CALLS or ".asgi." in called:
        return Interface.ASGI
    if last in ("Flask", "Bottle", "get_wsgi_application", "make_wsgi_app", "WSGIHandler") or called == "falcon.App":
        return Interface.WSGI
    return None


def _is_other(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) or _called(value) in NOT_SERVED


def _called(value: ast.expr) -> str:
    return ast.unparse(value.func) if isinstance(value, ast.Call) else ""


def _by_requirements(tree: Tree) -> Interface:
    """For an object whose kind its own line does not tell."""
    named = _source(tree, "requirements.txt") + _source(tree, "pyproject.toml")
    is_async = re.search(r"\b(fastapi|starlette|quart|litestar|uvicorn|hypercorn|daphne)\b", named, re.IGNORECASE)
    return Interface.ASGI if is_async else Interface.WSGI


def _parsed(tree: Tree, path: str) -> ast.Module | None:
    source = _source(tree, path)
    try:
        return ast.parse(source) if source else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _source(tree: Tree, path: str) -> str:
    """The text of a source file; nothing when it is not there or too large to be one."""
    return text(tree, path, MAX_SOURCE_BYTES)
