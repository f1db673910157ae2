"""bubblewrap's command line: what a site sees, and what it must never get."""

from dataclasses import replace
from pathlib import Path

import pytest

from sites.runtime.agent import sandbox
from sites.runtime.agent.layer_plan import Plan
from sites.runtime.agent.sandbox import LAUNCHER, Mode, View, environment, launcher_of, options_of
from sites.runtime.spec import Mount

VIEW = View(
    mode=Mode.ROOT,
    uid=20007,
    mounts=(Mount("/data/builds/1/app", "/app", is_writable=False), Mount("/data/mounts/1", "/srv/files/a")),
    toolchain=("/root/.pyenv/versions/3.11", "/usr/lib/python3"),
    accounts="/state/accounts/20007",
    resolver="/state/accounts/resolv.conf",
    scratch_bytes=1024,
)


def words(view: View = VIEW) -> str:
    return " ".join(options_of(view))


def test_instances_do_not_die_with_the_agent() -> None:
    assert "--die-with-parent" not in words()


def test_a_content_is_seen_through_its_layer_which_may_be_written() -> None:
    layer = Plan("/data/content/1", "/state/revisions/1/0/layer", 20007, 1024, 10, ())
    shown = words(replace(VIEW, mounts=(), layer=layer))
    assert "--bind /state/revisions/1/0/layer/app /app" in shown
    assert "/data/content/1" not in shown


def test_content_is_read_only_and_a_mount_is_not() -> None:
    assert "--ro-bind /data/builds/1/app /app" in words()
    assert "--bind /data/mounts/1 /srv/files/a" in words()


def test_folders_above_what_is_shown_may_be_entered() -> None:
    for folder in ("/root", "/root/.pyenv", "/root/.pyenv/versions", "/etc", "/srv/files", "/opt/greenroom"):
        assert f"--perms 0755 --dir {folder} " in words()


def test_the_toolchain_is_shown_at_its_own_path_once() -> None:
    assert "--ro-bind-try /root/.pyenv/versions/3.11 /root/.pyenv/versions/3.11" in words()
    assert "/usr/lib/python3" not in words(), "all of /usr is shown anyway"


def test_a_toolchain_at_the_place_of_our_programs_leaves_room_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "LAUNCHER", f"{tmp_path}/launcher.py")
    for name in ("bin", "lib"):
        (tmp_path / name).mkdir()
    shown = " ".join(options_of(replace(VIEW, toolchain=(str(tmp_path),))))
    assert f"--ro-bind-try {tmp_path}/bin {tmp_path}/bin --ro-bind-try {tmp_path}/lib {tmp_path}/lib" in shown
    assert f"--ro-bind-try {tmp_path} " not in shown


def test_shared_memory_is_writable_for_the_site() -> None:
    assert "--perms 1777 --size 1024 --tmpfs /dev/shm" in words()


def test_names_are_looked_up_where_the_view_says() -> None:
    assert "--ro-bind-try /state/accounts/resolv.conf /etc/resolv.conf" in words()


def test_the_environment_and_the_working_directory_are_nothing_of_the_sites() -> None:
    assert words().endswith("--chdir / --clearenv")
    assert "--setenv" not in words()


def test_root_hands_on_only_what_becoming_the_site_needs() -> None:
    assert "--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP" in words()
    assert words().count("--cap-add") == 3
    assert "--unshare-user" not in words()


def test_user_mode_has_a_user_namespace_and_allows_no_other() -> None:
    view = View(Mode.USER, 20007, (), (), "/accounts", "/etc/resolv.conf", 1024)
    assert "--unshare-user --disable-userns" in words(view)
    assert "--cap-add" not in words(view)


def test_the_launcher_is_ours_and_what_it_launches_is_not_on_its_command_line() -> None:
    assert f"--ro-bind {sandbox.LAUNCHER_SOURCE} {LAUNCHER}" in words()
    assert launcher_of(Mode.ROOT, 20007, 7, 5) == [sandbox.interpreter(), "-I", "-S", LAUNCHER, "20007", "7"]


def test_the_interpreter_is_one_that_a_sandbox_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = (*sandbox.default_toolchain(), "/usr")
    assert any(Path(sandbox.interpreter()).is_relative_to(folder) for folder in shown)
    monkeypatch.setattr(sandbox.sys, "executable", "/home/me/python")
    monkeypatch.setattr(sandbox.sys, "base_prefix", "/opt/python")
    assert sandbox.interpreter().startswith("/opt/python/bin/python3."), "and nobody's home is shown for its sake"


def test_entries_of_proc_that_tell_of_the_machine_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox.os.path, "isdir", lambda path: path == "/proc/acpi")
    monkeypatch.setattr(sandbox.os.path, "exists", lambda path: path == "/proc/cmdline")
    hidden = " ".join(sandbox._hidden())
    assert hidden == ("--perms 0555 --tmpfs /proc/acpi --remount-ro /proc/acpi --dev-bind /dev/null /proc/cmdline")
    assert words().index("--proc /proc") < words().index(hidden)


def test_the_port_is_the_runtimes_to_say() -> None:
    env = environment(
        {"PORT": "1", "HOME": "/app", "WEBSITE_INSTANCE_ID": "x"}, host="10.0.0.2", port=8080, instance_id="i"
    )
    assert (env["PORT"], env["WEBSITE_INSTANCE_ID"], env["HOST"]) == ("8080", "i", "10.0.0.2")
    assert env["HOME"] == "/app"


def test_frameworks_are_told_where_to_listen_unless_a_setting_says_otherwise() -> None:
    env = environment({"FLASK_RUN_HOST": "10.0.0.9", "UVICORN_PORT": "1"}, host="10.0.0.2", port=8080)
    assert (env["FASTIFY_ADDRESS"], env["UVICORN_HOST"], env["FLASK_RUN_PORT"]) == ("10.0.0.2", "10.0.0.2", "8080")
    assert (env["FLASK_RUN_HOST"], env["UVICORN_PORT"]) == ("10.0.0.9", "1")


def test_a_run_has_no_port() -> None:
    assert "PORT" not in environment({})
