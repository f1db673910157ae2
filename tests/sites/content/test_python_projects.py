"""Python projects: where the application is, how its packages are installed, and by which interpreter."""

import codecs
import json

import pytest

from sites.content.constraints import requirement, to_pep440
from sites.content.recipe import Kind, Recipe
from sites.content.recognition import recognise
from sites.content.tree import Folder
from sites.content.wanted import Wanted, fits
from sites.errors import Refused
from tests.sites.content.conftest import Lay

FLASK = "from flask import Flask\napp = Flask(__name__)\n"
FASTAPI = "from fastapi import FastAPI\napp = FastAPI()\n"
FACTORY = "from flask import Flask\ndef create_app(test_config=None):\n    app = Flask(__name__)\n    return app\n"
AIOHTTP = "def create_app():\n    app = web.Application()\n    return app\nif __name__ == '__main__':\n    run()\n"
MANAGE = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"
Files = dict[str, str | bytes]
NAMED: Files = {"requirements.txt": "a"}
HASH = f"sha256:{'0' * 64}"
POETRY = "[tool.poetry.dependencies]\npython = '^3.11'\nflask = '^3.0'\nextra = {version = '1', optional = true}\n"
POETRY_LOCK = f"""
[[package]]
name = "Flask"
version = "3.1.3"
files = [{{file = "flask.whl", hash = "{HASH}"}}]
[[package]]
name = "colorama"
version = "0.4.6"
markers = "sys_platform == 'win32'"
files = []
"""
PIPFILE = "[packages]\nflask = '*'\n[requires]\npython_version = '3.11'\n"


def recipe_of(lay: Lay, files: Files) -> Recipe:
    return recognise(Folder(lay(files)))


@pytest.mark.parametrize(
    ("files", "started"),
    [
        ({"flaskr/__init__.py": FACTORY} | NAMED, "'flaskr:create_app()'"),
        ({"app/__init__.py": FLASK} | NAMED, "'app:app'"),
        ({"src/flaskr/__init__.py": FACTORY} | NAMED, "--pythonpath src 'flaskr:create_app()'"),
        ({"app/main.py": FASTAPI, "app/__init__.py": ""} | NAMED, "uvicorn app.main:app --host"),
        ({"app/main.py": FASTAPI} | NAMED, "PYTHONPATH=app${PYTHONPATH:+:$PYTHONPATH} uvicorn app.main:app --host"),
        ({"src/main.py": FASTAPI} | NAMED, "PYTHONPATH=src${PYTHONPATH:+:$PYTHONPATH} uvicorn src.main:app"),
        ({"api.py": FASTAPI} | NAMED, "uvicorn api:app"),
        (
            {"app.py": FACTORY.replace("Flask", "FastAPI").replace("flask", "fastapi")} | NAMED,
            "app:create_app --factory",
        ),
        ({"hello.py": FLASK} | NAMED, "'hello:app'"),
        (
            {"microblog.py": "from app import create_app\napp = create_app()", "app/cli.py": ""} | NAMED,
            "'microblog:app'",
        ),
        ({"shop.py": FLASK, ".flaskenv": "FLASK_APP=shop.py\n"} | NAMED, "'shop:app'"),
        ({"x/y.py": "", ".flaskenv": "export FLASK_APP='x.y:make()'"} | NAMED, "'x.y:make()'"),
        ({"pyproject.toml": "[tool.fastapi]\nentrypoint = 'x.y:api'\n[project]\nname='x'"}, "uvicorn x.y:api"),
        ({"main.py": "from nicegui import ui\nui.run()"} | NAMED, "exec python main.py"),
        ({"main.py": "def main(): ...\nif __name__ == '__main__':\n    main()"} | NAMED, "exec python main.py"),
        ({"main.py": "def main(): ...\nif __name__ == '__main__':\n    main()"}, "exec python main.py"),
        ({"app.py": "import gradio as gr\ngr.Interface().launch()"} | NAMED, "GRADIO_SERVER_PORT=$PORT python app.py"),
        ({"app.py": "import streamlit as st\nst.write(1)"} | NAMED, "streamlit run app.py --server.port $PORT"),
        ({"app.py": "import chainlit as cl"} | NAMED, "chainlit run app.py --headless --host 0.0.0.0 --port $PORT"),
        ({"app.py": "import panel as pn\npn.panel('x').servable()"} | NAMED, "panel serve app.py --address 0.0.0.0"),
        ({"app.py": "from shiny import App\napp = App()", "requirements.txt": "shiny"}, "uvicorn app:app --host"),
        ({"main.py": AIOHTTP} | NAMED, "exec python main.py"),
        ({"main.py": AIOHTTP.replace("web.App", "tornado.web.App")} | NAMED, "exec python main.py"),
        ({"backend/manage.py": MANAGE, "backend/shop/wsgi.py": ""} | NAMED, "cd backend/ && exec gunicorn"),
    ],
)
def test_an_application_is_found_where_people_put_it(lay: Lay, files: Files, started: str) -> None:
    assert started in recipe_of(lay, files).command[2]


