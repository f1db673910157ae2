"""NEW: quick create with a name that is checked while it is typed, and the sample web site."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal import kept_form
from portal.answers import answer_operation, back_address
from portal.forms import QuickCreateForm
from portal.http import PortalRequest
from portal.tree import point_out
from sites.access import writable_subscriptions
from sites.errors import NameTaken, NotAllowed, Refused, SettingRefused
from sites.models import PRODUCTION, Mode, Operation
from sites.services import custom_sites, names, sites


@require_safe
def new(request: PortalRequest) -> HttpResponse:
    """The drawer over the page; a page of its own without JavaScript."""
    returned = kept_form.returned(request, reverse("site-create"))
    return _drawer(request, returned or {"name": request.GET.get("name", "")}, is_returned=bool(returned))


@require_safe
def check_name(request: PortalRequest) -> HttpResponse:
    """The mark inside the name's field: free, or what is wrong with it."""
    name = request.GET.get("name", "").strip()
    context = {"name": name, "fault": _fault(name) if name else "", "suffix": _suffix()}
    return render(request, "new/_name_mark.html", context)


@require_POST
def create(request: PortalRequest) -> HttpResponse:
    """Create a web site and lead to the list, where it is selected."""
    form = QuickCreateForm(request.POST, subscriptions=writable_subscriptions(request.user))
    if not form.is_valid() or form.cleaned_data["subscription"] is None:
        raise _why_not(form)
    try:
        operation = sites.create_site(acting_user=request.user, **form.cleaned_data)
    except SettingRefused as refusal:
        first = first_of_two(request, form) if isinstance(refusal, NameTaken) else None
        if first is not None:
            return _lead_on(request, first)
        return _drawer(request, request.POST, fault=str(refusal), status=400)
    return _lead_on(request, operation)


def first_of_two(request: PortalRequest, form: QuickCreateForm) -> Operation | None:
    """The creation of the same web site that the first click of a double click began."""
    sent = form.cleaned_data
    return sites.under_creation(request.user, sent["subscription"], name=sent["name"].lower(), mode=sent["mode"])


@require_POST
def create_sample(request: PortalRequest) -> HttpResponse:
    """Create the sample web site and lead to its Quick start."""
    subscription = writable_subscriptions(request.user).first()
    if subscription is None:
        raise no_subscription()
    operation = custom_sites.create_sample_site(acting_user=request.user, subscription=subscription)
    return _lead_on(request, operation, "site-quickstart")


def _lead_on(request: PortalRequest, operation: Operation, page: str = "") -> HttpResponse:
    """To the list, where the new site is selected, or to one of its own pages."""
    if operation.site is None:
        return answer_operation(request, operation, reverse("site-list"), stay=False)
    point_out(request, operation.site)
    address = reverse(page, args=[operation.site.name, PRODUCTION]) if page else reverse("site-list")
    return answer_operation(request, operation, address, stay=False)


def _drawer(
    request: PortalRequest,
    values: Mapping[str, str],
    *,
    fault: str = "",
    status: int = 200,
    is_returned: bool = False,
) -> HttpResponse:
    context = {"is_returned": is_returned, "fault": fault, **form_context(request, values)}
    if fault:
        context["name_fault"] = fault
    return render(request, "new/drawer.html", context, status=status)


def form_context(request: PortalRequest, values: Mapping[str, str]) -> dict[str, object]:
    """What every form that creates a web site shows."""
    name = values.get("name", "").strip()
    return {
        "values": values,
        "name_fault": _fault(name) if name else "",
        "modes": Mode,
        "mode": values.get("mode") or settings.DEFAULT_MODE,
        "subscriptions": writable_subscriptions(request.user),
        "suffix": _suffix(),
        "why_not": str(no_subscription()),
        "back": back_address(request),
        "base_template": "frame/partial.html" if request.htmx else "base.html",
    }


def _suffix() -> str:
    return f".{settings.SUFFIX}" + ("" if settings.PORT == 80 else f":{settings.PORT}")


def _fault(name: str) -> str:
    try:
        names.check_name(name)
    except Refused as refusal:
        return str(refusal)
    return ""


def _why_not(form: QuickCreateForm) -> Refused:
    if "name" in form.errors:
        return SettingRefused("A web site needs a name of 1 to 40 characters; nothing was created. Type one.")
    if form.errors:
        return SettingRefused("The mode or the subscription is not known; nothing was created. Choose them again.")
    return no_subscription()


def no_subscription() -> Refused:
    return NotAllowed(
        "Your account may not create web sites: it is no owner or contributor of a subscription. "
        "Nothing was created. Ask the administrator for that role."
    )
