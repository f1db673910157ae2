"""NEW, web site, custom create: a wizard of two pages, which also works as pages."""

from collections.abc import Mapping
from pathlib import Path

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from portal import kept_form
from portal.answers import answer_operation
from portal.custom_create import BEGINNINGS, CustomCreateForm
from portal.field_faults import FieldFaults, placed_by_name
from portal.http import PortalRequest
from portal.tree import point_out
from portal.uploads import ArchiveUpload
from portal.views.new import first_of_two, form_context, no_subscription
from sites.access import writable_subscriptions
from sites.door.uploads import admission, takes_upload
from sites.errors import NameTaken, Refused, SettingRefused
from sites.models import Operation
from sites.services import names
from sites.services.custom_sites import Beginning, check_custom_site, create_custom_site
from sites.services.gathered import Gathered

WRONG = {
    "name": ("URL", "A web site needs a name of 1 to 40 characters; nothing was created. Type one."),
    "instance_count": ("Instance count", "It is a whole number from 1 to 10; nothing was created. Correct it."),
}
"""What cannot be read: the words beside the field, and the sentence."""
IDS = {"name": "new-name", "mode": "custom-mode", "instance_count": "custom-count"}
"""Of the fields that can be refused, in their order."""
NOT_KEPT = "The zip that you chose is not kept while you go back. Choose it again on the next page."


@csrf_exempt  # checked in `_take`: before that the upload must have its way and its limit
@require_http_methods(["GET", "HEAD", "POST"])
@takes_upload
def custom_create(request: PortalRequest) -> HttpResponse:
    """The first page of the wizard, or what was sent on one of them."""
    if not writable_subscriptions(request.user).exists():
        raise no_subscription()
    if request.method == "POST":
        if (answer := admission(request, by=f"person {request.user.pk}")) is not None:
            return answer
        request.upload_handlers = [ArchiveUpload(request)]
        return _take(request)
    returned = kept_form.returned(request)
    if returned:
        return _page(request, 1 if returned.get("to") == "2" else 2, returned, is_returned=True)
    return _page(request, 1, {"name": request.GET.get("name", "")})


@csrf_protect
def _take(request: PortalRequest) -> HttpResponse:
    """`to` says what is wanted: the other page, or the web site."""
    wanted = request.POST.get("to", "2")
    if wanted == "1":
        return _page(request, 1, request.POST, fault=NOT_KEPT if request.FILES else "")
    page = 1 if wanted == "2" else 2
    try:
        form = CustomCreateForm(request.POST, request.FILES, subscriptions=writable_subscriptions(request.user))
        values = _checked(form)
        check_custom_site(name=values["name"], mode=values["mode"], instance_count=values["instance_count"])
        if page == 1:
            return _page(request, 2, request.POST)
        for upload in request.upload_handlers:
            if isinstance(upload, ArchiveUpload) and upload.refusal:
                raise upload.refusal
        operation = _create(request, values)
    except Refused as refusal:
        first = first_of_two(request, form) if isinstance(refusal, NameTaken) and page == 2 else None
        if first is not None:
            return answer_operation(request, first, reverse("site-list"), stay=False)
        faults = placed_by_name(refusal, IDS, "created")
        at = 1 if faults.first else page  # the page that has the field
        return _page(request, at, request.POST, fault=str(refusal), faults=faults, status=400)
    if operation.site:
        point_out(request, operation.site)
    return answer_operation(request, operation, reverse("site-list"), stay=False)


def _checked(form: CustomCreateForm) -> dict:
    if form.is_valid():
        return form.cleaned_data
    checks = Gathered()
    for name, (caption, sentence) in WRONG.items():
        with checks.at(name, caption):
            if name in form.errors:
                raise SettingRefused(sentence)
    if "name" not in form.errors:
        with checks.at("name", "URL"):
            names.check_name(form.cleaned_data["name"])
    checks.refuse()
    raise SettingRefused("A choice on this page is not known; nothing was created. Choose again.")


def _create(request: PortalRequest, values: dict) -> Operation:
    archive = values["archive"]
    beginning = values["beginning"]
    if archive and beginning == Beginning.EMPTY:
        beginning = Beginning.UPLOAD  # whoever chooses a file wants it, also if the first choice was left as it was
    return create_custom_site(
        acting_user=request.user,
        subscription=values["subscription"],
        name=values["name"],
        mode=values["mode"],
        instance_count=values["instance_count"],
        beginning=beginning,
        archive=Path(archive.temporary_file_path()) if archive else None,
        message=archive.name if archive else "",
        has_staging=values["has_staging"],
    )


def _page(
    request: PortalRequest,
    number: int,
    values: Mapping[str, str],
    *,
    fault: str = "",
    faults: FieldFaults | None = None,
    status: int = 200,
    is_returned: bool = False,
) -> HttpResponse:
    context = {
        "is_returned": is_returned,
        "fault": fault,
        "faults": faults,
        "page": number,
        "beginnings": BEGINNINGS,
        "beginning": values.get("beginning") or "empty",
        **form_context(request, values),
    }
    if faults and faults.at(IDS["name"]):
        context |= {"is_name_refused": True, "name_fault": ""}  # the sentence stands below the field
    return render(request, "new/custom.html", context, status=status)
