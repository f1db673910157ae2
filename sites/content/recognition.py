"""What a content is: how it is built, what is run, by its files alone."""

import shlex
from dataclasses import dataclass, replace

from sites.content import node_results, php_sites
from sites.content.fallbacks import declared_fallback
from sites.content.greenroom_file import read_wishes
from sites.content.node_sites import read_package
from sites.content.procfile import read_procfile
from sites.content.project import Project, build_of, collect_static, installed, scripts_in, windows_scripts
from sites.content.python_packages import INSTALL, VENV, has_packages, runs_python, servers_in
from sites.content.python_sites import DjangoProject, find_application, find_django
from sites.content.recipe import Kind, Recipe, serve
from sites.content.tree import Tree, nearest, text
from sites.content.unrecognised import INDEX_PAGES, unrecognised
from sites.errors import ContentRefused

STARTUP_FILE = ".greenroom/startup.sh"
"""A script that starts the content, as clients publish it with type=startup."""
MKDOCS = ("mkdocs.yml", "mkdocs.yaml")
MKDOCS_STEPS = ("mkdocs build --quiet --site-dir .greenroom/site", "keep .greenroom/site")
MAX_SCRIPT_BYTES = 64 * 1024
MAX_COMMAND_BYTES = 125_000
"""Below what Linux takes for one argument: execve(2)."""
MAX_BUILD_BYTES = 50_000
"""All lines of a build are one argument of a shell, which also shows each of them before it runs it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings of a slot say about building and starting; they win over the files of the content."""

    start_command: str = ""
    is_built: bool = True
    """SCM_DO_BUILD_DURING_DEPLOYMENT: off, and the content runs as it was published."""
    before_build: str = ""
    after_build: str = ""


def recognise(tree: Tree, choices: Choices | None = None) -> Recipe:
    """The recipe of a content.

    Raises ContentRefused, with what is recognised, when nothing is, and for manifests that cannot be read.
    """
    choices = choices or Choices()
    project = Project(tree, read_wishes(tree), read_procfile(tree), read_package(tree), has_packages(tree))
    recipe = (
        _by_line(project, choices.start_command.strip(), Kind.COMMAND, "start command")
        or _by_startup_file(project)
        or _by_line(project, project.wishes.start, Kind.COMMAND, "greenroom.toml")
        or _by_line(project, project.procfile.web, Kind.PROCFILE, "Procfile")
        or _by_output(project)
        or _django(project)
        or _python(project)
        or _python_result(project)
        or _node_server(project)
        or _php(project)
        or _node_result(project)
        or _static(project)
    )
    if recipe is None:
        raise ContentRefused(unrecognised(tree, is_python=project.is_python))
    recipe = _as_chosen(project, recipe, choices)
    _refuse_lines(recipe)
    return recipe


def _refuse_lines(recipe: Recipe) -> None:
    """Those that are longer than Linux takes for an argument of a program."""
    started, built = (*recipe.command, recipe.release or ""), recipe.build_steps
    if any(_bytes(line) > MAX_COMMAND_BYTES for line in started):
        raise ContentRefused(
            f"The line that starts this content is longer than {MAX_COMMAND_BYTES:,} bytes, so nothing was changed. "
            "Put it into a script, and publish again."
        )
    if sum(map(_bytes, built)) > MAX_BUILD_BYTES:
        raise ContentRefused(
            f"The lines that build this content are longer than {MAX_BUILD_BYTES:,} bytes together, so nothing was "
            "changed. Put them into a script, and publish again."
        )


def _bytes(line: str) -> int:
    return len(line.encode(errors="replace"))


def _as_chosen(project: Project, recipe: Recipe, choices: Choices) -> Recipe:
    """What holds for every kind: the release line, greenroom.toml, and the settings of the slot."""
    release = project.wishes.release or project.procfile.release
    scripts = windows_scripts(project.tree, f"{recipe.line} {release or ''}")
    ends = [f"The line ends of Windows are taken out of {name}, which a shell does not understand." for name in scripts]
    if choices.start_command.strip() and project.tree.has(STARTUP_FILE):
        ends.append(f"Ignored: {STARTUP_FILE}, because the slot has a start command.")
    notes = (*project.procfile.notes, *ends, *recipe.notes)
    steps = (*(f"sed -i 's/\\r$//' {shlex.quote(script)}" for script in scripts), *recipe.steps)
    if choices.is_built:
        before, after = ([f"({line})"] if line else [] for line in (choices.before_build, choices.after_build))
        steps = (*before, *steps, *after)
    elif steps:
        steps, notes = (), (*notes, "Not built: SCM_DO_BUILD_DURING_DEPLOYMENT is off.")
    wishes = project.wishes
    return replace(
        recipe,
        steps=steps,
        release=release,
        notes=notes,
        fallback_page=wishes.fallback_page or recipe.fallback_page,
        warmup_paths=wishes.warmup_paths,
    )


