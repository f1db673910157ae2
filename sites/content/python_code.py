"""Python code that is read, never run: which application objects, factories and servers a module has."""

import ast
import re
from dataclasses import dataclass
from enum import StrEnum

from sites.content.tree import Tree, text

OBJECTS = ("app", "application", "server", "api")
FACTORIES = ("create_app", "make_app", "create_application", "get_app", "build_app")
ASGI_CLASSES = ("FastAPI", "Starlette", "Quart", "Litestar", "BlackSheep", "Sanic", "AsgiApp")
ASGI_CALLS = ("get_asgi_application",)
WSGI_CALLS = ("Flask", "Bottle", "Dash", "get_wsgi_application", "make_wsgi_app", "WSGIHandler")
NOT_SERVED = (
    "web.Application",
    "aiohttp.web.Application",
    "tornado.web.Application",
    "QApplication",
    "Typer",
    "typer.Typer",
)
"""Objects of a usual name that neither interface serves."""
RUNNERS = ("run", "run_app", "serve", "serve_forever", "launch", "listen", "main", "start", "uvicorn.run")
"""Last parts of calls by which a program begins to serve."""
FRAMEWORKS = (
    "django flask fastapi starlette quart bottle falcon litestar sanic dash streamlit nicegui gradio aiohttp tornado "
    "cherrypy chainlit panel shiny"
).split()
"""Imported under the name under which they are installed."""
MAX_SOURCE_BYTES = 256 * 1024
"""Of a file that is read for what it says; as a tree of code it takes hundreds of times as much memory."""


class Interface(StrEnum):
    """How a server calls a Python application."""

    WSGI = "WSGI"
    ASGI = "ASGI"


@dataclass(frozen=True, slots=True)
class Found:
    """What a server takes of a module: the name of an object, or of a factory that makes one."""

    name: str
    interface: Interface
    is_factory: bool = False
    is_certain: bool = True
    """Its framework was seen, not only a usual name."""


def source(tree: Tree, path: str) -> str:
    """The text of a source file; nothing when it is not there or too large to be one."""
    return text(tree, path, MAX_SOURCE_BYTES)


def parsed(tree: Tree, path: str) -> ast.Module | None:
    """A module as a tree of code; None for one that is not there or cannot be read."""
    found = source(tree, path)
    try:
        return ast.parse(found) if found else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def imported(code: ast.Module) -> set[str]:
    """Names of the packages that a module imports, the first part each."""
    names = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def runs_itself(code: ast.Module) -> bool:
    """Whether a module begins to serve when it is run: by its last lines, or below `if __name__ == "__main__"`."""
    return any(_is_main(node) or _is_runner(node) for node in code.body)


def find_object(code: ast.Module, usual: Interface | None, by_requirements: Interface) -> Found | None:
    """The application object of a module, else the factory of one.

    `usual` is what modules of this name hold, `by_requirements` what the packages of the project speak for.
    """
    found: dict[str, Found] = {}
    factories: dict[str, Found] = {}
    for node in code.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in OBJECTS:
                interface = _interface_of(value)
                if interface is not None or not _is_other(value):
                    before = found[name].interface if name in found else None
                    kind = interface or before or usual or by_requirements
                    found[name] = Found(name, kind, is_certain=interface is not None or _is_made(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in OBJECTS:
                if not _is_other(value):
                    interface = _interface_of(value)
                    found[name] = Found(
                        name, interface or usual or by_requirements, is_certain=interface is not None or _is_made(value)
                    )
            case ast.FunctionDef(name=name, args=args) if name in OBJECTS and len(args.args) == 2:
                found[name] = Found(name, Interface.WSGI)
            case ast.AsyncFunctionDef(name=name, args=args) if name in OBJECTS and len(args.args) == 3:
                found[name] = Found(name, Interface.ASGI)
            case ast.FunctionDef(name=name, args=args) if name in FACTORIES and len(args.args) == len(args.defaults):
                if _makes_other(node):
                    continue
                factories[name] = Found(name, _interface_inside(node) or usual or by_requirements, is_factory=True)
            case ast.ImportFrom(names=names):
                for alias in names:
                    bound = alias.asname or alias.name
                    if bound in OBJECTS:
                        found.setdefault(bound, Found(bound, usual or by_requirements, is_certain=False))
    in_order = [found[name] for name in OBJECTS if name in found]
    in_order += [factories[name] for name in FACTORIES if name in factories]
    return next(iter(in_order), None)


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _is_runner(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    return _called(node.value).rsplit(".", 1)[-1] in RUNNERS


def _is_made(value: ast.expr) -> bool:
    return _called(value).rsplit(".", 1)[-1] in FACTORIES


def _interface_inside(function: ast.FunctionDef) -> Interface | None:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return next(filter(None, map(_interface_of, calls)), None)


def _interface_of(value: ast.expr) -> Interface | None:
    """Told by the name of what is called: Flask(…), get_asgi_application()."""
    called = _called(value)
    last = called.rsplit(".", 1)[-1]
    if last in ASGI_CLASSES or last in ASGI_CALLS or ".asgi." in called:
        return Interface.ASGI
    if last in WSGI_CALLS or called == "falcon.App":
        return Interface.WSGI
    return None


def _is_other(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) or _called(value) in NOT_SERVED


def _makes_other(function: ast.FunctionDef) -> bool:
    """Whether a factory makes what neither interface serves, as aiohttp's and Tornado's do."""
    return any(_called(node) in NOT_SERVED for node in ast.walk(function) if isinstance(node, ast.Call))


def _called(value: ast.expr) -> str:
    return ast.unparse(value.func) if isinstance(value, ast.Call) else ""


def by_requirements(words: str) -> Interface:
    """For an object whose kind its own line does not tell: by what the files of packages name."""
    is_async = re.search(r"\b(fastapi|starlette|quart|litestar|shiny|uvicorn|hypercorn|daphne)\b", words, re.IGNORECASE)
    return Interface.ASGI if is_async else Interface.WSGI
