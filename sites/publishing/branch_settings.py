"""/api/settings: the settings of a slot's deployments. App settings are secrets of the portal and not among them."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from sites.errors import NotFound, PublicationRefused
from sites.models import Slot
from sites.publishing.authentication import publisher_of, with_slot
from sites.services.commits import DEFAULT_BRANCHES, change_deploy_branches
from sites.services.publisher import Publisher

BRANCHES = "deployment_branch"
"""What clients of Kudu call it; 'branch' is its older name."""
NAMES = (BRANCHES, "branch")


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@with_slot
def all_settings(request: HttpRequest, slot: Slot) -> HttpResponse:
    """Every setting; POST takes some of them as a JSON object."""
    if request.method == "POST":
        _save(publisher_of(request), slot, _read(request))
        return HttpResponse(status=204)
    return JsonResponse(dict.fromkeys(NAMES, " ".join(slot.branches)) | {"ScmType": "LocalGit"})


@csrf_exempt
@require_http_methods(["GET", "HEAD", "DELETE"])
@with_slot
def one_setting(request: HttpRequest, slot: Slot, name: str) -> HttpResponse:
    """One of them; DELETE brings back what applies without it."""
    if name not in NAMES:
        raise NotFound
    if request.method == "DELETE":
        _save(publisher_of(request), slot, {name: DEFAULT_BRANCHES})
        return HttpResponse(status=204)
    return JsonResponse(" ".join(slot.branches), safe=False)


def _read(request: HttpRequest) -> dict[str, object]:
    try:
        found = json.loads(request.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PublicationRefused('Settings come as a JSON object, like {"deployment_branch": "main"}.')
    return found


def _save(publisher: Publisher, slot: Slot, values: dict[str, object]) -> None:
    unknown = [name for name in values if name not in NAMES]
    if unknown:
        raise PublicationRefused(
            f"'{unknown[0]}' is no setting of deployments; nothing was saved. App settings are saved in the portal."
        )
    for value in values.values():
        change_deploy_branches(publisher=publisher, slot=slot, names=str(value))
