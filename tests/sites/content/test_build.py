"""Planning, laying out and sealing of builds; no command is run here."""

import os
import re
import stat
import subprocess
from pathlib import Path

import pytest
from pytest_django import Settings

from sites.content import build, installers, store
from sites.content.build import plan_build
from sites.content.installers import CERTIFICATES
from sites.content.interpreters import Interpreter
from sites.content.recipe import Install, Recipe
from sites.content.recognition import Choices, recognise
from sites.content.tree import Folder
from sites.disk.trees import TooDeep
from sites.disk.use import Use, measure
from sites.errors import DiskFull
from tests.contents import nest
from tests.sites.content.conftest import Lay

FLASK = {"app.py": "from flask import Flask\napp = Flask(__name__)\n", "requirements.txt": "flask"}


@pytest.fixture(autouse=True)
def uv(tmp_path: Path, settings: Settings) -> Path:
    """A stand-in for uv, where the start script puts it."""
    settings.BASE_DIR = tmp_path
    path = tmp_path / ".boot" / "bin" / "uv"
    path.parent.mkdir(parents=True)
    path.write_text("")
    return path


def stored(folder: Path) -> tuple[str, Recipe]:
    digest = store.put_folder(folder).digest
    return digest, recognise(Folder(store.path_of(digest)))


def plan(folder: Path, owner: int = 7) -> build.Build:
    digest, recipe = stored(folder)
    return plan_build(digest, recipe, owner=owner, name="contoso (staging)", log="/log")


def test_a_content_without_steps_runs_as_it_is(lay: Lay) -> None:
    planned = plan(lay({"index.html": ""}))
    assert (planned.digest, planned.run) == ("", None)
    assert planned.app == store.path_of(planned.content_digest)


