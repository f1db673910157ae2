"""No folder of a site is shown over, above or below what runs before the rights are dropped, or inside another."""

from dataclasses import replace
from pathlib import Path

import pytest

from sites.runtime.agent import targets
from sites.runtime.agent.layer_plan import Folder, Plan
from sites.runtime.agent.sandbox import Mode, View
from sites.runtime.agent.targets import ensure_apart
from sites.runtime.spec import Mount

TOOLCHAIN = ("/data/greenroom/.venv", "/root/.pyenv/versions/3.11")


def view(*mounts: Mount) -> View:
    return View(Mode.ROOT, 20007, mounts, TOOLCHAIN, "/accounts", "/etc/resolv.conf", 1024)


def test_what_sites_and_builds_show_is_taken() -> None:
    ensure_apart(view(Mount("/c", "/app", is_writable=False), Mount("/m", "/mnt/files"), Mount("/n", "/data/store")))
    ensure_apart(view(Mount("/b", "/app"), Mount("/k", "/cache"), Mount("/uv", "/uv", is_writable=False)))


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/usr",
        "/usr/lib/x86_64-linux-gnu",
        "/lib64",
        "/etc",
        "/etc/ld.so.preload",
        "/proc/self",
        "/dev/shm/x",
        "/run",
        "/opt",
        "/opt/greenroom",
        "/opt/greenroom/programs",
        "/root/.pyenv/versions/3.11/lib",
        "/root",
        "/data",
        "/data/greenroom",
        "/data/../usr",
        "data",
    ],
)
def test_a_sites_folder_never_hides_or_holds_what_is_ours(target: str) -> None:
    with pytest.raises(OSError, match="cannot be shown at"):
        ensure_apart(view(Mount("/m", target)))


@pytest.mark.parametrize("pair", [("/data/a", "/data/a/b"), ("/app", "/app/files"), ("/mnt/x", "/mnt/x")])
def test_no_folder_is_shown_inside_another_where_a_site_may_have_put_a_link(pair: tuple[str, str]) -> None:
    for one, other in (pair, pair[::-1]):
        with pytest.raises(OSError, match="none can lie inside another"):
            ensure_apart(view(Mount("/m", one), Mount("/n", other)))


def test_a_folder_where_the_machine_has_libraries_is_not_a_sites(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The loader would take the site's library for one of the system's, in root's programs as well."""
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libm.so.6\0/mnt/cuda/lib64/libm.so.6\0")
    monkeypatch.setattr(targets, "LOADER_CACHE", cache)
    for target in ("/mnt/cuda/lib64", "/mnt/cuda", "/mnt/cuda/"):
        with pytest.raises(OSError, match="this machine has libraries there"):
            ensure_apart(view(Mount("/m", target)))
    ensure_apart(view(Mount("/m", "/mnt/cud"), Mount("/n", "/mnt/other")))


def test_a_certificate_of_the_administrator_is_shown_where_the_host_has_it() -> None:
    ensure_apart(view(Mount("/b", "/app"), Mount("/etc/company/ca.pem", "/etc/company/ca.pem", is_writable=False)))
    with pytest.raises(OSError, match="cannot be shown at"):
        ensure_apart(view(Mount("/etc/company", "/etc/company")))


def with_layer(*inside: str, mounts: tuple[Mount, ...] = ()) -> View:
    folders = tuple(Folder(f"/m/{number}", place, is_writable=True) for number, place in enumerate(inside))
    layer = Plan("/c", "/state/1/layer", 20007, 1024, 10, folders)
    return replace(view(*mounts), layer=layer)


def test_folders_inside_the_content_are_taken_beside_others() -> None:
    ensure_apart(with_layer("data", "var/instance", mounts=(Mount("/m", "/data/store"),)))


@pytest.mark.parametrize("inside", [("data", "data"), ("data", "data/more"), ("../usr",), ("a/../../usr",)])
def test_folders_inside_the_content_lie_apart_and_inside(inside: tuple[str, ...]) -> None:
    with pytest.raises(OSError, match="cannot be shown at"):
        ensure_apart(with_layer(*inside))


def test_no_other_mount_lies_over_or_inside_a_content_with_a_layer() -> None:
    for place in ("/app", "/app/data", "/"):
        with pytest.raises(OSError, match="cannot be shown at"):
            ensure_apart(with_layer(mounts=(Mount("/m", place),)))