def _by_line(project: Project, line: str, kind: Kind, name: str) -> Recipe | None:
    if not line:
        return None
    recipe = Recipe(kind, f"{name}: {line}", line=php_sites.as_known_here(line))
    names = (name for name in scripts_in(project.tree, line) if name.endswith(".sh"))
    scripts = (text(project.tree, name, MAX_SCRIPT_BYTES) for name in names)
    lines = "\n".join((line, *scripts))
    recipe = installed(project, recipe, is_python=runs_python(lines), servers=servers_in(lines))
    steps = (*build_of(project), *collect_static(find_django(project.tree) if project.is_python else None, project))
    return replace(recipe, steps=(*recipe.steps, *steps))


def _by_startup_file(project: Project) -> Recipe | None:
    if not project.tree.has(STARTUP_FILE):
        return None
    return _by_line(project, f"sh {STARTUP_FILE}", Kind.COMMAND, "startup file")


def _by_output(project: Project) -> Recipe | None:
    """A folder of the content, or of what its build makes, is the static site."""
    output = project.wishes.output
    if not output:
        return None
    recipe = installed(project, _static_recipe(f"static site, the folder '{output}' of greenroom.toml"))
    return replace(recipe, steps=(*recipe.steps, *build_of(project), f"keep '{output}'"))


def _django(project: Project) -> Recipe | None:
    django = find_django(project.tree)
    if django is None or django.application is None:
        return None
    return _python_recipe(
        project,
        Kind.DJANGO,
        django.application.what,
        django.application.line,
        server=django.application.server,
        django=django,
    )


def _python(project: Project) -> Recipe | None:
    others = ("package.json", "composer.json", "index.php", *INDEX_PAGES)
    is_python = project.is_python or not any(map(project.tree.has, others))
    found = find_application(project.tree, is_python=is_python)
    if found is None:
        return None
    return _python_recipe(project, Kind.PYTHON, found.what, found.line, server=found.server)


def _python_recipe(
    project: Project, kind: Kind, what: str, line: str, *, server: str, django: DjangoProject | None = None
) -> Recipe:
    name = "Django" if kind is Kind.DJANGO else "Python"
    built = project.node is not None and (project.node.build or project.wishes.build)
    own = project if built else replace(project, node=None)
    recipe = installed(own, Recipe(kind, f"{name}, {what}", line=line), is_python=True, servers=filter(None, (server,)))
    return replace(recipe, steps=(*recipe.steps, *build_of(own), *collect_static(django, project)))


def _python_result(project: Project) -> Recipe | None:
    """Documentation that MkDocs builds."""
    if not any(map(project.tree.has, MKDOCS)):
        return None
    recipe = installed(project, _static_recipe("static site, built by 'mkdocs build'"), is_python=True)
    steps = (f"test -x {VENV}/bin/mkdocs || {INSTALL} mkdocs", *MKDOCS_STEPS)
    return replace(recipe, steps=(*recipe.steps, *steps))


def _node_server(project: Project) -> Recipe | None:
    node = project.node
    line = (node.start or node_results.server_line(project.tree, node)) if node else ""
    if node is None or not line:
        return None
    recipe = installed(project, Recipe(Kind.NODE, f"Node, {line}", line=line))
    return replace(recipe, steps=(*recipe.steps, *build_of(project)))


def _node_result(project: Project) -> Recipe | None:
    """A project whose build makes a folder of files."""
    node = project.node
    if node is None or not (node.build or project.wishes.build):
        return None
    framework = node_results.framework_of(node)
    folders = framework.folders if framework.name else node_results.ANY.folders
    kind = node_results.kind_of(project.tree, node, framework)
    recipe = _static_recipe(f"static site, built by '{node.build}'{f' ({framework.name})' if framework.name else ''}")
    recipe = replace(installed(project, recipe), fallback_page=declared_fallback(project.tree))
    steps = ("mark_begin", *build_of(project), f"keep_result {kind} {' '.join(folders)}")
    return replace(recipe, steps=(*recipe.steps, *steps))


def _php(project: Project) -> Recipe | None:
    site = php_sites.find_php(project.tree)
    if site is None:
        return None
    recipe = installed(project, Recipe(Kind.PHP, site.what, program=site.program, notes=site.notes))
    return replace(recipe, steps=(*recipe.steps, *site.steps, *build_of(project)))


def _static(project: Project) -> Recipe | None:
    tree = project.tree
    page = next(filter(tree.has, INDEX_PAGES), None) or next(
        filter(None, (nearest(tree, name) for name in INDEX_PAGES)), None
    )
    if page is None:
        return None
    recipe = _static_recipe(f"static site, {page}")
    if page not in INDEX_PAGES:
        steps = (f"cp -p '{page}' {next(name for name in INDEX_PAGES if nearest(tree, name) == page)}",)
        recipe = replace(recipe, steps=steps, notes=(f"'{page}' is taken for index.html.",))
    recipe = replace(recipe, fallback_page=declared_fallback(tree))
    return replace(recipe, steps=(*recipe.steps, *project.wishes.build))


def _static_recipe(summary: str) -> Recipe:
    return Recipe(Kind.STATIC, summary, program=serve())
