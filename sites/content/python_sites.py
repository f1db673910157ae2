"""Python: what to install, and where the application object is. Code is read, never imported."""

import ast
import functools
import re
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

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
MAX_SOURCE_BYTES = 1024 * 1024


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


def is_python(folder: Path) -> bool:
    """Whether there is something that Python's installers read."""
    return any((folder / name).is_file() for name in ("requirements.txt", "pyproject.toml", "uv.lock"))


def install_steps(folder: Path, server: str = "") -> tuple[str, ...]:
    """Shell lines that make .venv; `server` is a key of SERVERS, or nothing when the site starts itself."""
    python, _version = base_python()
    steps = [f"uv venv --quiet --clear --relocatable --python {python} {VENV}"]
    if (folder / "requirements.txt").is_file():
        steps.append("uv pip install --compile-bytecode -r requirements.txt")
    elif (folder / "uv.lock").is_file():
        steps.append("uv sync --frozen --no-dev --compile-bytecode")
    elif (folder / "pyproject.toml").is_file():
        what = "." if "[build-system]" in _source(folder / "pyproject.toml") else "-r pyproject.toml"
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


def find_application(folder: Path) -> ApplicationObject | None:
    """An application object in a module of a usual name at the top of the folder."""
    for module in MODULES:
        tree = _parsed(folder / f"{module}.py")
        if tree is None:
            continue
        found = _object_in(tree, Interface.ASGI if module == "asgi" else None, folder)
        if found:
            name, interface = found
            return ApplicationObject(f"{module}:{name}", interface)
    return None


def find_django(folder: Path) -> ApplicationObject | None:
    """Of a project with manage.py: its wsgi module, else its asgi module."""
    tree = _parsed(folder / "manage.py")
    if tree is None:
        return None
    candidates = _packages_of_settings(tree)
    for interface in Interface:
        module = interface.value.lower()
        for package in candidates:
            if (folder / package / f"{module}.py").is_file():
                return ApplicationObject(f"{package.replace('/', '.')}.{module}:application", interface)
        for path in sorted(folder.glob(f"*/{module}.py")):
            return ApplicationObject(f"{path.parent.name}.{module}:application", interface)
    return None


def has_static_root(folder: Path) -> bool:
    """Whether some settings module of a Django project names STATIC_ROOT."""
    paths = [*folder.glob("*/settings.py"), *folder.glob("*/settings/*.py"), *folder.glob("settings.py")]
    return any(re.search(r"^STATIC_ROOT\s*=", _source(path), re.MULTILINE) for path in paths)


def _packages_of_settings(tree: ast.Module) -> list[str]:
    """'config.settings.production' of manage.py gives config/settings, config."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and len(node.args) == 2):
            continue
        key, value = node.args
        if isinstance(key, ast.Constant) and key.value == "DJANGO_SETTINGS_MODULE" and isinstance(value, ast.Constant):
            parts = str(value.value).split(".")[:-1]
            return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return []


def _object_in(tree: ast.Module, usual: Interface | None, folder: Path) -> tuple[str, Interface] | None:
    found: dict[str, Interface] = {}
    factory = False
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in OBJECTS:
                interface = _interface_of(value)
                if interface is not None or not _is_other(value):
                    found[name] = interface or found.get(name) or usual or _by_requirements(folder)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in OBJECTS:
                if not _is_other(value):
                    found[name] = _interface_of(value) or usual or _by_requirements(folder)
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
                        found.setdefault(bound, usual or _by_requirements(folder))
    for name in OBJECTS:
        if name in found:
            return name, found[name]
    if factory and _by_requirements(folder) is Interface.WSGI:
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


def _by_requirements(folder: Path) -> Interface:
    """For an object whose kind its own line does not tell."""
    text = _source(folder / "requirements.txt") + _source(folder / "pyproject.toml")
    is_async = re.search(r"\b(fastapi|starlette|quart|litestar|uvicorn|hypercorn|daphne)\b", text, re.IGNORECASE)
    return Interface.ASGI if is_async else Interface.WSGI


def _parsed(path: Path) -> ast.Module | None:
    source = _source(path)
    try:
        return ast.parse(source) if source else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _source(path: Path) -> str:
    """The text of a source file; nothing when it is not there or too large to be one."""
    if not path.is_file() or path.stat().st_size > MAX_SOURCE_BYTES:
        return ""
    return path.read_bytes().decode("utf-8-sig", "replace")
