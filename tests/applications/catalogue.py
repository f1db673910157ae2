"""The applications, and what each has to answer."""

from dataclasses import dataclass, field
from pathlib import Path

from tests.applications.making import (
    UV,
    Make,
    command,
    files,
    from_debian,
    from_source,
    generated,
    pdm_lock,
    poetry_lock,
    then,
)
from tests.applications.texts import (
    ASTRO,
    DJANGO_ON_HEROKU,
    FALCON,
    FASTAPI,
    FLASK,
    GRADIO,
    HONO,
    HONO_CODE,
    LITESTAR,
    NODE,
    NODE_RED,
    NUXT,
    PACKAGE,
    PANEL,
    PIPFILE,
    POETRY,
    PROJECT,
    QUART,
    STARLETTE,
    TYPESCRIPT,
    WAGTAIL,
)


@dataclass(frozen=True, slots=True)
class Application:
    """One application: how it is made, and what has to be so once it is published."""

    name: str
    """Of its web site too."""
    make: Make
    answers: dict[str, str] = field(default_factory=dict)
    """Texts that are in the answers, by path; a text that begins with '!' must not be there. Visitors ask for the first
    path while the application is swapped, so it has to be a page without redirects."""
    start_command: str = ""
    """General setting, of an application whose files do not say how it is started. It travels with the swap."""
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


def npm(package: str, line: str) -> Make:
    """What a generator of npm writes into the folder `app`."""
    return generated("npm", "exec", f"--package={package}", "--", *line.split())


def vite(template: str) -> Make:
    """What `npm create vite` writes."""
    return generated("npm", "create", "vite@latest", "app", "--", "--template", template, "--no-interactive")


