"""The second step of a sign-in: a code, a recovery code, or a passkey."""

import json

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import half_sign_in, kept_form, passkeys, second_factor
from portal.models import Passkey, TimeCode
from portal.sign_in_limit import check_code_limit, forget_wrong_codes, note_wrong_code

BACKEND = "django.contrib.auth.backends.ModelBackend"
TOO_LATE = "The password was typed more than ten minutes ago. Sign in again."
NOT_PROVEN = "The passkey was not recognised. Try again, or type a code."


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Ask for a code and sign in with it."""
    user = half_sign_in.person(request)
    if user is None:
        return redirect("sign-in")
    if request.method == "POST":
        check_code_limit(user)
        if second_factor.accept(user, request.POST.get("code", "")):
            return HttpResponseRedirect(_enter(request, user), status=303)
        note_wrong_code(user)
    context = {
        "is_wrong": request.method == "POST",
        "has_app": TimeCode.objects.filter(user=user).exists(),
        "has_passkey": Passkey.objects.filter(user=user).exists(),
        "person": user,
    }
    return render(request, "accounts/code.html", context, status=400 if context["is_wrong"] else 200)


@require_POST
@login_not_required
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser needs to prove a passkey."""
    user = half_sign_in.person(request)
    if user is None:
        return JsonResponse({"sentence": TOO_LATE}, status=403)
    return JsonResponse(passkeys.begin_proof(request, user))


@require_POST
@login_not_required
def passkey_answer(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey."""
    user = half_sign_in.person(request)
    if user is None:
        return JsonResponse({"sentence": TOO_LATE}, status=403)
    try:
        answer = json.loads(request.body)
    except ValueError:
        answer = {}
    if not passkeys.accept(request, user, answer):
        return JsonResponse({"sentence": NOT_PROVEN}, status=400)
    return JsonResponse({"next": _enter(request, user)})


def _enter(request: HttpRequest, user: User) -> str:
    forget_wrong_codes(user)
    wanted = half_sign_in.finish(request)
    login(request, user, backend=BACKEND)
    return kept_form.after_sign_in(request, wanted or reverse("site-list"))
