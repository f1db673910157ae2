"""The applications, and what each has to answer."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.applications.making import (
    UV,
    Make,
    command,
    files,
    from_source,
    generated,
    poetry_lock,
    python_of,
    then,
)

FLASK = "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef index():\n    return 'served by Flask'\n"
NODE = (
    "const express = require('express');\nconst app = express();\n"
    "app.get('/', (request, response) => response.send('served by Express'));\napp.listen(process.env.PORT);\n"
)
PACKAGE = (
    '{"name": "app", "version": "1.0.0", "scripts": {"start": "node index.js"}, '
    '"dependencies": {"express": "^4.21.0"}%s}\n'
)
POETRY = (
    '[tool.poetry]\nname = "app"\nversion = "0.1.0"\ndescription = ""\nauthors = ["A <a@example.org>"]\n'
    "package-mode = false\n\n"
    '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "^3.0"\n'
)
PIPFILE = (
    '[[source]]\nurl = "https://pypi.org/simple"\nverify_ssl = true\nname = "pypi"\n\n[packages]\nflask = "*"\n\n'
    '[dev-packages]\npytest = "*"\n'
)
PROJECT = '[project]\nname = "app"\nversion = "0.1.0"\nrequires-python = ">=3.11"\ndependencies = ["%s"]\n'
FASTAPI = (
    "from fastapi import FastAPI\nfrom .words import WORD\napp = FastAPI()\n\n"
    "@app.get('/')\ndef index():\n    return WORD\n"
)
DJANGO_ON_HEROKU = """
ALLOWED_HOSTS = ["*"]
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
"""
LAYOUT = "export default function Layout({ children }) {\n  return <html><body>{children}</body></html>;\n}\n"
ANY_HOST = '\nALLOWED_HOSTS = ["*"]\n'


@dataclass(frozen=True, slots=True)
class Application:
    """One application: how it is made, and what has to be so once it is published."""

    name: str
    """Of its web site too."""
    make: Make
    answers: dict[str, str] = field(default_factory=dict)
    """Texts that are in the answers, by path; a text that begins with '!' must not be there."""
    start_command: str = ""
    says: str = ""
    """Of one that cannot be served here: part of the sentence that the publication has to end with."""


def appended(path: str, text: str) -> Make:
    """A text at the end of a file."""

    def make(folder: Path) -> None:
        with (folder / path).open("a") as file:
            file.write(text)

    return make


def written(path: str, text: str) -> Make:
    """A file of a few lines."""
    return lambda folder: (folder / path).write_text(text) and None


def django(*more: Make) -> Make:
    """What `django-admin startproject` writes."""
    start = command(UV, "tool", "run", "--from", "django<6", "django-admin", "startproject", "shop", ".")
    return then(start, *more)


def vite(template: str) -> Make:
    """What `npm create vite` writes."""
    return generated("npm", "create", "vite@latest", "app", "--", "--template", template, "--no-interactive")


BUILT = {"/": "/assets/index-", "/deep/link": "/assets/index-", "/src/main.jsx": "!import"}
APPLICATIONS = (
    Application("vite-react", vite("react"), BUILT),
    Application("vite-vue", vite("vue"), BUILT),
    Application("vite-svelte", vite("svelte"), BUILT),
    Application(
        "express-generator",
        generated("npm", "exec", "--package=express-generator", "--", "express", "--no-view", "app"),
        {"/": "Express", "/nothing": "!node_modules"},
    ),
    Application(
        "next",
        then(
            generated(
                *"npm exec --package=create-next-app@latest -- create-next-app app --js --app --no-tailwind".split(),
                *"--no-eslint --no-src-dir --import-alias @/* --skip-install --yes".split(),
            ),
            written("app/layout.js", LAYOUT),  # its own one fetches fonts from Google while it is built
        ),
        {"/": "_next"},
    ),
    Application(
        "sveltekit",
        generated(
            "npm",
            "exec",
            "--package=sv@latest",
            "--",
            "sv",
            "create",
            "app",
            "--template",
            "minimal",
            "--no-types",
            "--no-add-ons",
            "--no-install",
        ),
        {"/": "Welcome to SvelteKit"},
    ),
    Application("flask-tutorial", from_source("flask", "examples/tutorial"), {"/auth/login": "Log In"}),
    Application("poetry", files(app__py=FLASK, pyproject__toml=POETRY), {"/": "served by Flask"}),
    Application(
        "poetry-locked",
        then(files(app__py=FLASK, pyproject__toml=POETRY), poetry_lock("flask==3.1.*")),
        {"/": "served by Flask"},
    ),
    Application("pipfile", files(app__py=FLASK, Pipfile=PIPFILE), {"/": "served by Flask"}),
    Application(
        "pipfile-locked",
        then(files(app__py=FLASK, Pipfile=PIPFILE), command(UV, "tool", "run", "pipenv", "lock")),
        {"/": "served by Flask"},
    ),
    Application(
        "uv-fastapi",
        then(
            files(
                app___main__py=FASTAPI,
                app___words__py="WORD = 'served by FastAPI'\n",
                app___init__py="",
                pyproject__toml=PROJECT % "fastapi",
            ),
            command(UV, "lock"),
        ),
        {"/": "served by FastAPI"},
    ),
    Application(
        "pnpm",
        then(
            files(index__js=NODE, package__json=PACKAGE % ', "pnpm": {}'),
            command("npm", "exec", "--package=pnpm@9", "--", "pnpm", "install", "--lockfile-only"),
        ),
        {"/": "served by Express"},
    ),
    Application(
        "yarn",
        then(
            files(index__js=NODE, package__json=PACKAGE % ""),
            command(
                "npm",
                "exec",
                "--package=yarn@1.22.22",
                "--",
                "yarn",
                "install",
                "--ignore-scripts",
                "--non-interactive",
            ),
        ),
        {"/": "served by Express"},
    ),
    Application(
        "yarn-berry",
        then(
            files(index__js=NODE, package__json=PACKAGE % "", yarn__lock=""),
            command("npm", "exec", "--package=@yarnpkg/cli-dist@4", "--", "yarn", "install", "--mode=update-lockfile"),
        ),
        {"/": "served by Express"},
    ),
    Application(
        "bun",
        then(
            files(index__js=NODE, package__json=PACKAGE % ""),
            command("npm", "exec", "--package=bun@1", "--", "bun", "install", "--lockfile-only"),
        ),
        {"/": "served by Express"},
    ),
    Application(
        "django-bare", django(appended("shop/settings.py", ANY_HOST)), {"/": "The install worked successfully"}
    ),
    Application(
        "django-heroku",
        django(
            appended("shop/settings.py", DJANGO_ON_HEROKU),
            written("requirements.txt", "django>=5.2,<5.3\ngunicorn\nwhitenoise\n"),
            written("Procfile", "web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT\nworker: python manage.py work\n"),
        ),
        {"/admin/login/": "/static/admin/css/base."},
    ),
    Application(
        "wagtail",
        then(
            command(
                UV, "tool", "run", "--python", python_of("3.13"), "--from", "wagtail", "wagtail", "start", "shop", "."
            ),
            written(".python-version", "3.13\n"),
            appended("requirements.txt", "gunicorn\n"),
            appended("shop/settings/base.py", 'DATABASES["default"]["NAME"] = "/tmp/db.sqlite3"\n'),
            written(
                "Procfile",
                "web: python manage.py migrate && DJANGO_SETTINGS_MODULE=shop.settings.dev "
                "exec gunicorn shop.wsgi --bind 0.0.0.0:$PORT\n",
            ),
        ),
        {"/": "Welcome to your new Wagtail site"},
    ),
    Application(
        "nicegui",
        files(
            main__py="from nicegui import ui\nui.label('served by NiceGUI')\nui.run()\n", requirements__txt="nicegui\n"
        ),
        {"/": "served by NiceGUI"},
    ),
    Application(
        "streamlit",
        files(app__py="import streamlit as st\nst.write('hello')\n", requirements__txt="streamlit\n"),
        {"/": "Streamlit"},
    ),
    Application(
        "dash",
        files(
            app__py="from dash import Dash, html\napp = Dash()\napp.layout = html.Div('hello')\n"
            "if __name__ == '__main__':\n    app.run(debug=True)\n",
            requirements__txt="dash\n",
        ),
        {"/": "dash"},
    ),
    Application(
        "node-22",
        files(
            index__js="require('http').createServer((q, r) => r.end('Node ' + process.version))"
            ".listen(process.env.PORT)",
            package__json='{"name": "app", "main": "index.js", "engines": {"node": "22.x"}}',
        ),
        {"/": "Node v22."},
    ),
    Application(
        "too-new-python",
        files(app__py=FLASK, requirements__txt="flask\n", **{"__python-version": "3.14\n"}),
        says=".python-version asks for Python 3.14",
    ),
    Application(
        "loopback",
        files(Procfile="web: python3 -m http.server --bind 127.0.0.1 5000\n"),
        says="127.0.0.1:5000",
    ),
)