BUILT = {"/": "/assets/index-", "/deep/link": "/assets/index-", "/src/main.jsx": "!import"}
PYTHON = (
    Application(
        "flask-tutorial",
        from_source("flask", "examples/tutorial"),
        {"/auth/login": "Log In", "/": "Posts"},
        start_command="flask --app flaskr init-db && gunicorn 'flaskr:create_app()'",
    ),
    Application("starlette", files(main__py=STARLETTE, requirements__txt="starlette\n"), {"/": "served by Starlette"}),
    Application(
        "datasette",
        files(requirements__txt="datasette\n"),
        {"/": "Datasette", "/-/versions.json": "sqlite"},
        start_command="datasette serve --memory --host 0.0.0.0 --port $PORT",
    ),
    Application(
        "wagtail",
        command(UV, "tool", "run", "--from", "wagtail", "wagtail", "start", "shop", "."),
        {"/": "Welcome to your new Wagtail site", "/django-admin/login/": "Log in"},
        start_command=WAGTAIL,
    ),
    Application("django", django(), {"/": "The install worked successfully"}),
    Application(
        "django-procfile",
        django(
            appended("shop/settings.py", DJANGO_ON_HEROKU),
            written("requirements.txt", "django>=5.2,<5.3\ngunicorn\nwhitenoise\n"),
            written("Procfile", "web: gunicorn shop.wsgi --bind 0.0.0.0:$PORT\nworker: python manage.py work\n"),
        ),
        {"/admin/login/": "/static/admin/css/base."},
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
        "streamlit",
        files(app__py="import streamlit as st\nst.write('hello')\n", requirements__txt="streamlit\n"),
        {"/": "Streamlit"},
    ),
    Application(
        "nicegui",
        files(
            main__py="from nicegui import ui\nui.label('served by NiceGUI')\nui.run()\n", requirements__txt="nicegui\n"
        ),
        {"/": "served by NiceGUI"},
    ),
    Application("gradio", files(app__py=GRADIO, requirements__txt="gradio\n"), {"/": "gradio"}),
    Application("panel", files(app__py=PANEL, requirements__txt="panel\n"), {"/app": "Panel"}),
    Application("quart", files(app__py=QUART, requirements__txt="quart\n"), {"/": "served by Quart"}),
    Application("litestar", files(app__py=LITESTAR, requirements__txt="litestar\n"), {"/": "served by Litestar"}),
    Application("falcon", files(app__py=FALCON, requirements__txt="falcon\n"), {"/": "served by Falcon"}),
    Application(
        "mkdocs",
        files(mkdocs__yml="site_name: Served by MkDocs\n", docs___index__md="# Welcome\n"),
        {"/": "Served by MkDocs", "/mkdocs.yml": "!site_name"},
    ),
    Application(
        "aiohttp",
        then(
            from_source("aiohttp", "examples"),
            written("requirements.txt", "aiohttp\n"),
        ),
        {"/": "Type", "/hello/you": "Hello, you"},
        start_command="python web_srv.py",
    ),
    Application(
        "pipfile",
        then(files(app__py=FLASK, Pipfile=PIPFILE), command(UV, "tool", "run", "pipenv", "lock")),
        {"/": "served by Flask"},
    ),
    Application(
        "poetry",
        then(files(app__py=FLASK, pyproject__toml=POETRY), poetry_lock("flask==3.1.*")),
        {"/": "served by Flask"},
    ),
    Application(
        "pdm",
        then(files(app__py=FLASK, pyproject__toml=PROJECT % "flask"), pdm_lock("flask==3.1.*")),
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
)
NODE_SITES = (
    Application(
        "express",
        npm("express-generator", "express --no-view app"),
        {"/": "Express", "/nothing": "!node_modules"},
    ),
    Application("vite-react", vite("react"), BUILT),
    Application("vite-vue", vite("vue"), BUILT),
    Application("vite-svelte", vite("svelte"), BUILT),
    Application(
        "sveltekit",
        npm("sv@latest", "sv create app --template minimal --no-types --no-add-ons --no-install"),
        {"/": "Welcome to SvelteKit"},
    ),
    Application(
        "next",
        npm(
            "create-next-app@latest",
            "create-next-app app --js --app --empty --no-tailwind --no-eslint --no-src-dir --import-alias @/* "
            "--skip-install --yes",
        ),
        {"/": "Hello World!"},
    ),
    Application("node-red", files(package__json=NODE_RED), {"/": "Node-RED"}),
    Application(
        "astro",
        files(package__json=ASTRO, src___pages___index__astro="<html><body>served by {'Astro'}</body></html>\n"),
        {"/": "served by Astro", "/src/pages/index.astro": "!served"},
    ),
    Application(
        "nuxt",
        files(package__json=NUXT, app___app__vue="<template><p>served by {{ 'Nuxt' }}</p></template>\n"),
        {"/": "served by Nuxt"},
    ),
    Application(
        "nest",
        npm("@nestjs/cli", "nest new app --skip-install --skip-git --package-manager npm"),
        {"/": "Hello World!"},
    ),
    Application(
        "angular",
        generated(
            *"npm exec --package=node@22 --package=@angular/cli@latest -- ng new app".split(),
            *"--defaults --skip-install --skip-git".split(),
        ),
        {"/": "<app-root"},
    ),
    Application(
        "docusaurus",
        npm("create-docusaurus", "create-docusaurus app classic --javascript --skip-install"),
        {"/": "Docusaurus", "/docs/intro": "Tutorial Intro"},
    ),
    Application(
        "hono",
        files(package__json=HONO, tsconfig__json=TYPESCRIPT, src___index__ts=HONO_CODE),
        {"/": "served by Hono"},
    ),
    Application(
        "eleventy",
        files(package__json='{"devDependencies": {"@11ty/eleventy": "^3.0.0"}}\n', index__md="# Served by Eleventy\n"),
        {"/": "Served by Eleventy</h1>", "/package.json": "!eleventy"},
    ),
    Application("fastify", npm("fastify-cli", "fastify generate app"), {"/": "root"}),
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
            command(*"npm exec --package=yarn@1.22.22 -- yarn install --ignore-scripts --non-interactive".split()),
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
        "node-22",
        files(
            index__js="require('http').createServer((q, r) => r.end('Node ' + process.version))"
            ".listen(process.env.PORT)",
            package__json='{"name": "app", "main": "index.js", "engines": {"node": "22.x"}}',
        ),
        {"/": "Node v22."},
    ),
)
OTHERS = (
    Application(
        "php-adminer",
        from_debian("adminer", "usr/share/adminer"),
        {"/adminer/": "Adminer"},
        start_command="php -S 0.0.0.0:$PORT",
    ),
    Application(
        "php",
        files(index__php="<?php echo 'served by PHP ' . $_SERVER['REQUEST_URI'];\n"),
        {"/": "served by PHP /", "/deep/link": "served by PHP /deep/link"},
    ),
    Application(
        "go-caddy",
        from_debian("caddy", "usr/bin/caddy"),
        {"/": "caddy"},
        start_command="./caddy file-server --browse --listen 0.0.0.0:$PORT",
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
APPLICATIONS = (*PYTHON, *NODE_SITES, *OTHERS)
