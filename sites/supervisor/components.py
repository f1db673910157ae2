"""The parts of Greenroom, and what each needs before it is started."""

import asyncio
import http.client
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from sites.door.head import ALIVE_HOST
from sites.router import succession
from sites.router.bootstrap import bootstrap, envoy_command, write_bootstrap
from sites.runtime import codec
from sites.runtime.agent.background import ask_for_slices, step_back
from sites.runtime.agent.oom import SPARED
from sites.supervisor import readiness
from sites.supervisor.component import DATABASE, Component, Succession
from sites.supervisor.liveness import Liveness, answers, answers_http, closes, reports
from sites.supervisor.ready_file import BEAT
from sites.supervisor.records import digest_of
from sites.unix_http import ask

BOOTSTRAP = settings.RUN_DIR / "envoy-bootstrap.json"
PYTHON = sys.executable
CONTROL_PLANE = ("forkserver", "xds", "guard", "web", "worker-control", "worker-work", "beat")
"""What a restart replaces; the sites go on without it."""
CELERY = {"CELERY_SKIP_CHECKS": "1"}
"""`manage.py prepare` has checked the settings before."""
ENVOY_STOPPED_SECONDS = 1.0
"""All visitors wait while it is stopped."""
WORKER_STOPPED_SECONDS = 10.0
"""Nobody waits while it is stopped but what it works on."""


def components(*, isolation: str, web_socket: int) -> list[Component]:
    """All parts that `up` runs, so none that somebody else runs: GREENROOM_LEFT_OUT, for `./greenroom dev`.

    `isolation` is the level found; `web_socket` the descriptor that the web server listens on.
    """
    return [part for part in _all(isolation, web_socket) if part.name != settings.LEFT_OUT]


def component_named(name: str, *, web_socket: int) -> Component:
    """One of the parts of the control plane. Raises StopIteration."""
    return next(part for part in _all("", web_socket) if part.name == name)


def _all(isolation: str, web_socket: int) -> list[Component]:
    embedded = [] if uses_foreign_redis() else [_redis()]
    return [
        _fork_server(),
        *embedded,
        _agent(isolation),
        _xds(),
        _guard(),
        _envoy(),
        _web(web_socket),
        *map(_worker, ("control", "work")),
        _beat(),
    ]


def uses_foreign_redis() -> bool:
    """Whether REDIS_URL names a Redis that is not ours."""
    return not settings.CELERY_BROKER_URL.endswith(str(settings.REDIS_SOCKET))


def _fork_server() -> Component:
    command = (PYTHON, "-m", "sites.supervisor.forkserver", str(settings.FORK_SOCKET))
    return Component("forkserver", command, readiness.fork_server_listens, Liveness(closes(settings.FORK_SOCKET)))


def _redis() -> Component:
    program = shutil.which("redis-server") or "redis-server"
    options = {
        "--port": "0",
        "--unixsocket": str(settings.REDIS_SOCKET),
        "--unixsocketperm": "700",
        "--dir": str(settings.RUN_DIR),
        "--save": "",
        "--appendonly": "no",  # the database alone can rebuild the queue
        "--maxmemory-policy": "noeviction",
        "--hz": "1",  # how often it looks after itself; it answers at once
        "--daemonize": "no",
    }
    command = (program, *(word for option in options.items() for word in option))
    return Component(
        "redis",
        command,
        readiness.redis_answers,
        Liveness(answers(settings.REDIS_SOCKET, b"PING\r\n")),
        survives=True,
        oom_score=SPARED,
        before_stop=_shut_down_redis,
    )


def _agent(isolation: str) -> Component:
    command: tuple[str, ...] = (PYTHON, "-m", "sites.runtime.agent", "--state", str(settings.INSTANCE_DIR))
    command += ("--socket", str(settings.AGENT_SOCKET), "--isolation", isolation)
    if settings.PRIVATE_NETWORKS != "allow":
        command += ("--private-networks", settings.PRIVATE_NETWORKS)
    command += tuple(word for address in settings.NAME_SERVERS for word in ("--name-server", address))
    return Component(
        "agent",
        command,
        readiness.answers_status(settings.AGENT_SOCKET),
        Liveness(answers_http(settings.AGENT_SOCKET)),
        survives=True,
        code=_agent_code,
        oom_score=SPARED,
        before_stop=_stop_instances,
        stop_seconds=45,  # above the 30 s that a site has to end its requests
    )


def _agent_code() -> str:
    """A digest of all that the agent loads: modules of ours, libraries by their lock, Python."""
    sources = [settings.BASE_DIR / "requirements.txt"]
    for name in ("runtime", "disk", "logs", "errors"):
        sources += sorted((settings.BASE_DIR / "sites" / name).rglob("*.py"))
    sources += [settings.BASE_DIR / "sites" / f"{name}.py" for name in ("backoff", "log_lines", "plain_text")]
    return digest_of((sys.version,), *(source.read_bytes() for source in sources))


def agent_speaks_otherwise() -> bool:
    """Whether the agent that runs was started with code whose orders were other ones than ours."""
    try:
        _, body = ask(settings.AGENT_SOCKET, "/status", timeout=5.0)
        return bool(json.loads(body)["protocol"] != codec.PROTOCOL)
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False


