"""Publish a zip to a slot: the question, also for a file that was dropped on a row, and the upload itself."""

from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.answers import answer_operation
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.site_forms import PublishForm
from portal.uploads import ArchiveUpload
from sites.access import get_slot_for_change
from sites.door.uploads import admission, takes_upload
from sites.errors import SettingRefused
from sites.models import Slot
from sites.operations.kinds.publish import PUBLISH
from sites.services import deployments, requests


@csrf_exempt  # checked in `_publish`: before that the upload must have its way and its limit
@require_http_methods(["GET", "HEAD", "POST"])
@takes_upload
def publish(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask for the archive, naming the slot; or take it. A reader or stranger is turned away before the upload."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method == "POST":
        if (answer := admission(request, by=f"person {request.user.pk}")) is not None:
            return answer
        upload = ArchiveUpload(request)
        request.upload_handlers = [upload]
        return _publish(request, slot, upload)
    requests.ensure_free([slot], wanted=PUBLISH)
    returned = kept_form.returned(request)
    context = {
        "form": PublishForm(),
        "file_name": request.GET.get("name", ""),
        "max_upload": settings.MAX_UPLOAD,
        "is_returned": returned is not None,
        "message": returned.get("message", "") if returned else "",
    }
    return confirm(request, "site/publish_question.html", slot, context)


@csrf_protect
def _publish(request: PortalRequest, slot: Slot, upload: ArchiveUpload) -> HttpResponse:
    form = PublishForm(request.POST, request.FILES)
    if upload.refusal:
        raise upload.refusal
    if not form.is_valid():
        raise SettingRefused(form.sentence(slot))
    operation = deployments.publish_zip(
        acting_user=request.user,
        author=request.user.get_username(),
        slot=slot,
        archive=Path(form.cleaned_data["archive"].temporary_file_path()),
        message=form.cleaned_data["message"],
        deployer="Portal",
    )
    return answer_operation(request, operation, reverse("site-deployments", args=[slot.site.name, slot.name]))
