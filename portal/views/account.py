"""Settings, your account: password, authenticator app, recovery codes and passkeys."""

import json

from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import passkeys, second_factor
from portal.http import PortalRequest
from portal.models import Passkey, RecoveryCode, TimeCode
from portal.sign_in_limit import check_limit, forget_failures, note_failure
from portal.views.accounts import record_password
from sites.errors import NotFound, SettingRefused
from sites.models.fields import decrypt, encrypt
from sites.operations.kinds.recorded import SIGN_IN

SETUP = "app_secret"
SHOWN_ONCE = "new_recovery_codes"
form_page = require_http_methods(["GET", "HEAD", "POST"])


@never_cache
@form_page
@sensitive_post_parameters()
def account(request: PortalRequest) -> HttpResponse:
    """The page, and the change of one's own password; other sessions end."""
    form = PasswordChangeForm(request.user, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        record_password(request.user)
        return redirect("password-change")
    form.fields["old_password"].widget.attrs.pop("autofocus", None)  # there is more on this page
    shown = request.session.pop(SHOWN_ONCE, "")
    context = {
        "section": "settings",
        "settings_tab": "account",
        "form": form,
        "has_app": TimeCode.objects.filter(user=request.user).exists(),
        "passkeys": Passkey.objects.filter(user=request.user),
        "codes_left": RecoveryCode.objects.filter(user=request.user).count(),
        "new_codes": json.loads(decrypt(shown)) if shown else [],
    }
    context["has_factor"] = context["has_app"] or bool(context["passkeys"])
    return render(request, "settings/account.html", context)


@never_cache
@form_page
@sensitive_post_parameters()
def app(request: PortalRequest) -> HttpResponse:
    """Show a new secret, and keep it once a code proves that the app has it."""
    kept = request.session.get(SETUP)
    secret = decrypt(kept) if kept else second_factor.new_secret()
    request.session[SETUP] = kept or encrypt(secret)
    fault = ""
    if request.method == "POST":
        fault = _password_fault(request)
        step = second_factor.matching_step(secret, request.POST.get("code", ""))
        if not fault and step is None:
            fault = "That is not the code which the app shows now. Type the present one; the clocks may differ by 30 s."
        if not fault and step is not None:
            with transaction.atomic():
                _new_factor(request)
                second_factor.set_app(request.user, secret, step)
                _record(request.user, "An authenticator app was set up for '{name}'.")
            del request.session[SETUP]
            return redirect("password-change")
    context = {
        "section": "settings",
        "base_template": "base.html",
        "back": reverse("password-change"),
        "drawing": second_factor.drawing(secret, request.user.get_username()),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "fault": fault,
    }
    return render(request, "settings/app.html", context, status=400 if fault else 200)


@require_POST
@sensitive_post_parameters()
def remove_app(request: PortalRequest) -> HttpResponse:
    """No more codes of the app."""
    _ensure_password(request)
    if not TimeCode.objects.filter(user=request.user).delete()[0]:
        raise NotFound
    second_factor.forget_codes_without_factor(request.user)
    _record(request.user, "The authenticator app of '{name}' is no longer asked for.")
    return redirect("password-change")


@require_POST
@sensitive_post_parameters()
def new_codes(request: PortalRequest) -> HttpResponse:
    """Ten new recovery codes, shown once; the former ones no longer work."""
    _ensure_password(request)
    if not second_factor.is_set(request.user):
        raise SettingRefused(
            "Recovery codes stand in for a second factor, and none is set, so none were made. "
            "Set up an app or add a passkey first."
        )
    _show_once(request, second_factor.new_recovery_codes(request.user))
    _record(request.user, "'{name}' has new recovery codes; the former ones no longer work.")
    return redirect("password-change")


@require_POST
@sensitive_post_parameters()
def passkey_options(request: PortalRequest) -> HttpResponse:
    """What the browser needs to make a passkey, for whoever types the password."""
    fault = _password_fault(request)
    if fault:
        return JsonResponse({"sentence": fault}, status=400)
    return JsonResponse(passkeys.begin_adding(request, request.user))


@require_POST
def add_passkey(request: PortalRequest) -> HttpResponse:
    """Keep the passkey that the browser made."""
    try:
        answer = json.loads(request.body)
        name, credential = str(answer["name"]), answer["credential"]
    except (ValueError, TypeError, KeyError):
        return JsonResponse({"sentence": "The browser sent no passkey, so none was added. Try again."}, status=400)
    is_first = not second_factor.is_set(request.user)
    try:
        with transaction.atomic():
            passkey = passkeys.add(request, request.user, name, credential)
            _record(request.user, f"The passkey '{passkey.name}' was added for '{{name}}'.")
    except SettingRefused as refusal:
        return JsonResponse({"sentence": str(refusal)}, status=400)
    if is_first:
        _show_once(request, second_factor.new_recovery_codes(request.user))
    return JsonResponse({"next": reverse("password-change")})


@require_POST
@sensitive_post_parameters()
def remove_passkey(request: PortalRequest, number: int) -> HttpResponse:
    """Forget a passkey."""
    _ensure_password(request)
    passkey = Passkey.objects.filter(user=request.user, pk=number).first()
    if passkey is None:
        raise NotFound
    passkey.delete()
    second_factor.forget_codes_without_factor(request.user)
    _record(request.user, f"The passkey '{passkey.name}' of '{{name}}' was removed.")
    return redirect("password-change")


def _new_factor(request: PortalRequest) -> None:
    """The first factor brings recovery codes."""
    if not second_factor.is_set(request.user):
        _show_once(request, second_factor.new_recovery_codes(request.user))


def _show_once(request: PortalRequest, codes: list[str]) -> None:
    request.session[SHOWN_ONCE] = encrypt(json.dumps(codes))


def _password_fault(request: PortalRequest) -> str:
    """What is wrong with the password that was typed to confirm a change; a session alone is not enough for that."""
    name = request.user.get_username()
    check_limit(request, name)
    if request.user.check_password(request.POST.get("password", "")):
        forget_failures(request, name)
        return ""
    note_failure(request, name)
    return "That is not your password, so nothing was changed. Type it again."


def _ensure_password(request: PortalRequest) -> None:
    fault = _password_fault(request)
    if fault:
        raise SettingRefused(fault)


def _record(user: User, outcome: str) -> None:
    name = user.get_username()
    SIGN_IN.record(actor_name=name, acting_user=user, target=name, outcome=outcome.format(name=name))
