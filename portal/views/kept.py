"""The form that comes back after a session had ended."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal import kept_form
from portal.http import PortalRequest


@never_cache
@require_safe
def show(request: PortalRequest) -> HttpResponse:
    """What was typed, ready to be sent to where it was meant for."""
    kept = kept_form.read(request)
    if kept is None:
        return redirect("site-list")
    return render(request, "accounts/kept.html", {"kept": kept})


@require_POST
def discard(request: PortalRequest) -> HttpResponse:
    """Forget it."""
    kept_form.forget(request)
    return redirect("site-list")