def test_a_build_writes_its_own_folder_and_the_sites_cache_and_nothing_else(
    lay: Lay, data: Path, uv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CERTIFICATES:
        monkeypatch.delenv(name, raising=False)
    planned = plan(lay(FLASK))
    assert planned.run is not None
    mounts = {mount.target: (mount.source, mount.is_writable) for mount in planned.run.mounts}
    assert mounts == {
        "/app": (f"{data}/build/{planned.digest}.tmp/app", True),
        "/cache": (f"{data}/cache/7", True),
        "/uv": (str(uv), False),
    }
    assert planned.run.run_id == f"build-{planned.digest[:32]}"


def test_every_step_is_told_before_it_runs(lay: Lay) -> None:
    planned = plan(lay(FLASK))
    assert planned.run is not None
    assert planned.run.command[:2] == ("/bin/sh", "-ec")
    assert "echo '==> uv pip install --compile-bytecode -r requirements.txt'\nuv pip" in planned.run.command[2]


def test_a_cache_is_never_linked_into_a_build(lay: Lay) -> None:
    planned = plan(lay(FLASK))
    assert planned.run is not None
    assert planned.run.env["UV_LINK_MODE"] == "copy"
    assert planned.run.env["UV_CACHE_DIR"] == "/cache/uv"


def test_only_settings_of_installers_reach_a_build(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example/simple")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    planned = plan(lay(FLASK))
    assert planned.run is not None
    assert planned.run.env["UV_DEFAULT_INDEX"] == "https://packages.example/simple"
    assert planned.run.env["https_proxy"] == "http://proxy.example:3128"
    assert "DATABASE_URL" not in planned.run.env
    assert "GREENROOM_DATA" not in planned.run.env


def test_a_certificate_that_the_sandbox_would_not_show_is_bound(
    lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "company.pem"
    certificate.write_text("")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    planned = plan(lay(FLASK))
    assert planned.run is not None
    assert build.Mount(str(certificate), str(certificate), is_writable=False) in planned.run.mounts
    assert planned.run.env["SSL_CERT_FILE"] == str(certificate)


def test_builds_trust_what_the_system_trusts_unless_the_administrator_says_otherwise(
    lay: Lay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*CERTIFICATES, "UV_SYSTEM_CERTS"):
        monkeypatch.delenv(name, raising=False)
    bundle, own = tmp_path / "bundle.crt", tmp_path / "company.pem"
    bundle.write_text("certificates")
    own.write_text("certificates")
    monkeypatch.setattr(installers, "BUNDLES", (str(tmp_path / "none.crt"), str(bundle)))
    assert trust(lay) == {"UV_SYSTEM_CERTS": "1", "NODE_EXTRA_CA_CERTS": str(bundle)}
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert trust(lay)["NODE_EXTRA_CA_CERTS"] == str(own)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(bundle))
    monkeypatch.setenv("UV_SYSTEM_CERTS", "0")
    assert trust(lay) == {"UV_SYSTEM_CERTS": "0", "NODE_EXTRA_CA_CERTS": str(bundle)}


def test_without_certificates_of_the_system_installers_keep_their_own(
    lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*CERTIFICATES, "UV_SYSTEM_CERTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(installers, "BUNDLES", ())
    assert trust(lay) == {}


def trust(lay: Lay) -> dict[str, str]:
    planned = plan(lay(FLASK))
    assert planned.run is not None
    return {
        name: value for name, value in planned.run.env.items() if name in ("UV_SYSTEM_CERTS", "NODE_EXTRA_CA_CERTS")
    }


def test_the_digest_is_stable_and_belongs_to_one_site(lay: Lay) -> None:
    first, again, other = plan(lay(FLASK)), plan(lay(FLASK)), plan(lay(FLASK), owner=8)
    assert first.digest == again.digest != other.digest


def test_other_steps_are_another_build(lay: Lay) -> None:
    digest, recipe = stored(lay(FLASK))
    by_command = recognise(Folder(store.path_of(digest)), Choices("python app.py"))
    assert build.build_digest(digest, recipe, owner=7) != build.build_digest(digest, by_command, owner=7)


def test_a_finished_build_is_found_and_sealed(lay: Lay) -> None:
    planned = plan(lay(FLASK))
    build.begin(planned, cache_limit=Use())
    laid = build.settings.BUILD_DIR / f"{planned.digest}.tmp" / "app"
    (laid / "tool").write_text("#!/bin/sh")
    (laid / "tool").chmod(0o4775)
    os.mkfifo(laid / "pipe")
    (laid / "link").symlink_to("/etc/passwd")
    assert build.finish(planned.digest) == measure(planned.app.parent)
    app = planned.app
    assert stat.S_IMODE((app / "tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((app / "app.py").stat().st_mode) == 0o644
    assert not (app / "pipe").exists()
    assert (app / "link").is_symlink()
    again = plan(lay(FLASK))
    assert (again.run, again.app) == (None, app)
    assert build.finish(planned.digest) == measure(app.parent), "it may be repeated"


def test_beginning_again_keeps_what_a_running_build_has_written(lay: Lay) -> None:
    planned = plan(lay(FLASK))
    build.begin(planned, cache_limit=Use())
    written = build.settings.BUILD_DIR / f"{planned.digest}.tmp" / "app" / "half"
    written.write_text("x")
    build.begin(planned, cache_limit=Use())
    assert written.exists()
    build.abandon(planned.digest)
    build.abandon(planned.digest)
    assert list(build.settings.BUILD_DIR.iterdir()) == []


def test_a_build_that_nests_folders_without_end_is_not_sealed_and_can_be_removed(lay: Lay, data: Path) -> None:
    planned = plan(lay(FLASK))
    build.begin(planned, cache_limit=Use())
    nest(data / "build" / f"{planned.digest}.tmp" / "app", 3000)
    with pytest.raises(TooDeep):
        build.finish(planned.digest)
    build.abandon(planned.digest)
    assert list((data / "build").iterdir()) == []


def test_a_cache_above_its_limit_is_emptied_before_a_build(lay: Lay, data: Path) -> None:
    planned = plan(lay(FLASK))
    (data / "cache" / "7").mkdir(parents=True)
    (data / "cache" / "7" / "wheel").write_bytes(b"x" * 100_000)
    build.begin(planned, cache_limit=Use(10**6, 10))
    assert (data / "cache" / "7" / "wheel").exists()
    build.abandon(planned.digest)
    build.begin(planned, cache_limit=Use(10_000, 10))
    assert not (data / "cache" / "7" / "wheel").exists()


def test_below_the_reserve_of_the_disk_no_build_begins(lay: Lay, data: Path, settings: Settings) -> None:
    planned = plan(lay(FLASK))
    settings.DISK_RESERVE = 2**62
    with pytest.raises(DiskFull):
        build.begin(planned, cache_limit=Use())
    assert not (data / "build").exists()


def test_the_stored_content_is_not_touched_by_its_build(lay: Lay) -> None:
    planned = plan(lay(FLASK))
    build.begin(planned, cache_limit=Use())
    assert stat.S_IMODE((store.path_of(planned.content_digest) / "app.py").stat().st_mode) == 0o644


def test_only_old_builds_that_nothing_names_are_removed(lay: Lay, data: Path) -> None:
    names = ("used", "unused", "dead.tmp", "young")
    for name in names:
        (data / "build" / name).mkdir(parents=True)
        if name != "young":
            os.utime(data / "build" / name, (0, 0))
    assert len(build.set_aside_unused_builds({"used"})) == 2
    assert {path.name for path in (data / "build").iterdir() if not path.name.startswith(".")} == {"used", "young"}


def test_a_release_command_runs_as_an_instance_would(lay: Lay) -> None:
    _digest, recipe = stored(lay(FLASK | {"Procfile": "release: flask db upgrade"}))
    run = build.plan_release(
        recipe,
        app=Path("/builds/x/app"),
        owner=7,
        name="contoso",
        env={"A": "1"},
        mounts=(build.Mount("/data", "/data"),),
        log="/log",
        run_id="release-1",
    )
    assert run is not None
    assert run.command == ("/bin/sh", "-c", 'export PATH="$PWD/.venv/bin:$PATH"; exec flask db upgrade')
    assert run.mounts == (build.Mount("/builds/x/app", "/app", is_writable=False), build.Mount("/data", "/data"))
    assert run.env == {"A": "1"}


def install_of(recipe: Recipe) -> tuple[str, ...]:
    """The inputs of its only installation."""
    (install,) = [step for step in recipe.steps if isinstance(step, Install)]
    return install.inputs


@pytest.mark.parametrize(
    ("files", "is_kept"),
    [
        (FLASK, True),
        (FLASK | {"requirements.txt": "flask\n-r more.txt\n"}, False),
        (FLASK | {"requirements.txt": "./lib\n"}, False),
        (FLASK | {"requirements.txt": ".\n"}, False),
        ({"app.py": FLASK["app.py"], "pyproject.toml": "[project]\nname = 'x'\n"}, True),
        ({"app.py": FLASK["app.py"], "pyproject.toml": "[project]\nname = 'x'\n[build-system]\n"}, False),
        ({"package.json": '{"scripts": {"start": "x"}, "dependencies": {"a": "1"}}'}, True),
        ({"package.json": '{"scripts": {"start": "x"}, "dependencies": {"a": "file:lib"}}'}, False),
        ({"package.json": '{"scripts": {"start": "x", "prepare": "y"}, "dependencies": {"a": "1"}}'}, False),
    ],
)
def test_packages_are_kept_for_the_next_build_where_their_files_alone_decide(
    lay: Lay, files: dict[str, str], is_kept: bool
) -> None:
    assert bool(install_of(recognise(Folder(lay(files))))) is is_kept


def script(lay: Lay, files: dict[str, str]) -> str:
    planned = plan(lay(files))
    assert planned.run is not None
    return planned.run.command[2]


def test_kept_packages_are_known_by_all_that_decides_about_them(lay: Lay, monkeypatch: pytest.MonkeyPatch) -> None:
    def key(files: dict[str, str]) -> str:
        return re.findall(r"if ! reuse (\w+) .venv", script(lay, files))[0]

    first = key(FLASK)
    assert key(FLASK | {"page.html": "other"}) == first
    assert key(FLASK | {"requirements.txt": "flask==3.1"}) != first
    monkeypatch.setattr(build, "base_python", lambda: Interpreter("/usr/bin/python3", "3.99.0"))
    assert key(FLASK) != first


def shell_in(folder: Path, *lines: str) -> list[str]:
    """The functions of a build, with what they keep beside the folder."""
    whole = "\n".join([build.FUNCTIONS, "set -e", *lines])
    env = {"KEPT": str(folder.parent / "kept"), "PATH": os.environ["PATH"]}
    done = subprocess.run(["/bin/sh", "-ec", whole], cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_was_kept_is_used_again_and_cannot_be_changed_by_that(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    assert shell_in(folder, "reuse k1 .venv || echo no") == ["no"]
    shell_in(folder, "mkdir .venv; echo one > .venv/a; remember k1 .venv; echo two > .venv/a; rm -rf .venv")
    shell_in(folder, "reuse k1 .venv; echo three >> .venv/a; rm -rf .venv; reuse k1 .venv")
    assert (folder / ".venv" / "a").read_text() == "one\n"
    shell_in(folder, "rm -rf .venv; mkdir .venv; echo brought > .venv/b; reuse k1 .venv")
    assert [path.name for path in (folder / ".venv").iterdir()] == ["a"], "what the content brought is not mixed in"


def test_only_the_newest_three_are_kept(tmp_path: Path) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    for number in range(5):
        shell_in(folder, f"mkdir -p x; sleep 0.02; remember k{number} x")
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"k2", "k3", "k4"}
