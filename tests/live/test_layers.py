"""Applications write beside their code: what they see, what stays, how much it may be, and that it goes with them."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from sites.disk import trees
from sites.runtime.agent import layers
from sites.runtime.agent import remount as remounting
from sites.runtime.spec import InstanceStatus, Limits, Mount, RunSpec, Written
from tests.live.agent_rig import Agent, get, is_alive, wait_until

pytestmark = pytest.mark.live

MB = 1024 * 1024
WRITE = (
    "echo new >made; echo changed >shipped; rm -r old; mkdir old; mkdir -p instance __pycache__; "
    "echo rows >instance/db; echo code >__pycache__/app.pyc; stat -c %U . shipped made old instance"
)


def lay_content(agent: Agent, name: str) -> Path:
    """A content as the store keeps it: its owner's to change, and everybody's to read."""
    content = agent.folder / name
    (content / "old").mkdir(parents=True)
    for path, text in (("app.py", (agent.app / "app.py").read_text()), ("shipped", "as shipped"), ("old/file", "x")):
        (content / path).write_text(text)
        (content / path).chmod(0o644)
    trees.give_to(content, agent.folder.stat().st_uid)
    return content


def serve(
    agent: Agent, revision: int, content: Path, line: str, *mounts: Mount, memory_mb: int = 512
) -> InstanceStatus:
    """An instance that does that first and then serves."""
    command = ("sh", "-c", f"{line}\nexec python3 app.py")
    limits = Limits(memory_mb=memory_mb)
    (instance,) = agent.serve(revision, app=str(content), command=command, mounts=mounts, limits=limits)
    return instance


def written(agent: Agent, revision: int) -> Written:
    (status,) = agent.runtime.observe([revision])
    return status.written


def mounted_layers(agent: Agent) -> list[str]:
    """Processes that have a layer of this agent's instances mounted."""
    found = []
    for mounts in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            text = mounts.read_text()
        except OSError:
            continue
        if f"{agent.state}/revisions" in text and "/layer " in text:
            found.append(mounts.parent.name)
    return found


def writes_and_leaves_the_content(agent: Agent, revision: int) -> None:
    content = lay_content(agent, f"written-{revision}")
    instance = serve(agent, revision, content, WRITE)
    assert get(instance)
    assert agent.runtime.log_tail(revision, 0)[:5] == ["site"] * 5, "everything appears to be the site's own"
    wait_until(lambda: written(agent, revision).files)
    assert written(agent, revision) == Written(("instance/", "made", "shipped"), 0, 3)
    assert sorted(path.name for path in content.iterdir()) == ["app.py", "old", "shipped"]
    assert (content / "shipped").read_text() == "as shipped"
    assert [path.name for path in (content / "old").iterdir()] == ["file"]
    agent.kill()
    agent.start()
    wait_until(lambda: written(agent, revision).files == 3)
    assert get(agent.running(revision, 1)[0])
    agent.stop(revision)
    assert agent.runtime.log_tail(revision, 0)[-1].endswith(
        "what it had written beside its code is gone: instance/, made, shipped. Put what is to stay into a persistent "
        "folder; one can lie anywhere in the content.]"
    )
    wait_until(lambda: not mounted_layers(agent))


def test_an_application_writes_beside_its_code_and_the_content_stays(agent: Agent) -> None:
    writes_and_leaves_the_content(agent, 1)


def test_without_root_it_does_too(user_agent: Agent) -> None:
    writes_and_leaves_the_content(user_agent, 61)


def test_who_writes_without_end_is_told_that_no_space_is_left_and_serves_on(shared_agent: Agent) -> None:
    content = lay_content(shared_agent, "endless")
    fill = "head -c 100M /dev/zero >large || rm large"
    many = 'python3 -c \'for n in range(100000): open(f"{n}", "w").close()\''
    instance = serve(shared_agent, 62, content, f"({fill}; {many}) &", memory_mb=256)
    neighbour = serve(shared_agent, 63, content, "echo x >mine")

    def log() -> str:
        return "\n".join(shared_agent.runtime.log_tail(62, 0, lines=100))

    wait_until(lambda: log().count("No space left on device") >= 2, 30)
    wait_until(lambda: "takes all that it may" in log(), 30)
    assert get(instance) and get(neighbour)
    assert shared_agent.runtime.observe([62])[0].restarts == 0
    (taken,) = [found for found in [written(shared_agent, 62)] if found.files]
    assert taken.files <= layers.MAX_LOOKED_AT
    for revision in (62, 63):
        shared_agent.stop(revision)


