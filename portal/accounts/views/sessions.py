"""End a session of one's own that is open somewhere else."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from portal.accounts import notices, sessions
from portal.http import PortalRequest
from sites.errors import NotFound


@require_POST
def end(request: PortalRequest) -> HttpResponse:
    """The one whose number is sent, or all but this one."""
    user, number = request.user, request.POST.get("session", "")
    if number and not (number.isascii() and number.isdigit() and len(number) < 19):
        raise NotFound
    if not number:
        sessions.end_others(request, user)
    elif not sessions.end(request, user, int(number)):
        raise NotFound
    what = "A session" if number else "All other sessions"
    notices.tell(user, f"{what} of '{user.get_username()}' ended. The browser in it must sign in again.")
    return redirect("account" if request.user.is_authenticated else "account_login")
