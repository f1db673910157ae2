"""What recognition comes to: how a content is built, and what one of its instances runs."""

import sys
from dataclasses import dataclass, replace
from enum import StrEnum

from sites.content.commands import shell
from sites.content.interpreters import Interpreter
from sites.content.wanted import Wanted

STATIC_PROGRAM = "/opt/greenroom/programs/static.py"
"""In every sandbox; serves a folder by lighttpd."""


class Kind(StrEnum):
    """What a content was recognised as."""

    STATIC = "static"
    PYTHON = "python"
    DJANGO = "django"
    NODE = "node"
    PHP = "php"
    PROCFILE = "procfile"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Install:
    """Lines of a build that install packages into a folder, and nothing else."""

    folder: str
    lines: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    """Texts of all files that decide what is installed. Without them it depends on more, and is never used again."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a content becomes instances. Without build steps the content itself is what runs."""

    kind: Kind
    summary: str
    """For people: 'Python, WSGI object app:app, served by gunicorn'."""
    line: str = ""
    """For the shell: what starts an instance. Empty where `program` does."""
    program: tuple[str, ...] = ()
    steps: tuple[str | Install, ...] = ()
    """Of the build: lines for the shell, run in /app; the first that fails ends it."""
    files: tuple[tuple[str, str], ...] = ()
    """Path and text of what is laid beside the content before the build."""
    release: str | None = None
    """Runs once per deployment, before the warm-up."""
    path: str = ""
    """Goes before PATH in every command of the site."""
    notes: tuple[str, ...] = ()
    """What of the content is ignored or taken for something else, as sentences."""
    wanted: tuple[Wanted, ...] = ()
    """The interpreters that the project asks for."""
    interpreters: tuple[Interpreter, ...] = ()
    """Those that it gets; empty until they are chosen."""
    equipment: tuple[str, ...] = ()
    """Which these are and why, as sentences."""
    fallback_page: str = ""
    """Of a static site, where its files or greenroom.toml say so; a build may say so too."""
    warmup_paths: tuple[str, ...] = ()
    """Of greenroom.toml."""

    @property
    def build_steps(self) -> tuple[str, ...]:
        """All lines of the build."""
        lines = (step.lines if isinstance(step, Install) else (step,) for step in self.steps)
        return tuple(line for group in lines for line in group)

    @property
    def command(self) -> tuple[str, ...]:
        """Of one instance, for the sandbox."""
        return self.program or shell(self.line, path=self.path)

    @property
    def release_command(self) -> tuple[str, ...]:
        """Empty without a release line."""
        return shell(self.release, path=self.path) if self.release else ()

    @property
    def is_python(self) -> bool:
        """Whether it is built with a Python of its own."""
        return any("$PYTHON" in step for step in self.build_steps)

    def asking_for(self, needed: Wanted) -> "Recipe":
        """The same for an interpreter that its packages need, instead of what the project itself says."""
        others = tuple(one for one in self.wanted if one.tool != needed.tool)
        return replace(self, wanted=(needed, *others))

    def equipped(self, interpreters: tuple[Interpreter, ...], path: str, notes: tuple[str, ...]) -> "Recipe":
        """The same with the interpreters that were chosen; `path` is where those are that no environment leads to."""
        both = ":".join(filter(None, (path, self.path)))
        return replace(self, interpreters=interpreters, path=both, equipment=notes)


def serve(*arguments: str) -> tuple[str, ...]:
    """The command that serves a folder of files; the arguments are those of `sites.runtime.programs.static`."""
    return (f"{sys.prefix}/bin/python", STATIC_PROGRAM, *arguments)
