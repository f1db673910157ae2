"""Secrets of a running system: a new key, closed files, and text of strangers in logs and on the terminal."""

import re
import resource
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sites.models import Operation, SlotSetting
from tests.live import archives
from tests.live.system import CSRF_COOKIE, PARTS, SESSION_COOKIE, System, wait_for

pytestmark = pytest.mark.live

ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]")
READ_BY_SITES = ("content", "builds", "mounts", "cache", "git", "instances")
RELEASE = "release: printf '\\033]0;PWN\\007\\033[31mred \\342\\200\\256 turned\\n'; exit 3\nweb: python3 app.py\n"
NAME = "secretive"


@pytest.fixture
def site(system: System) -> str:
    """A site with an app setting; made once."""
    with system.signed_in() as client:
        if client.get(f"/sites/{NAME}/production/dashboard/").status_code == 200:
            return NAME
        assert client.post("/new/web-site/", data={"name": NAME}).status_code == 303
        rest(system)
        rows = {"app_settings-TOTAL_FORMS": "1", "app_settings-INITIAL_FORMS": "0"}
        rows |= {"app_settings-0-name": "KEY", "app_settings-0-value": "hidden value"}
        assert client.post(f"/sites/{NAME}/production/configure/", data=rows).status_code == 303
    rest(system)
    return NAME


def rest(system: System) -> None:
    def is_over() -> bool:
        with system.database():
            return not Operation.objects.filter(site__name=NAME, state__in=Operation.OPEN).exists()

    wait_for(is_over, 60, "nothing is done any more", interval=0.2)


def test_every_file_belongs_to_its_owner_alone(system: System, site: str) -> None:
    found = [path for path in system.data.rglob("*") if not path.is_symlink()]
    own = [path for path in found if path.relative_to(system.data).parts[0] not in READ_BY_SITES]
    assert len(own) > 20
    assert not [path for path in own if open_to_others(path)]
    umasks = {name: umask_of(system.pid(name)) for name in PARTS}
    assert umasks == {name: "0022" if name == "agent" else "0077" for name in PARTS}, "sites expect 0022"
    secrets = [path for path in found if path.name in ("wanted.json", "run.json", "log", "log.1", "spec.json")]
    assert secrets and not [path for path in secrets if open_to_others(path)]


def open_to_others(path: Path) -> bool:
    """Not of a file that has gone since its folder was read: the parts write beside their files and rename."""
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except FileNotFoundError:
        return False


def test_no_part_writes_its_memory_anywhere_when_it_crashes(system: System) -> None:
    dumps = {name: resource.prlimit(system.pid(name), resource.RLIMIT_CORE)[0] for name in PARTS}
    assert dumps == dict.fromkeys(PARTS, 1), "with 0 a program of the machine would get it"


def umask_of(pid: int) -> str:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(line.split()[1] for line in status.splitlines() if line.startswith("Umask:"))


def test_a_folder_that_others_could_read_is_closed_with_all_that_lay_open(make_system: Callable[..., System]) -> None:
    other = make_system()
    assert other.manage("key").returncode == 0
    logs = other.data / "logs"
    logs.mkdir()
    (logs / "web.log").touch()
    for path in (other.data, logs, logs / "web.log"):
        path.chmod(0o755)
    other.start()
    assert re.search(r"closed \d+ files of the data folder that other users could read", other.told())
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (other.data, logs, logs / "web.log")} == {0}


