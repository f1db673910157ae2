"""Publishing by one request, at the addresses that such clients know: /api/zipdeploy and /api/publish."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sites.content.uploads import received
from sites.door.uploads import admission, file_of, takes_upload
from sites.errors import PublicationRefused
from sites.models import Operation, Slot
from sites.publishing.answers import answered
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.options import is_on, origin_of, path_in_site
from sites.services import deployments, incremental

NO_RESTART = "restart=false has no effect: a new version always begins with new instances, warm before visitors come."
TYPES = "'zip' and 'static'"


@csrf_exempt
@require_http_methods(["POST", "PUT"])
@takes_upload
@with_slot
def zip_deploy(request: HttpRequest, slot: Slot) -> HttpResponse:
    """Publish the body, a zip, as the slot's whole content; `?isAsync=true` answers at once, `?message=` names it.

    `?clean=false` unpacks it on top of what the slot serves. The answer 202 is held back while the publication goes
    on: the door waits, and no thread does.
    """
    if (answer := admission(request, by=f"slot {slot.pk}")) is not None:
        return answer
    _refuse_address(request)
    with body_of(request) as archive:
        operation = _publish_zip(request, slot, archive, "", "ZipDeploy")
    return answered(request, operation, waits=not is_on(request, "isAsync", default=False))


@csrf_exempt
@require_http_methods(["POST", "PUT"])
@takes_upload
@with_slot
def publish(request: HttpRequest, slot: Slot) -> HttpResponse:
    """Publish the body: `type=zip`, whole or with `path=` in a folder, or `type=static`, one file at `path=`.

    `clean` says whether what was there before goes: for a zip it does unless told otherwise, for a file it does not.
    """
    if (answer := admission(request, by=f"slot {slot.pk}")) is not None:
        return answer
    _refuse_address(request)
    kind, path = request.GET.get("type", "").lower(), path_in_site(request.GET.get("path", ""))
    if kind not in ("zip", "static"):
        raise PublicationRefused(
            f"type='{request.GET.get('type', '')}' not recognized. Nothing was changed; {TYPES} are published here."
        )
    if kind == "static" and not path:
        raise PublicationRefused("type='static' needs a path. Nothing was changed; add for example &path=css/site.css")
    with body_of(request) as body:
        if kind == "zip":
            operation = _publish_zip(request, slot, body, path, "OneDeploy")
        else:
            base = None if is_on(request, "clean", default=False) else slot.current_workload.active_deployment
            origin = origin_of(request, f"'{path}' was published", "OneDeploy")
            operation = incremental.publish_file(
                publisher=publisher_of(request), slot=slot, path=path, source=body, origin=origin, base=base
            )
    waits = not (is_on(request, "async", default=False) or is_on(request, "isAsync", default=False))
    remark = "" if is_on(request, "restart", default=True) else NO_RESTART
    return answered(request, operation, waits=waits, remark=remark)


def _refuse_address(request: HttpRequest) -> None:
    """Raises PublicationRefused for the address of a package in place of the package."""
    if request.content_type == "application/json":
        raise PublicationRefused(
            "A package is not fetched from an address, so nothing was changed. Send the file itself as the body."
        )


@contextmanager
def body_of(request: HttpRequest) -> Iterator[Path]:
    """The body of an admitted upload as a file."""
    file = file_of(request)
    if file is not None:
        yield file
        return
    with received(request, settings.MAX_UPLOAD) as small:
        yield small


def _publish_zip(request: HttpRequest, slot: Slot, archive: Path, folder: str, deployer: str) -> Operation:
    is_clean = is_on(request, "clean", default=True)
    if not folder and is_clean:
        origin = origin_of(request, "Zip published by an HTTP client", deployer)
        return deployments.publish_zip(
            acting_user=publisher_of(request).user,
            author=origin.author,
            actor_name=publisher_of(request).name,
            slot=slot,
            archive=archive,
            message=origin.message,
            deployer=origin.deployer,
        )
    origin = origin_of(request, f"Zip published in '{folder or '/'}'", deployer)
    return incremental.publish_zip_below(
        publisher=publisher_of(request),
        slot=slot,
        folder=folder,
        archive=archive,
        origin=origin,
        is_folder_replaced=is_clean,
    )