def test_programs_beside_something_else_are_not_started(lay: Lay) -> None:
    assert recipe_of(lay, {"index.html": "", "tools/main.py": FLASK, "run.py": "serve()"}).kind is Kind.STATIC
    script = json.dumps({"scripts": {"start": "node a.js"}})
    assert recipe_of(lay, {"package.json": script, "scripts/app.py": FLASK}).kind is Kind.NODE


STATIC_ROOT: Files = {"manage.py": MANAGE, "shop/wsgi.py": "", "shop/settings.py": "STATIC_ROOT = 'x'"}


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"Procfile": "web: gunicorn shop.wsgi"},
        {"greenroom.toml": "start = 'gunicorn shop.wsgi'"},
        {"shop/settings.py": "", "shop/settings/base.py": "if 1:\n    STATIC_ROOT: str = 'x'"},
        {"shop/settings.py": "", "shop/config/settings/base.py": "STATIC_ROOT = 'x'"},
    ],
)
def test_static_files_are_collected_whoever_says_how_it_is_started(lay: Lay, files: Files) -> None:
    folder = lay(
        {name: text for name, text in (STATIC_ROOT | NAMED | files).items() if text or name != "shop/settings.py"}
    )
    assert "manage.py collectstatic --noinput" in recognise(Folder(folder)).build_steps[-1]


@pytest.mark.parametrize(
    ("files", "step"),
    [
        ({"pyproject.toml": "[project]\nname='x'", "uv.lock": ""}, "uv sync --frozen --no-dev"),
        (
            {"pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK},
            "-r .greenroom/requirements.txt -c .greenroom/locked.txt",
        ),
        ({"pyproject.toml": POETRY}, "-r .greenroom/requirements.txt"),
        ({"pyproject.toml": "[project]\ndependencies=['flask']", "pdm.lock": POETRY_LOCK}, "-c .greenroom/locked.txt"),
        ({"Pipfile": PIPFILE}, "-r .greenroom/requirements.txt"),
        (
            {"Pipfile": PIPFILE, "Pipfile.lock": '{"default": {"flask": {"version": "==3.1.3"}}}'},
            "-c .greenroom/locked.txt",
        ),
        ({"pylock.toml": ""}, "-r pylock.toml"),
        ({"setup.py": ""}, "uv pip install --compile-bytecode ."),
        ({"Requirements.txt": "flask"}, "-r Requirements.txt"),
        ({"requirements.txt.txt": "flask"}, "-r requirements.txt.txt"),
        ({"requirements/production.txt": "flask"}, "-r requirements/production.txt"),
        ({"requirements.in": "flask"}, "-r requirements.in"),
        ({"pyproject.toml": "[tool.ruff]\nline-length = 1", "requirements.txt": "flask"}, "-r requirements.txt"),
    ],
)
def test_packages_are_installed_from_the_file_that_names_them(lay: Lay, files: Files, step: str) -> None:
    assert any(step in one for one in recipe_of(lay, files | {"app.py": FLASK}).build_steps)


def test_a_lock_becomes_requirements_and_constraints_with_hashes(lay: Lay) -> None:
    files = dict(recipe_of(lay, {"app.py": FLASK, "pyproject.toml": POETRY, "poetry.lock": POETRY_LOCK}).files)
    assert files[".greenroom/requirements.txt"] == "flask>=3.0,<4\n"
    assert files[".greenroom/locked.txt"].splitlines() == [
        f"Flask==3.1.3 --hash={HASH}",
        "colorama==0.4.6 ; sys_platform == 'win32'",
    ]


def test_a_lock_of_poetry_before_its_version_1_3_has_its_hashes_elsewhere(lay: Lay) -> None:
    lock = f"[[package]]\nname='flask'\nversion='3.1.3'\n[metadata.files]\nflask=[{{file='a', hash='{HASH}'}}]"
    files = dict(recipe_of(lay, {"app.py": FLASK, "pyproject.toml": POETRY, "poetry.lock": lock}).files)
    assert files[".greenroom/locked.txt"] == f"flask==3.1.3 --hash={HASH}\n"


def test_a_requirement_that_is_not_in_the_lock_is_refused(lay: Lay) -> None:
    with pytest.raises(Refused, match=r"poetry\.lock does not have 'requests'.*Run 'poetry lock'"):
        recipe_of(lay, {"app.py": FLASK, "pyproject.toml": f"{POETRY}requests = '*'\n", "poetry.lock": POETRY_LOCK})


def test_indexes_beside_pypi_are_asked_too(lay: Lay) -> None:
    sources = "[[source]]\nurl = 'https://pypi.org/simple'\n[[source]]\nurl = 'file:///packages/simple'\n"
    files = dict(recipe_of(lay, {"app.py": FLASK, "Pipfile": sources + PIPFILE}).files)
    assert files[".greenroom/requirements.txt"] == "--extra-index-url file:///packages/simple\nflask\n"


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"requirements.txt": "flask"}, "Packages are installed from requirements.txt."),
        ({"requirements.txt": "flask", "Pipfile": PIPFILE}, "Ignored: Pipfile, because requirements.txt is there."),
        (
            {"requirements.txt": "flask", "poetry.lock": POETRY_LOCK, "pyproject.toml": POETRY},
            "Ignored: poetry.lock, because",
        ),
        ({"environment.yml": ""}, "Ignored: environment.yml. conda is not supported"),
        ({}, "No file names the packages, so flask is installed"),
        ({"Pipfile": PIPFILE}, "There is no lock beside Pipfile"),
        ({"requirements.txt": "", ".python-version": "pypy3.10"}, "'pypy3.10', which is not a version of it"),
        ({"requirements.txt": "", "procfile": "web: x"}, "'procfile' is taken for the Procfile."),
        (
            {"requirements.txt": "", "Procfile": "nothing"},
            "Procfile has no line like 'web: COMMAND', so it is ignored.",
        ),
        ({"REQUIREMENTS.txt": ""}, "'REQUIREMENTS.txt' is taken for requirements.txt."),
    ],
)
def test_what_is_ignored_or_taken_for_something_else_is_named(lay: Lay, files: Files, note: str) -> None:
    assert any(note in one for one in recipe_of(lay, {"app.py": FLASK} | files).notes)


