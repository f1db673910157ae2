"""The deployments of a slot for programs: list, one, its log, once more; and whether one is going on."""

import json

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from sites.errors import NotFound
from sites.models import Deployment, Operation, OperationStep, Slot, SourceControl
from sites.plain_text import log_text
from sites.publishing.answers import address_of, answered, described
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.options import is_on
from sites.services import deployments, incremental

BUILD = "build"
"""Id of the entry of a log that has what build and release command wrote."""


@require_GET
@with_slot
def deployment_list(request: HttpRequest, slot: Slot) -> HttpResponse:
    """The deployments that the slot has received, newest first, wherever a swap has taken them since."""
    found = deployments.received(slot).select_related("workload__site", "workload__slot__site")[:100]
    return JsonResponse([described(request, deployment) for deployment in found], safe=False)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "PUT"])
@with_slot
def deployment_detail(request: HttpRequest, slot: Slot, public_id: str) -> HttpResponse:
    """One of them, or the newest by the name `latest`; PUT publishes it to the slot once more.

    A PUT whose body has a `status` tells how a client saw its publication end. It publishes nothing: Greenroom keeps
    its own history, so the deployment is answered as it is.
    """
    deployment = _found(slot, public_id)
    if request.method != "PUT" or _is_report(request):
        status = 202 if deployment.state in Deployment.OPEN else 200
        return JsonResponse(described(request, deployment), status=status)
    waits = not is_on(request, "isAsync", default=False)
    operation = incremental.publish_again(publisher=publisher_of(request), slot=slot, deployment=deployment)
    return answered(request, operation, waits=waits)


@require_GET
@with_slot
def deployment_log(request: HttpRequest, slot: Slot, public_id: str) -> HttpResponseBase:
    """The steps of a publication; for a client that prefers text what its build and release command wrote."""
    deployment = _found(slot, public_id)
    if request.get_preferred_type(["application/json", "text/plain"]) == "text/plain":
        return StreamingHttpResponse(deployments.whole_log(deployment), content_type="text/plain; charset=utf-8")
    where = address_of(request, deployment)
    steps = OperationStep.objects.filter(operation=deployment.operation_id).order_by("started_at", "pk")
    entries = [
        _entry(
            step.step,
            step.started_at.isoformat(),
            f"{step.get_step_display()}. {step.sentence}".rstrip(),
            is_error=step.is_failed,
            details=f"{where}/log/{BUILD}" if step.step == "building" else None,
        )
        for step in steps
    ]
    if deployment.ended_at is not None:
        outcome = deployment.failure or (deployment.operation.outcome if deployment.operation else "Published.")
        entries.append(_entry("end", deployment.ended_at.isoformat(), outcome, is_error=bool(deployment.failure)))
    return JsonResponse(entries, safe=False)


@require_GET
@with_slot
def deployment_log_entry(request: HttpRequest, slot: Slot, public_id: str, entry: str) -> HttpResponse:
    """The lines of an entry that has some."""
    deployment = _found(slot, public_id)
    if entry != BUILD:
        raise NotFound
    text = b"".join(deployments.whole_log(deployment)).decode()
    moment = deployment.received_at.isoformat()
    lines = [_entry(str(number), moment, log_text(line)) for number, line in enumerate(text.splitlines())]
    return JsonResponse(lines, safe=False)


@require_GET
@with_slot
def is_deploying(request: HttpRequest, slot: Slot) -> HttpResponse:
    """Whether a publication to the slot is going on, also one that is still being fetched."""
    of_slot = Q(deployment__slot=slot) | Q(pk__in=SourceControl.objects.filter(slot=slot).values("last_fetch"))
    return JsonResponse({"value": Operation.objects.filter(of_slot, state__in=Operation.OPEN).exists()})


def _is_report(request: HttpRequest) -> bool:
    try:
        body = json.loads(request.body or b"null")
    except ValueError:
        return False
    return isinstance(body, dict) and "status" in body


def _found(slot: Slot, public_id: str) -> Deployment:
    deployment = deployments.find_received(slot, public_id)
    if deployment is None:
        raise NotFound
    return deployment


def _entry(
    name: str, moment: str, message: str, *, is_error: bool = False, details: str | None = None
) -> dict[str, object]:
    """One line, as Kudu's LogEntry."""
    return {"log_time": moment, "id": name, "message": message, "type": 2 if is_error else 0, "details_url": details}
