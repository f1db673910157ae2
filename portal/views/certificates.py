"""The certificates of a slot, where each is given, HTTPS only and the least version of TLS, as a dialog."""

from django.conf import settings
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from portal.answers import answer_operation, back_address
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from sites.access import get_slot, get_slot_for_change, may_change
from sites.errors import (
    CertificateLimit,
    CertificateRefused,
    GreenroomError,
    NotFound,
    SettingRefused,
    TooManyCertificateChanges,
)
from sites.models import HostName, Slot
from sites.models.certificate import WARNING_DAYS
from sites.models.clock import now
from sites.services import automatic_certificates, certificates

MAX_DIGITS = 18
BINDING = "binding-"
AUTOMATIC_LIST = "automatic-list"
"""The part of the dialog that asks again while a certificate is ordered."""


@csrf_exempt  # checked in `_change`: before that the upload must have its handler
@require_http_methods(["GET", "HEAD", "POST"])
def manage_certificates(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog; `file` is uploaded, `automatic` ordered, and everything else saved by `save`."""
    if request.method != "POST":
        return _show(request, get_slot(request.user, site_name, slot_name))
    slot = get_slot_for_change(request.user, site_name, slot_name)
    request.upload_handlers = [MemoryFileUploadHandler(request)]
    return _change(request, slot)


@csrf_protect
def _change(request: PortalRequest, slot: Slot) -> HttpResponse:
    asked = request.POST
    try:
        if "automatic" in asked:
            host = _host(slot, _number(asked["automatic"]))
            automatic_certificates.start(acting_user=request.user, slot=slot, name=host.name)
        elif "save" in asked:
            fault = _fault_of_days(asked.get("hsts_days", "0"))
            if fault is not None:
                return _show(request, slot, days_fault=fault)
            _save(request, slot)
        else:
            file = request.FILES.get("file")
            if file is None:
                raise CertificateRefused(reason="no file was chosen", remedy="Choose a PEM or PFX file.")
            certificates.add_certificate(
                acting_user=request.user, slot=slot, content=file.read(), password=asked.get("password", "")
            )
    except (SettingRefused, CertificateLimit, TooManyCertificateChanges) as refusal:
        return _show(request, slot, refusal)
    return HttpResponseRedirect(request.path, status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_automatic(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Ask, then order no certificate any more for the host name of this number."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    host = _host(slot, number)
    automatic_certificates.wanted(slot, host.name)
    if request.method == "POST":
        operation = automatic_certificates.stop(acting_user=request.user, slot=slot, name=host.name)
        return answer_operation(request, operation, reverse("site-certificates", args=[site_name, slot_name]))
    return confirm(request, "site/automatic_stop_question.html", slot, {"host": host})


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, site_name: str, slot_name: str, number: int) -> HttpResponse:
    """Ask, then forget the certificate of this number and its key."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    found = next((one for one in slot.certificates.all() if one.pk == number), None)
    if found is None:
        raise NotFound
    dialog = reverse("site-certificates", args=[site_name, slot_name])
    if request.method == "POST":
        operation = certificates.remove_certificate(acting_user=request.user, slot=slot, number=number)
        return answer_operation(request, operation, dialog)
    hosts = [host.name for host in certificates.hosts_with_tls(slot) if host.certificate_id == number]
    return confirm(request, "site/certificate_question.html", slot, {"certificate": found, "hosts": hosts})


def _host(slot: Slot, number: int) -> HostName:
    """Raises NotFound."""
    found = next((host for host in certificates.hosts_with_tls(slot) if host.pk == number), None)
    if found is None:
        raise NotFound
    return found


def _save(request: PortalRequest, slot: Slot) -> None:
    chosen = {name: request.POST.get(name, "") for name in request.POST if name.startswith(BINDING)}
    certificates.save_tls(
        acting_user=request.user,
        slot=slot,
        bindings={_number(name.removeprefix(BINDING)): _number(value) for name, value in chosen.items()},
        is_https_only=request.POST.get("https_only") == "on",
        refuses_tls_1_2=request.POST.get("least") == "1.3",
        hsts_days=int(request.POST["hsts_days"]) if "hsts_days" in request.POST else None,
    )


def _fault_of_days(text: str) -> SettingRefused | None:
    most = certificates.MOST_HSTS_DAYS
    if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS and int(text) <= most:
        return None
    return SettingRefused(
        f"'{text[:20]}' is not a number of days from 0 to {most}; nothing was saved. Type one; 0 ends HSTS."
    )


def _number(text: str) -> int:
    """Which row is meant; 0 is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS else 0


def _show(
    request: PortalRequest,
    slot: Slot,
    refusal: GreenroomError | None = None,
    *,
    days_fault: GreenroomError | None = None,
) -> HttpResponse:
    automatic = automatic_certificates.hosts_of(slot)
    typed = request.POST if "save" in request.POST else None
    context: dict[str, object] = {
        "automatic": automatic,
        "renewed": {shown.wish.certificate_id for shown in automatic if shown.wish},
        "is_ordering": any(shown.order or shown.state == "waiting" for shown in automatic),
        "offers_automatic": bool(settings.ACME_DIRECTORY),
        "slot": slot,
        "site": slot.site,
        "rows": [(row, row.days_left(now())) for row in slot.certificates.all()],
        "warning_days": WARNING_DAYS[0],
        "bindings": [
            (host, host.certificate_id if typed is None else _number(typed.get(f"{BINDING}{host.pk}", "")))
            for host in certificates.hosts_with_tls(slot)
        ],
        "is_https_only": slot.is_https_only if typed is None else typed.get("https_only") == "on",
        "refuses_tls_1_2": slot.refuses_tls_1_2 if typed is None else typed.get("least") == "1.3",
        "hsts_days": slot.hsts_days if typed is None else typed.get("hsts_days", ""),
        "days_fault": days_fault,
        "https_port": settings.HTTPS_PORT,
        "why_not": certificates.why_not_certificates(slot.site),
        "can_change": may_change(request.user, slot.site),
        "refusal": refusal,
        "back": back_address(request, slot),
    }
    told = refusal or days_fault
    status = told.http_status if told else 200
    if request.htmx and request.htmx.target == AUTOMATIC_LIST:
        return render(request, "site/_automatic_list.html", context)
    return render(request, "site/certificates.html", over_dashboard(request, slot, context), status=status)