def test_a_project_of_django_without_requirements_gets_the_version_that_made_it(lay: Lay) -> None:
    settings = "'''Generated by 'django-admin startproject' using Django 5.2.1.'''"
    files: Files = {"manage.py": f"{MANAGE}import django\n", "shop/wsgi.py": "", "shop/settings.py": settings}
    assert "uv pip install --compile-bytecode 'django==5.2.*'" in recipe_of(lay, files).build_steps


@pytest.mark.parametrize(
    ("files", "versions", "source"),
    [
        ({".python-version": "3.12\n"}, "==3.12.*", ".python-version"),
        ({".python-version": "# ours\n3.12.4\n"}, "==3.12.4", ".python-version"),
        ({".python-version": "3.12", "runtime.txt": "python-3.9.1"}, "==3.12.*", ".python-version"),
        ({"runtime.txt": "python-3.13.x"}, "==3.13.*", "runtime.txt"),
        ({"runtime.txt": "python-3.13.1"}, "==3.13.1", "runtime.txt"),
        ({".tool-versions": "nodejs 20\npython 3.12.1\n"}, "==3.12.1", ".tool-versions"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.12'"}, ">=3.12", "pyproject.toml"),
        ({"pyproject.toml": POETRY}, "<4,>=3.11", "pyproject.toml"),
        ({"Pipfile": PIPFILE}, "==3.11.*", "Pipfile"),
        ({".python-version": codecs.BOM_UTF16_LE + "3.12\r\n".encode("utf-16-le")}, "==3.12.*", ".python-version"),
    ],
)
def test_the_interpreter_is_the_one_that_the_project_asks_for(
    lay: Lay, files: Files, versions: str, source: str
) -> None:
    recipe = recipe_of(lay, NAMED | {"app.py": FLASK} | files)
    assert recipe.wanted == (Wanted("Python", versions, source),)


@pytest.mark.parametrize(
    ("files", "version", "fitting"),
    [
        ({"package.json": '{"scripts": {"start": "x"}, "engines": {"node": ">=18 <21"}}'}, "20.1.0", True),
        ({"package.json": '{"scripts": {"start": "x"}, "engines": {"node": "22.x || 24.x"}}'}, "24.0.0", True),
        ({"package.json": '{"scripts": {"start": "x"}, "engines": {"node": "^22"}}'}, "20.1.0", False),
        ({"package.json": '{"scripts": {"start": "x"}}', ".nvmrc": "v22\n"}, "22.4.0", True),
        ({"package.json": '{"scripts": {"start": "x"}}', ".nvmrc": "lts/iron"}, "20.4.0", True),
        ({"package.json": '{"scripts": {"start": "x"}}', ".node-version": "22.1.0"}, "22.1.1", False),
        ({"package.json": '{"scripts": {"start": "x"}, "volta": {"node": "22.1.0"}}'}, "22.1.0", True),
    ],
)
def test_the_version_of_node_is_the_one_that_the_project_asks_for(
    lay: Lay, files: Files, version: str, fitting: bool
) -> None:
    (wanted,) = recipe_of(lay, files).wanted
    assert wanted.tool == "Node"
    assert fits(wanted, version) is fitting


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("^1.2.3", ">=1.2.3,<2"),
        ("^0.2.3", ">=0.2.3,<0.3"),
        ("^0.0.3", ">=0.0.3,<0.0.4"),
        ("^1", ">=1,<2"),
        ("~1.2.3", ">=1.2.3,<1.3"),
        ("~1", ">=1,<2"),
        ("~=1.2", "~=1.2"),
        ("*", ""),
        ("1.2.*", "==1.2.*"),
        ("1.2", "==1.2"),
        (">=1.0 <2", ">=1.0,<2"),
        (">= 1.0, < 2", ">= 1.0,< 2"),
    ],
)
def test_versions_of_poetry_become_those_of_pep_440(words: str, found: str) -> None:
    assert to_pep440(words) == found


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("^1.0", "a>=1.0,<2"),
        ({"version": "*", "extras": ["x", "y"]}, "a[x,y]"),
        ({"version": "1.0", "markers": "sys_platform == 'linux'"}, "a==1.0 ; sys_platform == 'linux'"),
        (
            {"version": "1.0", "python": "^3.8"},
            "a==1.0 ; (python_full_version >= '3.8') and (python_full_version < '4')",
        ),
        ({"git": "https://x.example/a.git", "tag": "v1"}, "a @ git+https://x.example/a.git@v1"),
        ({"url": "https://x.example/a.whl"}, "a @ https://x.example/a.whl"),
        ({"path": "lib/a"}, "./lib/a"),
    ],
)
def test_dependencies_of_poetry_and_pipenv_become_lines_of_pep_508(spec: object, line: str) -> None:
    assert requirement("a", spec) == line


