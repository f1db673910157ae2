"""Node projects: by which package manager they are installed, and whether they serve or their build is served."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sites.content.build import FUNCTIONS
from sites.content.recipe import STATIC_PROGRAM, Kind, Recipe
from sites.content.recognition import recognise
from sites.content.tree import Folder
from tests.sites.content.conftest import Lay


def recipe_of(lay: Lay, package: dict[str, object], **files: str) -> Recipe:
    named = {name.replace("__", "."): text for name, text in files.items()}
    return recognise(Folder(lay({"package.json": json.dumps(package)} | named)))


def project(build: str, *packages: str, **scripts: str) -> dict[str, object]:
    return {"scripts": {"build": build} | scripts, "devDependencies": dict.fromkeys(packages, "*")}


@pytest.mark.parametrize(
    ("package", "result"),
    [
        (project("vite build", "vite", "react"), "keep_result one-page dist build"),
        (project("vite build", "vite", start="vite"), "keep_result one-page dist build"),
        (project("vite build", "vite", start="vite --port 3000"), "keep_result one-page dist build"),
        (project("vite build", "vite", start="vite preview --host"), "keep_result one-page dist build"),
        (project("astro build", "astro", start="astro preview"), "keep_result pages dist/client dist"),
        (project("react-scripts build", "react-scripts", start="react-scripts start"), "keep_result one-page build"),
        (project("vue-cli-service build", "@vue/cli-service"), "keep_result one-page dist"),
        (project("ng build", "@angular/core", start="ng serve"), "keep_result one-page dist/*/browser"),
        (project("astro build", "astro", "vite", start="astro dev"), "keep_result pages dist/client dist"),
        (project("vite build", "@sveltejs/kit", "@sveltejs/adapter-static", "vite"), "keep_result pages build"),
        (project("nuxt generate", "nuxt"), "keep_result pages .output/public"),
        (project("gatsby build", "gatsby", start="gatsby develop"), "keep_result pages public"),
        (project("docusaurus build", "@docusaurus/core", start="docusaurus start"), "keep_result pages build"),
        (project("vitepress build docs", "vitepress"), "keep_result pages .vitepress/dist docs/.vitepress/dist"),
        (project("eleventy", "@11ty/eleventy", start="eleventy --serve"), "keep_result pages _site"),
        (project("node make.js"), "keep_result pages dist build out .output/public _site public www"),
    ],
)
def test_what_a_build_makes_is_served_and_not_its_source(lay: Lay, package: dict[str, object], result: str) -> None:
    recipe = recipe_of(lay, package, index__html="<script type='module' src='/src/main.jsx'></script>")
    assert recipe.kind is Kind.STATIC
    assert recipe.program[1:] == (STATIC_PROGRAM,)
    assert recipe.build_steps[-1].startswith(result)
    assert recipe.build_steps[-2] == "npm run build"


@pytest.mark.parametrize(
    ("packages", "build"), [(("@11ty/eleventy",), "eleventy"), (("react", "vite"), "vite build"), (("koa",), None)]
)
def test_a_project_without_scripts_is_built_as_its_generator_is_run(
    lay: Lay, packages: tuple[str, ...], build: str | None
) -> None:
    package = {"devDependencies": dict.fromkeys(packages, "*")}
    steps = recipe_of(lay, package, index__html="").build_steps
    assert steps == () if build is None else steps[-2] == build
    assert recipe_of(lay, package | {"main": "s.js"}, index__html="", s__js="x.listen(1)").line == "node s.js"


def test_a_page_at_the_top_that_browsers_read_is_kept_where_the_build_makes_no_other(lay: Lay) -> None:
    package = project("tailwindcss -o style.css", "tailwindcss")
    recipe = recipe_of(lay, package, index__html="<link rel=stylesheet href=style.css>")
    assert recipe.build_steps[-1].startswith("keep_result source ")


@pytest.mark.parametrize(
    ("package", "files", "line"),
    [
        (project("next build", "next"), {}, "next start --port $PORT"),
        (project("next build", "next", start="next start"), {}, "next start"),
        (project("nuxt build", "nuxt"), {}, "node .output/server/index.mjs"),
        (project("vite build", "@sveltejs/kit", "@sveltejs/adapter-node", "vite"), {}, "node build"),
        (project("vite build", "@sveltejs/kit", "@sveltejs/adapter-auto", "vite"), {}, "node build"),
        (project("astro build", "astro", "@astrojs/node"), {}, "node ./dist/server/entry.mjs"),
        ({"scripts": {"start": "node a.js", "build": "vite build"}}, {}, "node a.js"),
        ({"scripts": {"start": "nodemon a.js", "build": "tsc"}}, {}, "nodemon a.js"),
        ({"scripts": {"start": "vite"}}, {}, "vite"),
        (project("next build", "next", start="next dev"), {}, "next start --port $PORT"),
        (
            {"main": "index.js"},
            {"index__js": "require('http').createServer(f).listen(process.env.PORT)"},
            "node index.js",
        ),
    ],
)
def test_a_server_is_started_where_the_project_has_or_writes_one(
    lay: Lay, package: dict[str, object], files: dict[str, str], line: str
) -> None:
    recipe = recipe_of(lay, package, **files)
    assert (recipe.kind, recipe.line) == (Kind.NODE, line)


def test_a_next_project_that_exports_files_is_a_static_site(lay: Lay) -> None:
    recipe = recipe_of(lay, project("next build", "next"), next__config__js="module.exports = { output: 'export' }")
    assert (recipe.kind, recipe.build_steps[-1]) == (Kind.STATIC, "keep_result pages out")


BERRY = "__metadata:\n  version: 8\n"


@pytest.mark.parametrize(
    ("package", "lock", "tool", "install"),
    [
        ({}, {}, "", "npm install"),
        ({}, {"package-lock.json": "{}"}, "", "npm ci"),
        ({}, {"npm-shrinkwrap.json": "{}"}, "", "npm ci"),
        ({}, {"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}, "pnpm@10", "pnpm install --frozen-lockfile"),
        ({}, {"pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}, "pnpm@8", "pnpm install --frozen-lockfile"),
        ({}, {"yarn.lock": "# yarn lockfile v1\n"}, "yarn@1.22.22", "yarn install --non-interactive --frozen-lockfile"),
        ({}, {"yarn.lock": BERRY}, "@yarnpkg/cli-dist@4", "yarn install --immutable"),
        ({}, {"bun.lock": "{}"}, "bun@1", "bun install --frozen-lockfile"),
        ({}, {"bun.lockb": ""}, "bun@1", "bun install --frozen-lockfile"),
        (
            {"packageManager": "pnpm@9.15.0+sha512.abc"},
            {"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"},
            "pnpm@9.15.0",
            "pnpm install --frozen-lockfile",
        ),
        ({"packageManager": "yarn@3.6.4"}, {"yarn.lock": BERRY}, "@yarnpkg/cli-dist@3.6.4", "yarn install --immutable"),
        ({"packageManager": "npm@10.9.0"}, {"package-lock.json": "{}"}, "npm@10.9.0", "npm ci"),
    ],
)
def test_packages_are_installed_by_the_manager_whose_lock_is_there(
    lay: Lay, package: dict[str, object], lock: dict[str, str], tool: str, install: str
) -> None:
    whole = {"scripts": {"start": "node x"}, "dependencies": {"a": "1"}} | package
    steps = recognise(Folder(lay({"package.json": json.dumps(whole)} | lock))).build_steps
    assert steps[-1].startswith(install)
    assert [step.rpartition(" ")[2] for step in steps[:-1]] == ([tool] if tool else [])


def test_locks_that_are_not_used_are_named(lay: Lay) -> None:
    package = {"scripts": {"start": "node x"}, "dependencies": {"a": "1"}, "packageManager": "pnpm@9.0.0"}
    notes = recipe_of(lay, package, yarn__lock="").notes
    assert "Ignored: yarn.lock, because pnpm is used." in notes
    assert any("its lock is not there" in note for note in notes)


def made(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """The functions of a build, run in a folder."""
    script = "\n".join([FUNCTIONS, "set -e", "mark_begin", *lines])
    assert shutil.which("awk")
    env = {"PATH": os.environ["PATH"], "KEPT": str(folder.parent / "kept")}
    return subprocess.run(["/bin/sh", "-c", script], cwd=folder, env=env, capture_output=True, text=True)


def page(path: str) -> str:
    return f"mkdir -p $(dirname {path}); sleep 0.01; echo built > {path}"


def left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("folder", ["dist", "build", "dist/shop/browser", "custom/place"])
def test_the_result_takes_the_place_of_everything_else(lay: Lay, folder: str) -> None:
    root = lay({"index.html": "source", "src/main.jsx": "", "package.json": "", "node_modules/a/index.html": ""})
    done = made(root, page(f"{folder}/index.html"), page(f"{folder}/assets/a.js"), "keep_result one-page dist build")
    assert done.returncode == 0, done.stderr
    assert left(root) == {"index.html", "assets/a.js", ".fallback_page"}
    assert (root / "index.html").read_text() == "built\n"
    assert (root / ".fallback_page").read_text() == "index.html\n"


@pytest.mark.parametrize(
    ("kind", "pages", "fallback"),
    [
        ("one-page", ["index.html"], "index.html\n"),
        ("one-page", ["index.html", "about.html"], ""),
        ("one-page", ["index.html", "404.html"], ""),
        ("pages", ["index.html"], ""),
        ("pages", ["index.html", "200.html"], "200.html\n"),
    ],
)
def test_a_fallback_page_is_found_where_the_build_speaks_for_one(
    lay: Lay, kind: str, pages: list[str], fallback: str
) -> None:
    root = lay({"package.json": ""})
    made(root, *(page(f"dist/{name}") for name in pages), f"keep_result {kind} dist")
    found = root / ".fallback_page"
    assert (found.read_text() if found.exists() else "") == fallback


def test_a_build_without_a_page_fails_with_what_to_write(lay: Lay) -> None:
    done = made(lay({"index.html": "source"}), "keep_result one-page dist")
    assert done.returncode != 0
    assert "as 'output' in greenroom.toml" in done.stdout


def test_a_site_without_a_bundler_is_kept_as_its_build_has_left_it(lay: Lay) -> None:
    root = lay({"index.html": "page", "node_modules/a.js": ""})
    made(root, "echo built > style.css", "keep_result source dist")
    assert left(root) == {"index.html", "style.css"}


def test_a_result_that_is_a_link_is_not_served(lay: Lay, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "index.html").write_text("secret")
    root = lay({"package.json": ""})
    done = made(root, f"ln -s {tmp_path}/secret dist", "keep dist")
    assert done.returncode != 0
    assert (tmp_path / "secret" / "index.html").exists()
