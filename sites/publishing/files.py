"""Files of what a slot serves: /api/vfs reads and lists, writes and removes one; /api/zip reads and writes many.

Each change is a new deployment on top of the one that the slot serves: nothing that runs is altered.
"""

import asyncio
import mimetypes
import tempfile
import zipfile
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sites.content.store import FileEntry
from sites.content.uploads import ensure_disk
from sites.door.answer import Streamed, note
from sites.door.uploads import admission, takes_upload
from sites.errors import FileChanged, NotFound, PublicationRefused
from sites.models import Deployment, Slot
from sites.publishing.answers import answered
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.options import ROOT, origin_of, path_below_root
from sites.publishing.views import body_of
from sites.services import incremental

FOLDER = "inode/directory"
PIECE = 256 * 1024
packing = ThreadPoolExecutor(1, "packing")
"""A zip of a large site takes long."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT", "DELETE"])
@takes_upload
@with_slot
def file(request: HttpRequest, slot: Slot, path: str) -> HttpResponseBase:
    """A file, or a folder if the path ends with a slash; below site/wwwroot."""
    inside = path_below_root(path)
    if request.method == "PUT":
        return _write(request, slot, inside)
    deployment, files, folder = incremental.files_of(slot)
    if request.method == "DELETE":
        return _remove(request, slot, inside, deployment, files)
    if inside in files:
        return _show(request, files[inside], folder / inside)
    if inside and not inside.endswith("/") and any(name.startswith(f"{inside}/") for name in files):
        return HttpResponseRedirect(f"{request.path}/")
    below = [name for name in files if name.startswith(inside)]
    if not below:
        raise NotFound
    return JsonResponse(_listed(request, deployment, files, inside, below), safe=False)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT"])
@takes_upload
@with_slot
def folder(request: HttpRequest, slot: Slot, path: str) -> HttpResponseBase:
    """All files of a folder as a zip; PUT unpacks one there, on top of what is there."""
    inside = path_below_root(f"{path.rstrip('/')}/").rstrip("/")
    if request.method == "PUT":
        if (answer := admission(request, by=f"slot {slot.pk}")) is not None:
            return answer
        with body_of(request) as archive:
            origin = origin_of(request, f"Zip unpacked in '{inside or '/'}'", "Zip")
            operation = incremental.publish_zip_below(
                publisher=publisher_of(request), slot=slot, folder=inside, archive=archive, origin=origin
            )
        return answered(request, operation, waits=True)
    _, files, stored = incremental.files_of(slot)
    below = f"{inside}/" if inside else ""
    names = sorted(name for name in files if name.startswith(below))
    if not names:
        raise NotFound
    ensure_disk()
    name = f"{inside.rpartition('/')[2] or slot.site.name}.zip"
    answer = HttpResponse(
        content_type="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    return note(answer, Streamed(lambda: _packed(stored, names, below)))


def _show(request: HttpRequest, entry: FileEntry, path: Path) -> HttpResponseBase:
    tag = _tag(entry)
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers={"ETag": tag})
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    answer = FileResponse(path.open("rb"), content_type=kind)
    answer["ETag"] = tag
    answer["Content-Length"] = str(entry.size)
    answer["Last-Modified"] = http_date(path.stat().st_mtime)
    return answer


def _listed(
    request: HttpRequest, deployment: Deployment, files: dict[str, FileEntry], inside: str, below: list[str]
) -> list[dict[str, object]]:
    """Files and folders of a folder, with the fields that clients of Kudu read. Times are those of the deployment."""
    moment = deployment.received_at.isoformat()
    found: dict[str, int] = {}
    for name in sorted(below):
        first, slash, _ = name.removeprefix(inside).partition("/")
        found[f"{first}{slash}"] = 0 if slash else files[name].size
    return [
        {
            "name": name.rstrip("/"),
            "size": size,
            "mtime": moment,
            "crtime": moment,
            "mime": FOLDER if name.endswith("/") else mimetypes.guess_type(name)[0] or "application/octet-stream",
            "href": request.build_absolute_uri(f"/api/vfs/{ROOT}/{inside}{name}"),
            "path": f"/home/{ROOT}/{inside}{name}".rstrip("/"),
        }
        for name, size in found.items()
    ]


def _write(request: HttpRequest, slot: Slot, inside: str) -> HttpResponse:
    if (answer := admission(request, by=f"slot {slot.pk}")) is not None:
        return answer
    if not inside or inside.endswith("/"):
        raise PublicationRefused("A folder comes with its first file. Nothing was changed; write a file in it.")
    base = slot.current_workload.active_deployment
    present = incremental.files_of(slot)[1].get(inside) if base else None
    _ensure_matching(request, inside, present)
    with body_of(request) as body:
        origin = origin_of(request, f"'{inside}' was written", "VFS")
        operation = incremental.publish_file(
            publisher=publisher_of(request), slot=slot, path=inside, source=body, origin=origin, base=base
        )
    return answered(request, operation, waits=True, done=204 if present else 201)


def _remove(
    request: HttpRequest, slot: Slot, inside: str, deployment: Deployment, files: dict[str, FileEntry]
) -> HttpResponse:
    if inside.endswith("/"):
        if not any(name.startswith(inside) for name in files):
            raise NotFound
        if request.GET.get("recursive", "").lower() != "true":
            raise PublicationRefused(f"'{inside}' is not empty. Nothing was changed; add ?recursive=true to remove it.")
    elif inside not in files:
        raise NotFound
    else:
        _ensure_matching(request, inside, files[inside])
    origin = origin_of(request, f"'{inside}' was removed", "VFS")
    operation = incremental.remove_path(
        publisher=publisher_of(request), slot=slot, path=inside, origin=origin, base=deployment
    )
    return answered(request, operation, waits=True)


def _ensure_matching(request: HttpRequest, path: str, present: FileEntry | None) -> None:
    """Raises FileChanged unless the client has seen what it replaces, or says by '*' that it does not matter."""
    said = request.headers.get("If-Match", "")
    if present is None:
        if said and said != "*":
            raise FileChanged(path=path)
        return
    if said != "*" and _tag(present) not in [one.strip() for one in said.split(",")]:
        raise FileChanged(path=path)


def _tag(entry: FileEntry) -> str:
    return f'"{entry.digest}"'


async def _packed(stored: Path, names: list[str], below: str) -> AsyncGenerator[bytes, None]:
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryFile(dir=settings.UPLOAD_DIR) as target:
        await loop.run_in_executor(packing, _pack, target, stored, names, below)
        target.seek(0)
        while piece := await loop.run_in_executor(packing, target.read, PIECE):
            yield piece


def _pack(target: BinaryIO, stored: Path, names: list[str], below: str) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in names:
            archive.write(stored / name, name.removeprefix(below))
            if target.tell() % (64 * PIECE) < PIECE:
                ensure_disk()
