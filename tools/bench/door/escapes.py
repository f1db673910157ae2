"""The ways out of tools.escape, tried by a site of the running installation."""

import http.client
import io
import json
import socket
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User

from sites.models import HostNameKind, Instance, Slot, Subscription
from sites.models.required import required
from sites.runtime.process import ProcessRuntime
from sites.supervisor.records import read_record
from tools.demo.staged_site import StagedSite
from tools.escape.attempt import Aim
from tools.escape.laying import SERVE, lay
from tools.escape.probe import Finding, Verdict, read_report

SECONDS = 240.0
NEIGHBOURS = 5


def try_to_escape(user: User, subscription: Subscription) -> dict[str, object]:
    """Publishes the attempts as a site and has it try. Raises OperationFailed, PublishingRefused, OSError."""
    site = StagedSite("bench-escape", user, subscription, _archive, settings.PORT, 1, is_marked=False)
    site.set_up_production()
    return figures(_answer_of(site.production))


def figures(findings: list[Finding]) -> dict[str, object]:
    """For the report."""
    verdicts = Counter(finding.verdict for finding in findings)
    return {
        "escapes_tried": len(findings),
        "escapes_succeeded": verdicts[Verdict.ESCAPED],
        "escapes_unclear": verdicts[Verdict.BROKEN],
        "escapes": [f"{each.name}: {each.how}" for each in findings if each.verdict is not Verdict.HELD],
    }


def _archive(_: str) -> bytes:
    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(buffer, "w") as found:
        lay(Path(folder))
        for path in Path(folder).rglob("*.py"):
            found.write(path, path.relative_to(folder))
        found.writestr("Procfile", f"web: {' '.join(SERVE)}\n")
    return buffer.getvalue()


def _answer_of(slot: Slot) -> list[Finding]:
    with socket.create_server(("127.0.0.1", 0)) as loopback, socket.create_server(("", 0)) as everywhere:
        aim = Aim(
            mode=ProcessRuntime().status()["mode"],
            kind="instance",
            data=str(settings.DATA_DIR),
            sockets=[str(path) for path in Path(settings.RUN_DIR).glob("*.sock")],
            agent_pid=required(read_record(settings.RUN_DIR, "agent"), "the agent's record").identity.pid,
            folder="",
            loopback_port=loopback.getsockname()[1],
            host_port=everywhere.getsockname()[1],
            neighbours=_neighbours(slot),
        )
        connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=SECONDS)
        try:
            host = slot.host_names.get(kind=HostNameKind.DEFAULT).name
            connection.request("POST", "/", json.dumps(aim.as_dict()), {"Host": host})
            answer = connection.getresponse()
            return read_report(answer.read().decode())
        finally:
            connection.close()


def _neighbours(slot: Slot) -> list[tuple[str, int]]:
    """Instances of other sites that run."""
    others = Instance.objects.exclude(revision__site=slot.site).exclude(port=0).exclude(address="")
    return list(others.values_list("address", "port")[:NEIGHBOURS])