def test_what_strangers_send_acts_on_no_terminal_and_in_no_log(system: System, site: str) -> None:
    with system.signed_in() as client:
        address = f"/sites/{site}/production/publish/"
        archive = archives.zipped(app__py=archives.PROBED.read_text(), Procfile=RELEASE)
        answer = client.post(address, data={"message": "hostile"}, files={"archive": ("a.zip", archive)})
        assert answer.status_code == 303, answer.text
    rest(system)
    with system.database():
        Operation.objects.update(dismissed_at=datetime.now(UTC))  # the failure is for nobody to read
    with system.client() as stranger:
        for path in ("/nowhere%1b[31m%0d%0a2026 INFO forged", "/nowhere%c2%9b2J%e2%80%ae"):
            assert (
                stranger.get(path, headers={"User-Agent": "a\tb", "Referer": "http://localhost/%1b"}).status_code < 500
            )
        assert (
            stranger.get("/", headers={"Host": f"localhost\u00e9:{system.port}".encode("latin-1")}).status_code >= 400
        )
    for arguments in (("status",), ("doctor",), ("key",), ("password", "--link", "--user", "admin")):
        done = system.manage(*arguments)
        assert not ACTING.search(done.stdout) and not ACTING.search(done.stderr), arguments
    said = system.manage("status").stdout
    assert "The release command of 'hostile' ended with code 3." in said
    logs = [path for path in (system.data / "logs").rglob("*.log") if path.parent.name != "deployments"]
    assert len(logs) >= 8
    for path in logs:
        assert not ACTING.search(path.read_text(errors="replace")), path.name
    assert r"/nowhere\x1b[31m" in (system.data / "logs" / "web.log").read_text()
    assert "/welcome/" not in (system.data / "logs" / "up.log").read_text()


def test_a_visitor_cannot_speak_for_a_proxy(system: System) -> None:
    for forged in ({"X-Forwarded-Ssl": "on"}, {"X-Forwarded-Protocol": "ssl"}, {"X-Forwarded-Proto": "https"}):
        with system.client() as client:
            answer = client.get("/sign-in/", headers=forged)
        assert answer.status_code == 200 and "server" not in answer.headers
        assert answer.headers["cache-control"].endswith("no-store") or "no-store" in answer.headers["cache-control"]


def test_a_new_key_takes_over_while_everything_goes_on(system: System, site: str) -> None:
    """A browser stays signed in, what was encrypted stays readable, and in the end the old key is gone."""
    key_file = system.data / "secret.key"
    old = key_file.read_text().splitlines()[-1]
    cookies = system.cookies()
    with system.client() as browser, system.client(site) as visitor:
        browser.headers["Cookie"] = f"{SESSION_COOKIE}={cookies[SESSION_COOKIE]}; {CSRF_COOKIE}={cookies[CSRF_COOKIE]}"

        def all_is_well() -> None:
            assert browser.get("/sites/").status_code == 200, "the browser is signed in"
            assert visitor.get("/").status_code == 200
            asked = {"show": "app_settings:KEY", "csrfmiddlewaretoken": cookies[CSRF_COOKIE]}
            origin = {"Origin": f"http://localhost:{system.port}"}
            shown = browser.post(f"/sites/{site}/production/configure/reveal/", data=asked, headers=origin)
            assert shown.status_code == 200 and "hidden value" in shown.text

        all_is_well()
        done = system.manage("key", "rotate")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "A new key is in use." in done.stdout and "readable with none" not in done.stdout
        all_is_well()
        assert "Run ./greenroom key rotate --finish after" in system.manage("key", "rotate", "--finish").stderr
        let_time_pass(key_file)
        done = system.manage("key", "rotate", "--finish")
        assert done.returncode == 0 and "The old key is retired." in done.stdout, done.stdout + done.stderr
        assert old not in key_file.read_text() and len(keys_in(key_file)) == 1
        all_is_well()
        origin = {"Origin": f"http://localhost:{system.port}", "X-CSRFToken": cookies[CSRF_COOKIE]}
        assert browser.post(f"/sites/{site}/production/restart/", headers=origin).status_code == 303
        rest(system)
        all_is_well()
    with system.database():
        assert SlotSetting.objects.get(site__name=site, name="KEY").value == "hidden value"


def keys_in(path: Path) -> list[str]:
    """The lines of keys; the one with `codes` is kept for ever, for digests that cannot be made anew."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith(("#", "codes "))]


def let_time_pass(path: Path) -> None:
    """Note both keys as made an hour earlier."""

    def earlier(found: re.Match[str]) -> str:
        made = datetime.fromisoformat(found[0]).astimezone(UTC) - timedelta(hours=1)
        return made.isoformat(timespec="microseconds")

    text = re.sub(r"^\d{4}-\S+", earlier, path.read_text(), flags=re.M)
    new = path.with_name("secret.key.test")
    new.touch(0o600)
    new.write_text(text)
    new.replace(path)
