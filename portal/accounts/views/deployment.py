"""Deployment credentials of a person: a user name and a password for git, curl and pipelines."""

from allauth.account.decorators import reauthentication_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.accounts.views.sheet import sheet_context
from portal.answers import answer_operation, back_address
from portal.field_faults import placed_by_name
from portal.http import PortalRequest
from sites.errors import SettingRefused
from sites.models import DeploymentUser
from sites.services import deployment_users

IDS = {
    "user": "deployment-user",
    "password": "deployment-password",
    "password_again": "deployment-password-again",
}
"""Of the fields, in their order."""


@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="allauth.account")
def credentials(request: PortalRequest) -> HttpResponse:
    """The dialog, or what was typed in it."""
    present = DeploymentUser.objects.filter(user=request.user).first()
    name = request.POST.get("user", present.name if present else "")
    context = {"name": name, "present": present, **sheet_context(back_address(request))}
    if request.method != "POST":
        return render(request, "account/deployment.html", context)
    try:
        operation = deployment_users.set_up(
            acting_user=request.user,
            name=name.strip(),
            password=request.POST.get("password", ""),
            again=request.POST.get("password_again", ""),
        )
    except SettingRefused as refusal:
        refused = {"refusal": refusal, "faults": placed_by_name(refusal, IDS)}
        return render(request, "account/deployment.html", {**context, **refused}, status=400)
    return answer_operation(request, operation)
