"""The start script `greenroom`, in a copy whose libraries are there already."""

import os
import subprocess
import sys
import time
from importlib.util import cache_from_source
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the script, one module, and a `manage.py` that loads it."""
    (tmp_path / "greenroom").write_bytes((ROOT / "greenroom").read_bytes())
    (tmp_path / "requirements.txt").write_text("")
    for name in ("portal", "sites", "tools", ".venv/bin", ".venv/lib"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "portal" / "greeting.py").write_text("TEXT = 'first'\n")
    (tmp_path / ".venv" / "lib" / "library.py").write_text("")
    (tmp_path / "manage.py").write_text("from portal import greeting\nprint(greeting.TEXT)\n")
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    digest = subprocess.run(["sha256sum", "/dev/null"], capture_output=True, text=True, check=True).stdout[:64]
    (tmp_path / ".venv" / "greenroom-run.stamp").write_text(digest)
    return tmp_path


def start(folder: Path) -> str:
    """What the script prints that hands over to `manage.py`, where Python itself may not write byte code."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPYCACHEPREFIX", None)
    done = subprocess.run(["sh", folder / "greenroom", "status"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def compiled(path: Path) -> Path:
    return Path(cache_from_source(str(path)))


def test_code_and_libraries_are_compiled_before_anything_starts(copy: Path) -> None:
    assert start(copy) == "first"
    assert compiled(copy / "portal" / "greeting.py").exists()
    assert compiled(copy / ".venv" / "lib" / "library.py").exists()


def test_what_has_changed_is_compiled_again_and_nothing_else_is(copy: Path) -> None:
    start(copy)
    library = compiled(copy / ".venv" / "lib" / "library.py")
    library.unlink()
    source = copy / "portal" / "greeting.py"
    former = compiled(source).read_bytes()
    start(copy)
    assert compiled(source).read_bytes() == former
    time.sleep(0.01)  # the clock of a file system may be that coarse
    source.write_text("TEXT = 'second one'\n")
    os.utime(source, (1, 1))  # older than its byte code, as rsync and tar leave it
    assert start(copy) == "second one"
    assert compiled(source).read_bytes() != former
    assert not library.exists()


def test_code_that_does_not_compile_is_told_by_whoever_loads_it(copy: Path) -> None:
    (copy / "tools" / "broken.py").write_text("def\n")
    assert start(copy) == "first"
    assert start(copy) == "first"


@pytest.fixture
def unfetched(copy: Path) -> Path:
    """The copy lacks a library, and its installer says what it was given and fails."""
    (copy / "requirements.txt").write_text("flask==3.0\n")
    installer = copy / ".boot" / "bin" / "uv"
    installer.parent.mkdir(parents=True)
    version = next(line for line in (ROOT / "greenroom").read_text().splitlines() if line.startswith("uv_version="))
    installer.write_text(
        f"""#!/bin/sh
[ "$1" != --version ] || {{ echo "uv {version.removeprefix("uv_version=")}"; exit; }}
echo "system certificates: ${{UV_SYSTEM_CERTS:-no}}, index: ${{UV_DEFAULT_INDEX:-theirs}}" >&2
exit 1
"""
    )
    installer.chmod(0o755)
    return copy


def refused(folder: Path, **environment: str) -> str:
    done = subprocess.run(
        ["sh", folder / "greenroom", "status"], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 1
    return done.stderr


def test_an_index_that_cannot_be_reached_ends_in_what_to_set(unfetched: Path) -> None:
    said = refused(unfetched)
    assert "The libraries of requirements.txt could not be installed" in said
    for name in ("HTTPS_PROXY", "PIP_INDEX_URL", "SSL_CERT_FILE"):
        assert name in said


def test_libraries_come_from_the_index_of_the_administrator(unfetched: Path) -> None:
    said = refused(unfetched, PIP_INDEX_URL="https://packages.example/simple", UV_DEFAULT_INDEX="")
    assert "index: https://packages.example/simple" in said


@pytest.mark.skipif(
    not Path("/etc/ssl/certs/ca-certificates.crt").exists(), reason="this system keeps its certificates elsewhere"
)
def test_the_installer_trusts_what_the_system_trusts(unfetched: Path) -> None:
    assert "system certificates: 1" in refused(unfetched, UV_SYSTEM_CERTS="")