@pytest.mark.parametrize(("name", "body"), [("pyproject.toml", "[x"), ("Pipfile", "[x"), ("greenroom.toml", "x = ")])
def test_a_table_that_cannot_be_read_is_refused_by_its_name(lay: Lay, name: str, body: str) -> None:
    with pytest.raises(Refused, match=f"{name} cannot be read"):
        recipe_of(lay, {"app.py": FLASK, name: body})


def test_a_procfile_in_utf_16_is_read(lay: Lay) -> None:
    body = codecs.BOM_UTF16_LE + "web: ./serve\r\n".encode("utf-16-le")
    assert recipe_of(lay, {"Procfile": body, "app.py": FLASK}).line == "./serve"


@pytest.mark.parametrize("more", [{}, {"requirements.txt": "mkdocs-material"}])
def test_documentation_of_mkdocs_is_built_and_served(lay: Lay, more: Files) -> None:
    recipe = recipe_of(lay, {"mkdocs.yml": "site_name: x", "docs/index.md": "# x"} | more)
    assert recipe.kind is Kind.STATIC
    assert recipe.build_steps[-3:] == (
        "test -x .venv/bin/mkdocs || uv pip install --compile-bytecode mkdocs",
        "mkdocs build --quiet --site-dir .greenroom/site",
        "keep .greenroom/site",
    )


@pytest.mark.parametrize("name", ["requirements.txt", ".flaskenv", "settings.py"])
def test_a_file_of_empty_lines_is_read_in_no_time(lay: Lay, name: str) -> None:
    files = {"manage.py": "", "wsgi.py": "", "app.py": FLASK, "requirements.txt": "flask"}
    assert recipe_of(lay, files | {name: "\n" * 1_000_000})  # without bounds each takes an hour
