"""How the applications come about: generators of npm, examples in source archives of PyPI, and files of a few lines."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from sites.content import interpreters
from sites.content.wanted import Wanted
from tests.live.system import ROOT

Make = Callable[[Path], None]
"""Lays an application out in a folder that is there and empty."""
SECONDS = 600
UV = str(ROOT / ".boot" / "bin" / "uv")
QUIET = {"CI": "1", "npm_config_yes": "true", "npm_config_fund": "false", "npm_config_audit": "false"}


def run(folder: Path, *command: str, given: str = "") -> None:
    """Run a command in a folder. Raises AssertionError with what it wrote."""
    done = subprocess.run(
        command, cwd=folder, env=os.environ | QUIET, input=given, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"


def files(**texts: str) -> Make:
    """Files of a few lines; in names '__' stands for a dot and '___' for a slash."""

    def make(folder: Path) -> None:
        for name, text in texts.items():
            path = folder / name.replace("___", "/").replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return make


def generated(*command: str, inside: str = "app") -> Make:
    """What a generator writes into the folder `inside`."""

    def make(folder: Path) -> None:
        run(folder, *command)
        lift(folder, inside)

    return make


def from_source(package: str, inside: str) -> Make:
    """A folder of a source archive of PyPI."""

    def make(folder: Path) -> None:
        options = ("--quiet", "--no-deps", "--no-binary", package)
        run(folder, UV, "tool", "run", "pip", "download", *options, package)
        archive = next(folder.glob("*.tar.gz"))
        with tarfile.open(archive) as packed:
            packed.extractall(folder / "unpacked", filter="data")
        archive.unlink()
        top = next((folder / "unpacked").iterdir())
        shutil.copytree(top / inside, folder, dirs_exist_ok=True)
        shutil.rmtree(folder / "unpacked")

    return make


def then(first: Make, *others: Callable[[Path], None]) -> Make:
    """One after the other in the same folder."""

    def make(folder: Path) -> None:
        for step in (first, *others):
            step(folder)

    return make


def command(*words: str) -> Make:
    """A command that is run in the folder."""
    return lambda folder: run(folder, *words)


def python_of(version: str) -> str:
    """Path of an interpreter of this machine, for generators; the version itself where there is none."""
    found = interpreters.find(Wanted("Python", f"=={version}.*", "the catalogue"))
    return found.program if found else version


def poetry_lock(requirement: str) -> Make:
    """A lock as poetry writes it, of uv's resolution; poetry itself asks PyPI only, at an address of its own."""

    def make(folder: Path) -> None:
        (folder / "wanted.in").write_text(f"{requirement}\n")
        options = ("--quiet", "--generate-hashes", "--no-annotate", "--no-header", "--universal")
        run(folder, UV, "pip", "compile", *options, "wanted.in", "-o", "wanted.txt")
        lock = ""
        for entry in re.split(r"\n(?=\w)", (folder / "wanted.txt").read_text()):
            name, version = re.findall(r"^([\w.-]+)==([\w.]+)", entry)[0]
            hashes = re.findall(r"--hash=(sha256:\w+)", entry)
            listed = ", ".join(f'{{file = "{name}", hash = "{one}"}}' for one in hashes)
            lock += f'[[package]]\nname = "{name}"\nversion = "{version}"\noptional = false\nfiles = [{listed}]\n'
            marker = re.findall(r"^\S+ ; (.+?) \\", entry)
            lock += f"markers = {json.dumps(marker[0])}\n\n" if marker else "\n"
        (folder / "poetry.lock").write_text(f'{lock}[metadata]\nlock-version = "2.1"\n')
        for name in ("wanted.in", "wanted.txt"):
            (folder / name).unlink()

    return make


def lift(folder: Path, inside: str) -> None:
    """What lies in a folder of the folder comes up into it."""
    lifted = folder / inside
    aside = folder.with_name(f"{folder.name}-lifted")
    lifted.rename(aside)
    shutil.rmtree(folder)
    aside.rename(folder)
    for name in ("node_modules", ".git", ".venv"):
        shutil.rmtree(folder / name, ignore_errors=True)
