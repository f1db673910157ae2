"""bubblewrap's command line: what a site sees, and what it must never get."""

from sites.runtime.agent.sandbox import Mode, View, command_of, environment, options_of
from sites.runtime.spec import Mount

VIEW = View(
    mode=Mode.ROOT,
    uid=20007,
    mounts=(Mount("/data/builds/1/app", "/app", is_writable=False), Mount("/data/mounts/1", "/srv/files/a")),
    directory="/app",
    env={"KEY": "value"},
    toolchain=("/root/.pyenv/versions/3.11", "/usr/lib/python3"),
    accounts="/state/accounts/20007",
    resolver="/state/accounts/resolv.conf",
    scratch_bytes=1024,
)


def words(view: View = VIEW) -> str:
    return " ".join(options_of(view))


def test_instances_do_not_die_with_the_agent() -> None:
    assert "--die-with-parent" not in words()


def test_content_is_read_only_and_a_mount_is_not() -> None:
    assert "--ro-bind /data/builds/1/app /app" in words()
    assert "--bind /data/mounts/1 /srv/files/a" in words()


def test_folders_above_what_is_shown_may_be_entered() -> None:
    for folder in ("/root", "/root/.pyenv", "/root/.pyenv/versions", "/etc", "/srv/files", "/opt/greenroom"):
        assert f"--perms 0755 --dir {folder} " in words()


def test_the_toolchain_is_shown_at_its_own_path_once() -> None:
    assert "--ro-bind-try /root/.pyenv/versions/3.11 /root/.pyenv/versions/3.11" in words()
    assert "/usr/lib/python3" not in words(), "all of /usr is shown anyway"


def test_shared_memory_is_writable_for_the_site() -> None:
    assert "--perms 1777 --size 1024 --tmpfs /dev/shm" in words()


def test_names_are_looked_up_where_the_view_says() -> None:
    assert "--ro-bind-try /state/accounts/resolv.conf /etc/resolv.conf" in words()


def test_only_the_environment_that_was_given_is_there() -> None:
    assert words().endswith("--clearenv --setenv KEY value")


def test_root_hands_over_to_the_site_without_any_right() -> None:
    command = command_of(VIEW, ["serve"])
    assert command[:5] == ["/usr/bin/setpriv", "--reuid", "20007", "--regid", "20007"]
    assert {"--clear-groups", "--bounding-set=-all", "--no-new-privs"} <= set(command)
    assert "--unshare-user" not in words()


def test_user_mode_has_a_user_namespace_and_allows_no_other() -> None:
    view = View(Mode.USER, 20007, (), "/", {}, (), "/accounts", "/etc/resolv.conf", 1024)
    assert "--unshare-user --disable-userns" in words(view)
    assert command_of(view, ["serve"]) == ["serve"]


def test_the_port_is_the_runtimes_to_say() -> None:
    env = environment(
        {"PORT": "1", "HOME": "/app", "WEBSITE_INSTANCE_ID": "x"}, host="10.0.0.2", port=8080, instance_id="i"
    )
    assert (env["PORT"], env["WEBSITE_INSTANCE_ID"], env["HOST"]) == ("8080", "i", "10.0.0.2")
    assert env["HOME"] == "/app"


def test_a_run_has_no_port() -> None:
    assert "PORT" not in environment({})
