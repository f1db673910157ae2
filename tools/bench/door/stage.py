"""What must be there before the crowd comes: a site, a hundred slots to publish to, a person, archives, a large log."""

import base64
import os
import secrets
import zipfile
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse

from sites.models import HostNameKind, Subscription
from sites.models import Slot as SlotRow
from sites.models.required import required
from sites.planning import build_log
from sites.services.subscriptions import ensure_default
from tools.bench import scale
from tools.bench.applications import archive
from tools.bench.door.target import Slot, Target
from tools.bench.many import configure
from tools.demo.staged_site import StagedSite

LOG_BYTES = 32 * 1024**2
BLOCK = 1024**2
NEVER_LISTENS = "web: sleep 3600\n"


def prepare(pipelines: int, upload_bytes: int) -> Target:
    """Raises OperationFailed, PublishingRefused, TimeoutError."""
    user, subscription = people()
    site, uploaded, published = (
        StagedSite(name, user, subscription, archive, settings.PORT, instances, is_marked=False)
        for name, instances in (("bench-door", 2), ("bench-upload", 1), ("bench-form", 1))
    )
    for one in (site, uploaded, published):
        one.set_up_production()
    # The site itself and the two for uploads are counted by `configure` too
    configure(subscription, required(site.production.live_revision, "the live revision"), upto=pipelines + 3)
    scale.wait_until_routed(pipelines + 3)
    deployment = required(uploaded.production.current_workload.active_deployment, "the first deployment")
    build_log(deployment).write_bytes((b"x" * 127 + b"\n") * (LOG_BYTES // 128))
    token = secrets.token_hex(16)
    stranger = f"{settings.CSRF_COOKIE_NAME}={token}"
    path = reverse("site-publish", args=[published.name, "production"])
    return Target(
        address=("127.0.0.1", settings.PORT),
        portal=f"{settings.PORTAL_HOST}:{settings.PORT}",
        session=f"{settings.SESSION_COOKIE_NAME}={session_of(user)}; {stranger}",
        stranger=stranger,
        token=token,
        sites=(_host(site.production, HostNameKind.DEFAULT),),
        pipelines=tuple(map(_slot, _pipelines())),
        uploaded=_slot(uploaded.production),
        published_path=path,
        large_path=largest_asset(Path(settings.STATIC_ROOT)),
        log_path=f"/api/deployments/{deployment.public_id.hex}/log",
        small_zip=_small_zip(Path(settings.DATA_DIR) / "small.zip"),
        large_zip=_large_zip(Path(settings.DATA_DIR) / "large.zip", upload_bytes),
    )


def people() -> tuple[User, Subscription]:
    """An administrator, and the subscription that everything here belongs to."""
    user = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    if user is None:
        user = get_user_model().objects.create_superuser("bench")
    return user, ensure_default(owner=user)


def _pipelines() -> list[SlotRow]:
    slots = list(SlotRow.objects.filter(site__name__startswith="configured-"))
    for slot in slots:
        slot.publishing_password = secrets.token_hex(16)
    SlotRow.objects.bulk_update(slots, ["publishing_password"])
    return slots


def _slot(slot: SlotRow) -> Slot:
    pair = f"{slot.publishing_user}:{slot.publishing_password}"
    host = f"{_host(slot, HostNameKind.PUBLISHING)}:{settings.PORT}"
    return Slot(host, base64.b64encode(pair.encode()).decode())


def _host(slot: SlotRow, kind: str) -> str:
    return slot.host_names.get(kind=kind).name


def session_of(user: User) -> str:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.save()
    return str(request.session.session_key)


def largest_asset(folder: Path) -> str:
    """The address of the largest static file in `folder`, which anybody may read."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    return settings.STATIC_URL + str(largest.relative_to(folder))


def _small_zip(path: Path) -> Path:
    """A publication that waits: what it starts never listens."""
    with zipfile.ZipFile(path, "w") as found:
        found.writestr("Procfile", NEVER_LISTENS)
    return path


def _large_zip(path: Path, size: int) -> Path:
    """A site with one large file, stored as it is."""
    block = os.urandom(BLOCK)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as found:
        found.writestr("index.html", "<!doctype html><title>Large</title>")
        with found.open(zipfile.ZipInfo("large.bin"), "w", force_zip64=True) as file:
            for _ in range(max(1, size // BLOCK - 1)):
                file.write(block)
    return path
