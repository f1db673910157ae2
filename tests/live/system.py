"""A real Greenroom in a folder and on a port of its own, as the live tests use it."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dj_database_url
import httpx
from django.db import connections
from django.db.utils import ConnectionHandler
from pytest_django import DjangoDbBlocker

from sites.runtime.agent.identity import Identity
from sites.supervisor.control import request
from sites.supervisor.former import former_name
from sites.supervisor.records import Record, read_record

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ("forkserver", "redis", "agent", "xds", "guard", "envoy", "web", "worker-control", "worker-work", "beat")
UP_SECONDS = 180
SESSION_COOKIE, CSRF_COOKIE = "__Host-greenroom-session", "__Host-greenroom-csrf"
SESSION_CODE = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, BACKEND_SESSION_KEY
from sites.management.welcome import administrator
user = administrator({name!r})
store = import_module(settings.SESSION_ENGINE).SessionStore()
store[SESSION_KEY] = str(user.pk)
store[BACKEND_SESSION_KEY] = "portal.accounts.backend.NameBackend"
store[HASH_SESSION_KEY] = user.get_session_auth_hash()
store.save()
print(store.session_key)
"""


class System:
    """One `up` and what it started. Ends only processes that it recorded itself."""

    def __init__(
        self,
        data: Path,
        blocker: DjangoDbBlocker,
        environment: dict[str, str] | None = None,
        *,
        program: tuple[str, ...] = (sys.executable, str(ROOT / "manage.py")),
    ) -> None:
        """`program` is what takes the commands; for a clone its own `greenroom`."""
        self.data = data
        self._program = program
        self.port = free_port()
        self.output = data.parent / f"{data.name}.out"
        self.up: subprocess.Popen[bytes] | None = None
        self.seen: set[Identity] = set()
        self._blocker = blocker
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("GREENROOM_", "DJANGO_"))
        }
        self.environment = inherited | {"GREENROOM_DATA": str(data), "GREENROOM_PORT": str(self.port)}
        self.environment |= environment or {}
        self._sessions: dict[str, str] = {}

    # Starting and stopping

    def start(self) -> None:
        """Start `up` and return when everything is ready; fails with its output."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> subprocess.Popen[bytes]:
        """Start `up` without waiting."""
        with self.output.open("ab") as output:
            self.up = subprocess.Popen(
                [*self._program, "up"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.up

    def wait_until_ready(self, seconds: float = UP_SECONDS) -> None:
        """Return when `up` says that everything is ready."""

        def is_ready() -> bool:
            if self.up is not None and self.up.poll() is not None:
                raise AssertionError(f"up ended with code {self.up.returncode}:\n{self.told()}")
            with contextlib.suppress(OSError, ValueError):
                return request(self.run_dir / "up.sock", {"command": "status"})["state"] == "ready"
            return False

        try:
            wait_for(is_ready, seconds, "everything is up")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.told()}") from None
        self.remember()

    def interrupt(self, seconds: float = 120) -> int:
        """Ctrl-C, and the exit code when everything has stopped."""
        self.remember()
        assert self.up is not None
        self.up.send_signal(signal.SIGINT)
        return self.up.wait(seconds)

    def kill_up(self) -> None:
        """kill -9 of `up` alone."""
        self.remember()
        assert self.up is not None
        self.up.kill()
        self.up.wait(10)

    def destroy(self) -> None:
        """Stop whatever is left and remove the folder."""
        if self.up is not None and self.up.poll() is None:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
        elif any(identity.is_alive() for identity in self.seen):
            self.start()  # survivors of a killed `up` are its to stop, with their instances
            self.interrupt()
        for identity in self.seen:
            if identity.is_alive():
                os.kill(identity.pid, signal.SIGKILL)
        shutil.rmtree(self.data, ignore_errors=True)
        self.output.unlink(missing_ok=True)

    # Looking

    @property
    def run_dir(self) -> Path:
        """Where the sockets and records lie."""
        return self.data / "run"

    def told(self) -> str:
        """Everything that `up` has printed so far."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def record(self, name: str) -> Record:
        """What is recorded of a part that runs."""
        found = read_record(self.run_dir, name)
        assert found is not None and found.identity.is_alive(), f"{name} does not run"
        return found

    def pid(self, name: str) -> int:
        """Process id of a part."""
        return self.record(name).identity.pid

    def identities(self) -> dict[str, Identity]:
        """The parts that run."""
        found = {name: read_record(self.run_dir, name) for name in PARTS}
        return {name: record.identity for name, record in found.items() if record and record.identity.is_alive()}

    def remember(self) -> None:
        """Note the processes there are, so that the end can prove that none is left."""
        self.seen |= set(self.identities().values())
        if former := read_record(self.run_dir, former_name("envoy")):
            self.seen.add(former.identity)

    def kill(self, name: str, number: int = signal.SIGKILL) -> Identity:
        """Signal a part and return who it was."""
        identity = self.record(name).identity
        os.kill(identity.pid, number)
        return identity

    def wait_for_another(self, name: str, former: Identity, seconds: float = 30) -> Identity:
        """Return the part that was started in place of `former`."""

        def is_another() -> bool:
            return (found := self.identities().get(name)) is not None and found != former

        wait_for(is_another, seconds, f"another {name} runs")
        self.remember()
        return self.identities()[name]

    # Using

    def manage(self, *arguments: str, given: str = "", timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of ./greenroom with this data folder."""
        return subprocess.run(
            [*self._program, *arguments],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def begin(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a command of ./greenroom with this data folder, in a group of processes of its own."""
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(
            [*self._program, *arguments],
            env=self.environment,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
            start_new_session=True,
        )

    def host(self, name: str = "") -> str:
        """Host header of a site, of 'NAME-staging', or of the portal."""
        suffix = self.environment.get("GREENROOM_SUFFIX", "localhost")
        portal = self.environment.get("GREENROOM_PORTAL_HOST", "localhost")
        return f"{name}.{suffix}:{self.port}" if name else f"{portal}:{self.port}"

    def client(self, name: str = "", **options: object) -> httpx.Client:
        """A client of the portal or of a site; connects to the address, since Python does not resolve *.localhost."""
        headers = {"Host": self.host(name)}
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=30, **options)  # type: ignore[arg-type]

    def signed_in(self, user: str = "admin") -> httpx.Client:
        """A client of the portal that is signed in and may POST."""
        cookies = self.cookies(user)
        client = self.client(follow_redirects=False)
        client.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        client.headers.update({"X-CSRFToken": cookies[CSRF_COOKIE], "Origin": f"http://{self.host()}"})
        return client

    def cookies(self, user: str = "admin") -> dict[str, str]:
        """The cookies of a person who is signed in, always in the same session."""
        if user not in self._sessions:
            done = self.manage("shell", "--no-imports", "-c", SESSION_CODE.format(name=user))
            assert done.returncode == 0, done.stderr
            self._sessions[user] = done.stdout.split()[-1]
        return {SESSION_COOKIE: self._sessions[user], CSRF_COOKIE: secrets.token_hex(16)}

    def link(self) -> str:
        """The path of the last sign-in link that `up` printed."""
        found = re.findall(rf"http://localhost:{self.port}(/welcome/\S+)", self.told())
        assert found, self.told()
        return found[-1]

    @contextlib.contextmanager
    def database(self) -> Iterator[None]:
        """Within it Django's models are those of this system: for looking, and for watching an operation's step."""
        url = self.environment.get("DATABASE_URL") or f"sqlite:///{self.data / 'db.sqlite3'}"
        settings = dict(dj_database_url.parse(url))
        if settings["ENGINE"].endswith("sqlite3"):
            settings["OPTIONS"] = {"timeout": 20, "transaction_mode": "IMMEDIATE"}
        live = ConnectionHandler({"default": settings})["default"]
        former = connections["default"]
        with self._blocker.unblock():
            connections["default"] = live
            try:
                yield
            finally:
                live.close()
                connections["default"] = former

    def status(self) -> dict[str, object]:
        """What the running `up` says of itself."""
        return request(self.run_dir / "up.sock", {"command": "status"})

    def ask_agent(self, target: str) -> dict[str, object]:
        """A question to the agent's socket."""
        transport = httpx.HTTPTransport(uds=str(self.run_dir / "agent.sock"))
        with httpx.Client(transport=transport, base_url="http://agent") as client:
            return dict(json.loads(client.get(target).content))


def free_port() -> int:
    """A port that the system just gave and took back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, what: str, *, interval: float = 0.05) -> None:
    """Ask until `condition` holds; fails with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s in vain until {what}"
        time.sleep(interval)
