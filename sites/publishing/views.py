"""HTTP for publishing clients, at the addresses that such clients know."""

from contextlib import nullcontext
from functools import partial

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sites.content.uploads import received
from sites.door.answer import Held, note
from sites.door.uploads import admission, file_of, takes_upload
from sites.errors import GreenroomError, NoSpaceLeft, NotFound, is_disk_full, status_of
from sites.models import Deployment, Operation, OperationState, Slot
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.waiting import waiting
from sites.services import deployments

WAIT_SECONDS = 230.0
"""So long an answer is held back for a publication to end; after that the client learns where to look."""


@csrf_exempt
@require_POST
@takes_upload
@with_slot
def zip_deploy(request: HttpRequest, slot: Slot) -> HttpResponse:
    """Publish the body, a zip, as the slot's whole content; `?isAsync=true` answers at once, `?message=` names it.

    The answer 202 is held back while the publication goes on: the door waits, and no thread does.
    """
    try:
        if (answer := admission(request, by=f"slot {slot.pk}")) is not None:
            return answer
        file = file_of(request)
        with nullcontext(file) if file else received(request, settings.MAX_UPLOAD) as archive:
            person = publisher_of(request)
            operation = deployments.publish_zip(
                acting_user=person,
                author=person.get_username() if person else slot.publishing_user,
                slot=slot,
                archive=archive,
                message=request.GET.get("message", "Zip published by an HTTP client"),
                deployer="ZipDeploy",
            )
    except GreenroomError as refusal:
        return _refusal(refusal)
    except OSError as error:
        if not is_disk_full(error):
            raise
        return _refusal(NoSpaceLeft(what="Your publication", holds="Nothing was changed."))
    answer = _answer(request, operation)
    if request.GET.get("isAsync", "").lower() != "true":
        wait = min(WAIT_SECONDS, settings.SILENCE_SECONDS * 0.9)
        note(answer, Held(partial(waiting.until_ended, operation.pk, wait), partial(_answer_now, request, operation)))
    return answer


@require_GET
@with_slot
def deployment_list(request: HttpRequest, slot: Slot) -> HttpResponse:
    """The deployments that the slot has received, newest first, wherever a swap has taken them since."""
    return JsonResponse([_described(deployment) for deployment in deployments.received(slot)[:100]], safe=False)


@require_GET
@with_slot
def deployment_detail(request: HttpRequest, slot: Slot, public_id: str) -> HttpResponse:
    """One of them, or the newest by the name `latest`."""
    deployment = deployments.find_received(slot, public_id)
    if deployment is None:
        return _refusal(NotFound())
    return JsonResponse(_described(deployment), status=202 if deployment.state in Deployment.OPEN else 200)


@require_GET
@with_slot
def deployment_log(request: HttpRequest, slot: Slot, public_id: str) -> HttpResponseBase:
    """What its build and release command wrote, as text."""
    deployment = deployments.find_received(slot, public_id)
    if deployment is None:
        return _refusal(NotFound())
    return StreamingHttpResponse(deployments.whole_log(deployment), content_type="text/plain; charset=utf-8")


def _answer_now(request: HttpRequest, operation: Operation) -> HttpResponse:
    """The answer as the operation is now; runs outside of Django's handling of a request."""
    close_old_connections()
    try:
        operation.refresh_from_db()
        return _answer(request, operation)
    finally:
        close_old_connections()


def _answer(request: HttpRequest, operation: Operation) -> HttpResponse:
    deployment = operation.deployment
    where = request.build_absolute_uri(f"/api/deployments/{deployment.public_id.hex}")
    body = {"id": deployment.public_id.hex, "operation": str(operation.public_id), "message": operation.outcome}
    if operation.is_open:
        body["message"] = f"Accepted; how far it is stands at {where}"
        return JsonResponse(body, status=202, headers={"Location": where})
    if operation.state == OperationState.SUCCEEDED:
        return JsonResponse(body, headers={"Location": where})
    return JsonResponse({**body, "code": operation.error_code}, status=status_of(operation.error_code))


def _described(deployment: Deployment) -> dict[str, object]:
    serving = getattr(deployment.workload, "slot", None) if deployment.is_in_force else None
    return {
        "id": deployment.public_id.hex,
        "state": "superseded" if deployment.is_superseded else deployment.state,
        "message": deployment.message,
        "author": deployment.author,
        "deployer": deployment.deployer,
        "received_at": deployment.received_at.isoformat(),
        "ended_at": deployment.ended_at.isoformat() if deployment.ended_at else None,
        "active": deployment.is_in_force,
        "slot": serving.name if serving else None,
        "failure": deployment.failure,
    }


def _refusal(refusal: GreenroomError) -> HttpResponse:
    return JsonResponse({"code": refusal.code, "message": str(refusal)}, status=refusal.http_status)
