"""The API itself: its routes and its description, and how each refusal is answered."""

import logging
from collections.abc import Sequence

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation

from sites.api.routes import (
    alerts,
    certificates,
    deployments,
    domains,
    events,
    identities,
    linked_resources,
    logs,
    one_off_commands,
    operations,
    people,
    releases,
    scale,
    settings,
    sites,
    slots,
    source_control,
    swaps,
    visitors,
)
from sites.api.shape_faults import field_fault, shape_faults
from sites.api.shapes.common import FieldFault
from sites.errors import (
    MAX_FAULTS,
    GreenroomError,
    NoSpaceLeft,
    NotAllowed,
    NotFound,
    RequestRefused,
    SettingRefused,
    is_disk_full,
)

logger = logging.getLogger(__name__)
MAX_SAID = 3
"""So many faults of a request are named."""
ABOUT = """\
What people do in the portal, for programs. Send an access token as `Authorization: Bearer TOKEN`.

What takes time answers 202 with the `Location` of its operation; `GET` it with `?wait=30` to be answered when it has
ended. Send an `Idempotency-Key` with whatever you may have to send twice. Every refusal is a `code` and a `message`.
docs/api.md has examples.
"""


class Api(NinjaAPI):
    """With short names in the description."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the function that answers; tests see to it that each is there once."""
        return operation.view_func.__name__


api = Api(title="Greenroom", version="1", description=ABOUT, docs_url=None, urls_namespace="api")
ROOMS = (
    *(sites, people, scale, slots, settings, deployments, source_control, identities),
    *(domains, certificates, visitors, linked_resources, logs, one_off_commands, alerts, swaps, releases),
    *(operations, events),
)
"""In the order in which the description has them."""
for room in ROOMS:
    api.add_router("", room.router)


def refusal_answer(refusal: GreenroomError, errors: Sequence[FieldFault] = ()) -> HttpResponse:
    """The one form of every refusal; `errors` are what of the request does not fit its description."""
    if isinstance(refusal, SettingRefused):
        errors = [
            FieldFault(pointer=fault.pointer, caption=fault.title, message=fault.said)
            for fault in refusal.faults[:MAX_FAULTS]
        ]
    listed = {"errors": [one.model_dump(exclude_none=True) for one in errors]} if errors else {}
    said = {"code": refusal.code, "message": str(refusal), **listed}
    answer = JsonResponse(said, status=refusal.http_status)
    if "retry_after" in refusal.values:
        answer["Retry-After"] = str(refusal.values["retry_after"])
    if answer.status_code == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="greenroom"'
    return answer


@api.exception_handler(GreenroomError)
def _refuse(request: HttpRequest, error: GreenroomError) -> HttpResponse:
    if isinstance(error, NotAllowed):
        logger.warning("%s %s was refused to %s: %s", request.method, request.path, request.user, error)
    return refusal_answer(error)


@api.exception_handler(ValidationError)
def _refuse_shape(request: HttpRequest, error: ValidationError) -> HttpResponse:
    is_of_body = any(one["loc"][0] == "body" for one in error.errors)
    found = shape_faults(error.errors, request.body if is_of_body else b"")
    said = [f"{'.'.join(place[1:]) or 'the body'}: {what}" for place, what in found.items()]
    more = f" (and {len(said) - MAX_SAID} more)" if len(said) > MAX_SAID else ""
    errors = [
        field_fault(place, f"{_short(what[:1].upper() + what[1:])}.")
        for place, what in list(found.items())[:MAX_FAULTS]
    ]
    return refusal_answer(RequestRefused(reason=_short("; ".join(said[:MAX_SAID])) + more), errors)


@api.exception_handler(HttpError)
def _refuse_body(request: HttpRequest, error: HttpError) -> HttpResponse:
    return refusal_answer(RequestRefused(reason=_short(error.message)))


@api.exception_handler(BadRequest)
def _refuse_text(request: HttpRequest, error: BadRequest) -> HttpResponse:
    return refusal_answer(RequestRefused(reason=_short(str(error))))


@api.exception_handler(Http404)
def _refuse_address(request: HttpRequest, error: Http404) -> HttpResponse:
    return refusal_answer(NotFound())


@api.exception_handler(Exception)
def _refuse_full_disk(request: HttpRequest, error: Exception) -> HttpResponse:
    if not is_disk_full(error):
        raise error
    return refusal_answer(NoSpaceLeft(what="What you asked for", holds="Nothing was changed."))


def _short(text: str) -> str:
    return text[:300].rstrip(". ")