def test_a_layer_goes_with_its_instance_however_that_ends(shared_agent: Agent) -> None:
    content = lay_content(shared_agent, "killed")
    serve(shared_agent, 64, content, "echo x >lost")
    record = shared_agent.record(64)
    os.kill(record["monitor"]["pid"], signal.SIGKILL)
    wait_until(lambda: shared_agent.runtime.observe([64])[0].restarts == 1)
    shared_agent.running(64, 1)
    assert not is_alive(record["child"]["pid"])
    again = Path(f"/proc/{shared_agent.record(64)['child']['pid']}/root/app")
    assert sorted(path.name for path in again.iterdir()) == ["app.py", "lost", "old", "shipped"]
    shared_agent.stop(64)
    wait_until(lambda: not mounted_layers(shared_agent))


def test_a_persistent_folder_lies_inside_the_content(shared_agent: Agent) -> None:
    content = lay_content(shared_agent, "persistent")
    store = Mount(str(shared_agent.folder / "mounts" / "65" / "store"), "/app/var/data")
    count = "echo row >>var/data/rows; wc -l <var/data/rows; stat -c %U var var/data"
    serve(shared_agent, 65, content, count, store)
    assert shared_agent.runtime.log_tail(65, 0)[:3] == ["1", "site", "site"]
    shared_agent.stop(65)
    serve(shared_agent, 650, content, count, store)
    assert shared_agent.runtime.log_tail(650, 0)[0] == "2"
    assert written(shared_agent, 650) == Written(), "what lies in it is not lost"
    assert (Path(store.source) / "rows").read_text() == "row\nrow\n"
    assert [remount(shared_agent, 650, mode, "/app/var/data") for mode in ("ro", "rw", "ro")] == [
        (0, "ro"),
        (0, "rw"),
        (0, "ro"),
    ]
    shared_agent.stop(650)


def remount(agent: Agent, revision: int, mode: str, folder: str) -> tuple[int, str]:
    """What the agent does to a folder above its quota: its exit code, and how the folder is mounted then."""
    inside = agent.record(revision)["child"]["pid"]
    line = [sys.executable, "-m", remounting.__name__, str(inside), mode, folder]
    code = subprocess.run(line, cwd=django_settings.BASE_DIR).returncode
    mounts = [line.split() for line in Path(f"/proc/{inside}/mountinfo").read_text().splitlines()]
    return code, next((words[5].split(",")[0] for words in mounts if words[4] == folder), "")


def test_a_site_leads_no_change_of_a_mount_elsewhere(shared_agent: Agent) -> None:
    """It can rename the folder above and put a link in its place, as the layer is its own."""
    store = Mount(str(shared_agent.folder / "led"), "/app/var/usr")
    serve(shared_agent, 66, lay_content(shared_agent, "led-content"), "mv var moved; ln -s / var", store)
    assert remount(shared_agent, 66, "rw", "/app/var/usr") == (errno.ELOOP, "")
    inside = shared_agent.record(66)["child"]["pid"]
    mounts = [line.split() for line in Path(f"/proc/{inside}/mountinfo").read_text().splitlines()]
    assert next(words[5].split(",")[0] for words in mounts if words[4] == "/usr") == "ro"
    shared_agent.stop(66)


@pytest.mark.parametrize("entry", ["link", "file"])
def test_what_the_content_has_there_leads_no_folder_elsewhere(shared_agent: Agent, entry: str) -> None:
    """Followed by root, a link would lay the site's files over the system's."""
    content = lay_content(shared_agent, f"leading-{entry}")
    if entry == "link":
        (content / "var").symlink_to("/newroot/usr/lib")
    else:
        (content / "var").write_text("x")
    store = Mount(str(shared_agent.folder / "elsewhere"), "/app/var/data")
    log = shared_agent.folder / f"leading-{entry}.log"
    app = Mount(str(content), "/app", is_writable=False)
    spec = RunSpec(f"leading-{entry}", 77, "probe", ("ls",), {"PATH": "/usr/bin"}, (app, store), log=str(log))
    assert shared_agent.run(spec) == 126
    assert log.read_text() == (
        "Nothing could be laid over the content: the content has a file or a link at 'var' of 'var/data'\n"
    )


def test_a_release_command_is_told_that_what_it_wrote_beside_the_code_is_lost(shared_agent: Agent) -> None:
    content = lay_content(shared_agent, "release")
    log = shared_agent.folder / "release-layer.log"
    app = Mount(str(content), "/app", is_writable=False)
    command = ("sh", "-c", "echo rows >db.sqlite3")
    spec = RunSpec("release-layer", 77, "probe", command, {"PATH": "/usr/bin"}, (app,), log=str(log))
    assert shared_agent.run(spec) == 0
    assert log.read_text() == (
        "[Greenroom: it has ended, and what it had written beside its code is gone: db.sqlite3. Put what is to stay "
        "into a persistent folder; one can lie anywhere in the content.]\n"
    )
    assert not (content / "db.sqlite3").exists()
