"""The one-time link that is made on the server: it leads to choosing a password, and in."""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import user_logged_in
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal import security_log
from portal.accounts import attempts, factors, links, notices, sessions
from portal.accounts.forms import NewPasswordForm
from sites.operations.kinds.recorded import PASSWORD


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@sensitive_post_parameters()
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """It is used up by choosing the password, not by a look at it; wrong links are counted."""
    user = links.peek(token)
    form = NewPasswordForm(user=user, data=request.POST or None) if user else None
    if request.method == "POST" and form and form.is_valid():
        user = links.redeem(token)
        if user:
            _enter(request, user, form.cleaned_data["password1"])
            # A link is also the way in for whoever lost the second factor: to where it is replaced
            return redirect("account" if factors.is_set(user) else "site-list")
    if user is None:
        security_log.note_refusal(request, "A one-time link")
        attempts.ensure_few(request, attempts.LINKS)
        return render(request, "account/link_used.html", status=410)
    status = 400 if request.method == "POST" else 200
    return render(request, "account/choose_password.html", {"form": form, "person": user}, status=status)


def _enter(request: HttpRequest, user: User, password: str) -> None:
    is_first = not user.has_usable_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    get_adapter().login(request, user)
    record_authentication(request, user, method="link")
    user_logged_in.send(sender=User, request=request, user=user, response=None)
    sessions.end_others(request, user)
    name = user.get_username()
    record = notices.tell(
        user, f"'{name}' has a new password. Other browsers that were signed in are signed out.", kind=PASSWORD
    )
    if is_first:
        notices.read(user, record)
