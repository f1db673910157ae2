"""Sign in and out, and the one-time link."""

from typing import cast

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import half_sign_in, kept_form, second_factor, sign_in_links
from portal.sign_in_limit import check_limit, forget_failures, forget_name, note_failure
from sites.models import Operation
from sites.operations.kinds.recorded import PASSWORD
from sites.services import operations

form_page = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@form_page
@login_not_required
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Name and password, tried a few times at most."""
    form = AuthenticationForm(request, data=request.POST or None)
    if request.method == "POST":
        name = request.POST.get("username", "")
        check_limit(request, name)
        if form.is_valid():
            forget_failures(request, name)
            user = form.get_user()
            if second_factor.is_set(user):
                half_sign_in.begin(request, user, _next(request))
                return HttpResponseRedirect(reverse("sign-in-code"), status=303)
            login(request, user)
            return HttpResponseRedirect(kept_form.after_sign_in(request, _next(request)), status=303)
        note_failure(request, name)
    context = {"form": form, "next": request.GET.get("next", ""), "is_form_kept": kept_form.is_waiting(request)}
    return render(request, "accounts/sign_in.html", context, status=200 if not form.errors else 400)


@require_safe
@login_not_required
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django admin's own sign-in page knows no limit and no second factor, so everybody signs in at ours."""
    return redirect(f"{reverse('sign-in')}?{request.GET.urlencode()}")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("sign-in")


@never_cache
@form_page
@login_not_required
@sensitive_post_parameters()
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: it is used up by choosing the password, not by a look at it."""
    user = sign_in_links.peek(token)
    form = SetPasswordForm(user, data=request.POST or None) if user else None
    if request.method == "POST" and form and form.is_valid():
        user = sign_in_links.redeem(token)
        if user:
            is_first = not user.has_usable_password()
            user.set_password(form.cleaned_data["new_password1"])
            user.save(update_fields=["password"])
            login(request, cast(User, user), backend="django.contrib.auth.backends.ModelBackend")
            record = record_password(cast(User, user))
            if is_first:  # whoever chose it just now has nothing to be told
                operations.dismiss(acting_user=cast(User, user), operation=record)
            # A link is also the way in for whoever lost the second factor: to where it is replaced
            return redirect("password-change" if second_factor.is_set(cast(User, user)) else "site-list")
    if user is None:
        return render(request, "accounts/link_used.html", status=410)
    return render(request, "accounts/choose_password.html", {"form": form, "person": user})


def record_password(user: User) -> Operation:
    """Write down that a password was changed, and end the limit of its name."""
    name = user.get_username()
    forget_name(name)
    return PASSWORD.record(
        actor_name=name,
        acting_user=user,
        target=name,
        outcome=f"'{name}' has a new password. Other browsers that were signed in are signed out.",
    )


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("site-list")
