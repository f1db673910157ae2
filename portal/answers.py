"""How a change is answered: with the notification bar of its operation, in place or on the page it came from."""

from urllib.parse import urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.http import PortalRequest
from sites.models import Operation, Slot


def answer_operation(
    request: PortalRequest, operation: Operation, next_page: str = "", *, stay: bool = True
) -> HttpResponse:
    """Answer a POST that began `operation`.

    With htmx the bar appears where the person is (`stay`), or the browser goes on to `next_page`; without, the
    browser is sent to `next_page`, or back to the page that it came from.
    """
    destination = next_page or back_address(request)
    if not request.htmx:
        return HttpResponseRedirect(destination, status=303)
    if not stay:
        return HttpResponse(headers={"HX-Redirect": destination})
    answer = render(request, "operations/_answer.html", {"operation": operation})
    answer["HX-Retarget"] = "#notification"
    answer["HX-Reswap"] = "outerHTML"
    answer["HX-Trigger"] = "operations-changed"
    return answer


def answer_page(request: PortalRequest, address: str) -> HttpResponse:
    """Lead the browser on after a change that has no operation."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address, status=303)


def back_address(request: PortalRequest, slot: Slot | None = None) -> str:
    """The page of this portal from which a form or question was reached.

    Where nothing is known, it is the dashboard of `slot`, over which it lies, or else the list.
    """
    current = request.htmx.current_url_abs_path if getattr(request, "htmx", None) else ""
    wanted = request.POST.get("next") or request.GET.get("next") or current or _referring_page(request)
    if wanted and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted != request.get_full_path():
        return wanted
    return reverse("site-dashboard", args=[slot.site.name, slot.name]) if slot else reverse("site-list")


def _referring_page(request: PortalRequest) -> str:
    parts = urlsplit(request.headers.get("Referer", ""))
    if parts.netloc != request.get_host():
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