def _xds() -> Component:
    command = (PYTHON, str(settings.BASE_DIR / "manage.py"), "xds")
    socket = settings.XDS_CONTROL_SOCKET
    return Component(
        "xds",
        command,
        readiness.answers_status(socket),
        Liveness(answers_http(socket)),  # /status asks the database, which may be what hangs
        after=(DATABASE, "agent"),
        give_way=ask_for_slices,
    )


def _guard() -> Component:
    command = (PYTHON, str(settings.BASE_DIR / "manage.py"), "guard")
    socket = settings.GUARD_CONTROL_SOCKET
    return Component(
        "guard",
        command,
        readiness.answers_status(socket),
        Liveness(answers_http(socket)),
        after=(DATABASE,),
        give_way=ask_for_slices,
    )


def _envoy() -> Component:
    def prepare() -> bytes:
        write_bootstrap(BOOTSTRAP)
        return BOOTSTRAP.read_bytes()

    return Component(
        "envoy",
        (PYTHON, "-m", "sites.supervisor.outliving", *envoy_command(BOOTSTRAP)),
        readiness.router_listens,
        # Not its port: who holds all connections that it may have must not bring it down
        Liveness(answers_http(settings.ENVOY_ADMIN_SOCKET, "/ready"), stopped_seconds=ENVOY_STOPPED_SECONDS),
        after=("xds",),
        prepare=prepare,
        survives=True,
        code=_envoy_code,
        succession=Succession(
            succession.words,
            succession.is_possible,
            succession.let_try_again,
            succession.tidy,
            succession.FINISH_SECONDS,
        ),
        oom_score=SPARED,
        before_stop=_drain,
    )


def _envoy_code() -> str:
    """A digest of the command, of its configuration, and of what tells one program file from the next."""
    command = envoy_command(BOOTSTRAP)
    try:
        program = Path(command[0]).stat()
    except OSError:
        return ""
    return digest_of(command, json.dumps(bootstrap()).encode(), f"{program.st_size} {program.st_mtime_ns}".encode())


def _web(descriptor: int) -> Component:
    return Component(
        "web",
        (PYTHON, "-m", "sites.supervisor.web", str(descriptor)),
        readiness.web_answers,
        Liveness(answers_http(settings.WEB_SOCKET, host=ALIVE_HOST)),  # the door answers it without a thread
        after=(DATABASE,),
        environment={"DJANGO_SETTINGS_MODULE": "portal.settings"},
        descriptors=(descriptor,),
        give_way=ask_for_slices,
        stop_seconds=12,
    )


def _worker(queue: str) -> Component:
    command: tuple[str, ...] = (PYTHON, "-m", "celery", "-A", "portal", "worker", "-Q", queue)
    command += ("--pool", "threads", "--concurrency", "2")
    command += ("-n", f"{queue}@greenroom")
    command += ("--include", "sites.supervisor.worker", "--loglevel", "INFO")
    command += ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return Component(
        f"worker-{queue}",
        command,
        readiness.reports_ready(f"worker-{queue}"),
        _reporting(f"worker-{queue}"),
        after=(DATABASE, "redis"),
        environment=CELERY,
        give_way=ask_for_slices,
        give_way_when_ready=step_back,
        stop_seconds=15,
    )


def _beat() -> Component:
    command: tuple[str, ...] = (PYTHON, "-m", "celery", "-A", "portal", "beat")
    command += ("--loglevel", "WARNING", "--pidfile", "")
    return Component(
        "beat",
        command,
        readiness.reports_ready(BEAT),
        _reporting(BEAT),
        after=(DATABASE, "redis"),
        environment=CELERY,
        give_way=ask_for_slices,
    )


def _reporting(name: str) -> Liveness:
    """Of what reports by a file. Celery may wait for 30 s before it connects again to a Redis that is back."""
    return Liveness(reports(name), settings.READY_SECONDS, stopped_seconds=WORKER_STOPPED_SECONDS)


async def _stop_instances(_: int) -> None:
    with suppress(OSError, http.client.HTTPException):
        await asyncio.to_thread(
            ask, settings.AGENT_SOCKET, "/shutdown", method="POST", data={"instances": True}, timeout=40
        )


async def _shut_down_redis(_: int) -> None:
    """By a command: a signal it would notice only when it next looks after itself."""
    with suppress(OSError):
        _reader, writer = await asyncio.open_unix_connection(settings.REDIS_SOCKET)
        writer.write(b"SHUTDOWN NOSAVE\r\n")
        await writer.drain()
        writer.close()


async def _drain(_: int) -> None:
    """Take no new connection, and let the open ones end for up to 3 s."""
    with suppress(OSError, http.client.HTTPException, ValueError):
        await asyncio.to_thread(ask, settings.ENVOY_ADMIN_SOCKET, "/drain_listeners?graceful", method="POST")
        for _ in range(30):
            _, body = await asyncio.to_thread(
                ask, settings.ENVOY_ADMIN_SOCKET, r"/stats?format=json&filter=^listener\..*downstream_cx_active$"
            )
            found = json.loads(body)["stats"]
            if not sum(row.get("value", 0) for row in found if not row.get("name", "").startswith("listener.admin")):
                return
            await asyncio.sleep(0.1)
