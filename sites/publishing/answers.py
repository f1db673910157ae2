"""What publishing clients are answered: a publication while it goes on and when it has ended, and a deployment.

Names and numbers are those that clients of Kudu know; beside them stand our own.
"""

from functools import partial

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, JsonResponse

from sites.door.answer import Held, note
from sites.errors import status_of
from sites.models import Deployment, DeploymentState, Operation, OperationState
from sites.publishing.waiting import waiting

WAIT_SECONDS = 230.0
"""So long an answer is held back for a publication to end; after that the client learns where to look."""
RETRY_SECONDS = 5
STATUS = {
    DeploymentState.PENDING: (0, "Pending"),
    DeploymentState.BUILDING: (1, "Building"),
    DeploymentState.STARTING: (2, "Deploying"),
    DeploymentState.FAILED: (3, "Failed"),
    DeploymentState.ACTIVE: (4, "Success"),
}
"""The numbers of Kudu's DeployStatus."""
PROVISIONING = {3: "Failed", 4: "Succeeded"}


def answered(
    request: HttpRequest, operation: Operation, *, waits: bool, done: int = 200, remark: str = ""
) -> HttpResponse:
    """202 at once and where to look; or, with `waits`, the status `done` when the publication has ended well."""
    make = partial(_answer, request, operation, done, remark)
    answer = make()
    if waits:
        wait = min(WAIT_SECONDS, settings.SILENCE_SECONDS * 0.9)
        note(answer, Held(partial(waiting.until_ended, operation.pk, wait), partial(_answer_now, operation, make)))
    return answer


def described(request: HttpRequest, deployment: Deployment) -> dict[str, object]:
    """A deployment as JSON."""
    serving = getattr(deployment.workload, "slot", None) if deployment.is_in_force else None
    status, text = STATUS[DeploymentState(deployment.state)]
    received, ended = deployment.received_at.isoformat(), deployment.ended_at and deployment.ended_at.isoformat()
    address = address_of(request, deployment)
    return {
        "id": deployment.public_id.hex,
        "status": status,
        "status_text": deployment.failure or text,
        "author_email": "",
        "author": deployment.author,
        "deployer": deployment.deployer,
        "message": deployment.message,
        "progress": "" if ended else deployment.get_state_display(),
        "received_time": received,
        "start_time": received,
        "end_time": ended,
        "last_success_end_time": ended if status == 4 else None,
        "complete": deployment.state not in Deployment.OPEN,
        "active": deployment.is_in_force,
        "is_temp": False,
        "is_readonly": False,
        "url": address,
        "log_url": f"{address}/log",
        "site_name": serving.site.name if serving else deployment.workload.site.name,
        "provisioningState": PROVISIONING.get(status, "InProgress"),
        "state": "superseded" if deployment.is_superseded else deployment.state,
        "slot": serving.name if serving else None,
        "commit": deployment.commit,
        "branch": deployment.branch,
        "received_at": received,
        "ended_at": ended,
        "failure": deployment.failure,
    }


def address_of(request: HttpRequest, deployment: Deployment) -> str:
    """Where a client looks at it."""
    return request.build_absolute_uri(f"/api/deployments/{deployment.public_id.hex}")


def _answer_now(operation: Operation, make: partial[HttpResponse]) -> HttpResponse:
    """The answer as the operation is now; runs outside of Django's handling of a request."""
    close_old_connections()
    try:
        operation.refresh_from_db()
        return make()
    finally:
        close_old_connections()


def _answer(request: HttpRequest, operation: Operation, done: int, remark: str) -> HttpResponse:
    deployment = operation.deployment
    where = address_of(request, deployment)
    body = {"id": deployment.public_id.hex, "operation": str(operation.public_id), "message": operation.outcome}
    headers = {"Location": where, "SCM-DEPLOYMENT-ID": deployment.public_id.hex}
    if remark:
        body["remark"] = remark
    if operation.is_open:
        body["message"] = f"Accepted; how far it is stands at {where}"
        return JsonResponse(body, status=202, headers={**headers, "Retry-After": str(RETRY_SECONDS)})
    if operation.state == OperationState.SUCCEEDED:
        if done == 204:
            return HttpResponse(status=204, headers=headers)
        return JsonResponse(body, status=done, headers=headers)
    return JsonResponse({**body, "code": operation.error_code}, status=status_of(operation.error_code))
