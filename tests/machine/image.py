"""The disk of the machine: Debian 12 with systemd and what `./greenroom up` needs, built once for each recipe."""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.machine.progress import report

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE = "bookworm"
PYTHON = "3.11.2"
"""Of that suite."""
PACKAGES = (
    # What an installation of Debian has and its smallest variant lacks
    *("systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "ca-certificates", "procps", "curl"),
    *("linux-image-cloud-amd64", "qemu-guest-agent"),
    # What the README and the start script ask for
    *("python3", "python3-pip", "bubblewrap", "iproute2", "nftables", "redis-server"),
    *("lighttpd", "lighttpd-mod-deflate", "lighttpd-modules-lua"),
)
SIZE = "8G"
"""Of the disk; the file is sparse."""
SETUP = Path(__file__).with_name("setup.sh")
WHEEL_PLATFORMS = ("manylinux_2_36", "manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_24")
WHEEL_PLATFORMS += ("manylinux_2_17", "manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1")
KEPT = 2
"""Images in the cache: of this recipe and of the one before."""


@dataclass(frozen=True, slots=True)
class Image:
    """Files that are never written to."""

    disk: Path
    kernel: Path
    initrd: Path


def default_cache() -> Path:
    """Outside the repository, so that a fresh clone finds it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "greenroom" / "machine"


def image(cache: Path) -> Image:
    """The image of today's recipe, built if it is not there. Raises CalledProcessError with the reason on stderr."""
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / _digest()
    with _alone(cache):
        if not folder.exists():
            report(f"building Debian {SUITE} with the libraries, some minutes, once: {folder}")
            with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as building:
                _build(Path(building))
                Path(building).rename(folder)
                Path(building).mkdir()  # for the one that wants to remove it
        os.utime(folder)
        _forget_old(cache)
    return Image(folder / "disk.ext4", folder / "vmlinuz", folder / "initrd.img")


def _digest() -> str:
    parts = [SETUP, Path(__file__), ROOT / "requirements.txt"]
    text = b"".join(part.read_bytes() for part in parts) + _uv_version().encode()
    return hashlib.sha256(text).hexdigest()[:16]


def _uv_version() -> str:
    found = re.search(r"^uv_version=(\S+)", (ROOT / "greenroom").read_text(), re.M)
    assert found, "the start script names its installer's version"
    return found[1]


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old(cache: Path) -> None:
    images = sorted(cache.glob("[0-9a-f]" * 16), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in (*images[KEPT:], *cache.glob("building-*")):
        shutil.rmtree(folder)


def _build(folder: Path) -> None:
    """Fills a folder with disk.ext4, vmlinuz and initrd.img."""
    stage = folder / "stage"
    wheels = stage / "wheels"
    wheels.mkdir(parents=True)
    report("  downloading the libraries")
    _download_libraries(wheels)
    for name in ("greenroom", "requirements.txt"):
        shutil.copy(ROOT / name, stage / name)
    shutil.copy(SETUP, stage / SETUP.name)
    report("  installing Debian")
    tar = folder / "root.tar"
    _run(
        ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}"],
        [f"--customize-hook=copy-in {stage} /opt", '--customize-hook=chroot "$1" /bin/sh /opt/stage/setup.sh'],
        [SUITE, str(tar)],
    )
    report("  writing the disk")
    root = folder / "root"
    disk = folder / "disk.ext4"
    as_root = [] if os.geteuid() == 0 else ["fakeroot"]
    line = 'mkdir "$1" && tar -xf "$2" -C "$1" && mke2fs -q -t ext4 -d "$1" "$3" "$4"'
    _run([*as_root, "sh", "-c", line, "sh", str(root), str(tar), str(disk), SIZE])
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (root / "boot").glob(f"{name}-*")
        shutil.copyfile(found, folder / name)
    for left in (root, stage):
        shutil.rmtree(left)
    tar.unlink()


def _download_libraries(wheels: Path) -> None:
    """The locked wheels for the machine's Python, whatever Python this is; from where this machine gets its own."""
    lock = wheels.with_name("machine.lock")
    compiling = [str(ROOT / ".boot" / "bin" / "uv"), "pip", "compile", "--quiet", "--no-deps", "--generate-hashes"]
    target = [f"--python-version={PYTHON}", f"--python-platform=x86_64-{WHEEL_PLATFORMS[0]}"]
    _run(compiling, target, [str(ROOT / "requirements.txt"), f"--output-file={lock}"])
    pip = [sys._base_executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]  # type: ignore[attr-defined]
    python = [f"--python-version={PYTHON}", "--implementation=cp", "--abi=cp311", "--abi=abi3", "--abi=none"]
    python += [f"--platform={platform}_x86_64" for platform in WHEEL_PLATFORMS]
    into = [f"--dest={wheels}"]
    _run(pip, python, into, ["--require-hashes", f"--requirement={lock}"])
    _run(pip, python, into, [f"uv=={_uv_version()}"])


def _run(*parts: list[str]) -> None:
    subprocess.run([word for part in parts for word in part], stdin=subprocess.DEVNULL, check=True)
