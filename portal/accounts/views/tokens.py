"""Access tokens: what programs act with for a person. The page wants a confirmation of a few minutes ago."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts import factors, notices
from portal.http import PortalRequest
from sites.access import visible_sites
from sites.errors import SettingRefused
from sites.models import Scope
from sites.models.fields import decrypt, encrypt
from sites.services import access_tokens

NEW = "new_access_token"
DAYS = {7: "7 days", 30: "30 days", 90: "90 days", 365: "a year"}
SCOPES = {
    Scope.READ: "Look at everything that you see, but no secret.",
    Scope.PUBLISH: "Publish.",
    Scope.SWAP: "Swap, preview, roll back.",
    Scope.ADMINISTER: "Everything else too: settings and secrets, scale, create and delete.",
}


class TokenForm(forms.Form):
    """A token to create."""

    name = forms.CharField(max_length=access_tokens.LONGEST_NAME)
    scopes = forms.MultipleChoiceField(choices=Scope.choices)
    days = forms.TypedChoiceField(choices=DAYS.items(), coerce=int)
    site = forms.CharField(max_length=64, required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.account")
def tokens(request: PortalRequest) -> HttpResponse:
    """The list, and a new one, whose text is shown on the first look and never again.

    Whoever must have a second factor sets it up first: a token signs in without one.
    """
    if factors.is_required(request.user) and not factors.is_set(request.user):
        return redirect("account")
    if request.method != "POST":
        return _show(request, {"days": "30", "scopes": [Scope.READ]})
    form = TokenForm(request.POST)
    if not form.is_valid():
        fault = "A token needs a name, at least one scope and a time. Nothing was created; fill in what is missing."
        return _show(request, form.data, fault=fault)
    given = form.cleaned_data
    try:
        token, text = access_tokens.create(
            acting_user=request.user,
            name=given["name"],
            scopes=given["scopes"],
            days=given["days"],
            site_name=given["site"],
        )
    except SettingRefused as refusal:
        return _show(request, form.data, fault=str(refusal))
    request.session[NEW] = [token.pk, encrypt(text)]
    where = f"for '{token.site.name}' only" if token.site else "for every web site"
    _tell(request, f"The access token '{token.name}' was created, {where}: {', '.join(token.scopes)}.")
    return redirect("access-tokens")


@require_POST
@reauthentication_required(app="allauth.account")
def revoke(request: PortalRequest, number: int) -> HttpResponse:
    """End a token at once."""
    token = access_tokens.revoke(acting_user=request.user, number=number)
    _tell(request, f"The access token '{token.name}' was revoked.")
    return redirect("access-tokens")


def _tell(request: PortalRequest, outcome: str) -> None:
    notices.tell(request.user, f"{outcome} Its person is '{request.user.get_username()}'.")


def _show(request: PortalRequest, values: Any, *, fault: str = "") -> HttpResponse:
    number, text = request.session.pop(NEW, (0, ""))
    chosen = values.getlist("scopes") if hasattr(values, "getlist") else values["scopes"]
    context = {
        "section": "settings",
        "settings_tab": "account",
        "tokens": access_tokens.of(request.user),
        "now": timezone.now(),
        "new_number": number,
        "new_text": decrypt(text) if text else "",
        "scopes": [(scope, scope.label, said, scope.value in chosen) for scope, said in SCOPES.items()],
        "days": [(str(number), said) for number, said in DAYS.items()],
        "sites": visible_sites(request.user).order_by("name").values_list("name", flat=True),
        "values": values,
        "fault": fault,
    }
    return render(request, "account/tokens.html", context, status=400 if fault else 200)
