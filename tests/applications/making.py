"""How the applications come about: generators, examples in source archives, packages of Debian, and a few lines."""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

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


def from_debian(package: str, inside: str) -> Make:
    """A folder or a program of a package of Debian."""

    def make(folder: Path) -> None:
        run(folder, "apt-get", "download", "--quiet", package)
        archive = next(folder.glob("*.deb"))
        run(folder, "dpkg-deb", "--extract", archive.name, "unpacked")
        archive.unlink()
        found = folder / "unpacked" / inside
        if found.is_dir():
            shutil.copytree(found, folder, dirs_exist_ok=True)
        else:
            shutil.copy(found, folder)
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


def poetry_lock(requirement: str) -> Make:
    """A lock as poetry writes it; poetry itself asks PyPI only, at an address of its own."""
    return _lock(requirement, "poetry.lock", '[metadata]\nlock-version = "2.1"\n')


def pdm_lock(requirement: str) -> Make:
    """A lock as PDM writes it; PDM does not start with the newest version of a library that it does not pin."""
    return _lock(requirement, "pdm.lock", '[metadata]\ngroups = ["default"]\nlock_version = "4.5.0"\n')


def _lock(requirement: str, name: str, end: str) -> Make:
    """What uv resolves, in tables as both write them."""

    def make(folder: Path) -> None:
        (folder / "wanted.in").write_text(f"{requirement}\n")
        options = ("--quiet", "--generate-hashes", "--no-annotate", "--no-header", "--universal")
        run(folder, UV, "pip", "compile", *options, "wanted.in", "-o", "wanted.txt")
        lock = ""
        for entry in re.split(r"\n(?=\w)", (folder / "wanted.txt").read_text()):
            package, version = re.findall(r"^([\w.-]+)==([\w.]+)", entry)[0]
            hashes = re.findall(r"--hash=(sha256:\w+)", entry)
            listed = ", ".join(f'{{file = "{package}", hash = "{one}"}}' for one in hashes)
            lock += f'[[package]]\nname = "{package}"\nversion = "{version}"\ngroups = ["default"]\noptional = false\n'
            lock += f"files = [{listed}]\n"
            marker = re.findall(r"^\S+ ; (.+?) \\", entry)
            key = "markers" if name == "poetry.lock" else "marker"
            lock += f"{key} = {json.dumps(marker[0])}\n\n" if marker else "\n"
        (folder / name).write_text(lock + end)
        for leftover in ("wanted.in", "wanted.txt"):
            (folder / leftover).unlink()

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
