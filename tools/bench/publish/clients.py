"""Publications as people make them, by zip and by git, each with the seconds that it took and those of its build."""

import io
import os
import subprocess
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sites.models import Deployment, HostNameKind, Operation, Slot, Step
from sites.services.incremental import publish_again
from sites.services.publisher import Publisher
from tools.demo.operations import OperationFailed, wait_for
from tools.demo.staged_site import StagedSite

APPLICATION = """
import os
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), SimpleHTTPRequestHandler).serve_forever()
"""
GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}
AUTHOR = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")


@dataclass(frozen=True, slots=True)
class Publication:
    """One that has ended well."""

    seconds: float
    """From the request until the new version serves."""
    build_seconds: float


def files(requirements: str, version: str) -> dict[str, str]:
    """A project of Python with packages; only VERSION differs between two."""
    return {
        "requirements.txt": requirements,
        "Procfile": "web: python app.py\n",
        "app.py": APPLICATION,
        "VERSION": version,
    }


def publish_zip(site: StagedSite, content: Mapping[str, str]) -> Publication:
    """To production. Raises OperationFailed, PublishingRefused."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    began = time.monotonic()
    operation = wait_for(site.publish(site.production, buffer.getvalue(), "bench"))
    return _measured(operation, time.monotonic() - began)


def publish_git(slot: Slot, folder: Path, content: Mapping[str, str], port: int) -> Publication:
    """Commit and push to a slot with git itself, which ends when the new version serves. Raises OperationFailed."""
    if not folder.exists():
        folder.mkdir(parents=True)
        _git(folder, "init", "--quiet", "--initial-branch=main")
    for name, text in content.items():
        (folder / name).write_text(text)
    _git(folder, "add", "--all")
    _git(folder, *AUTHOR, "commit", "--quiet", "--message=bench")
    host = slot.host_names.get(kind=HostNameKind.PUBLISHING).name
    user = slot.publishing_user.replace("$", "%24")
    began = time.monotonic()
    _git(folder, "push", f"http://{user}:{slot.publishing_password}@{host}:{port}/{slot.site.name}.git", "main")
    seconds = time.monotonic() - began
    return _measured(_latest(slot), seconds)


def redeploy(site: StagedSite, deployment: Deployment) -> float:
    """Publish an earlier deployment to production once more; returns the seconds. Raises OperationFailed."""
    began = time.monotonic()
    publisher = Publisher(site.user.username, site.user)
    wait_for(publish_again(publisher=publisher, slot=site.production, deployment=deployment))
    return time.monotonic() - began


def _latest(slot: Slot) -> Operation:
    return Operation.objects.filter(site=slot.site).latest("pk")


def _measured(operation: Operation, seconds: float) -> Publication:
    spent = [
        (row.ended_at - row.started_at).total_seconds()
        for row in operation.steps.all()
        if row.step == Step.BUILDING and row.ended_at
    ]
    return Publication(seconds, sum(spent))


def _git(folder: Path, *arguments: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **GIT}
    done = subprocess.run(["git", "-C", folder, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise OperationFailed(f"git {arguments[0]} failed: {done.stderr[-500:]}")
