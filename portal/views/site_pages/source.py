"""Deployment from source control: the dialog of two pages, SYNC, the webhook secret, and the end of the connection."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.answers import answer_operation, back_address
from portal.command_bar import DEPLOYMENT_COMMANDS
from portal.confirmation import confirm
from portal.http import PortalRequest
from portal.underneath import over_dashboard
from portal.views.site_pages import parts
from portal.views.site_pages.facts import SlotFacts
from sites.access import get_slot_for_change
from sites.errors import GreenroomError, NotConnected, SettingRefused
from sites.models import Provider, Slot, SourceControl
from sites.services import source_control
from sites.services.publisher import Publisher

LOCAL = "local"
"""The slot's own repository, to which people push."""


@dataclass(frozen=True)
class Place:
    """A tile of the first page."""

    name: str
    caption: str
    sign: str
    said: str


PLACES = (
    Place(Provider.GITHUB, "GitHub", "GH", "Deploy a branch of a repository on GitHub. A webhook tells of each push."),
    Place(Provider.GITLAB, "GitLab", "GL", "Deploy a branch of a project on gitlab.com or on a GitLab of your own."),
    Place(Provider.GITEA, "Gitea", "GT", "Deploy a branch of a repository on a Gitea, Forgejo or Gogs of your own."),
    Place(Provider.BITBUCKET, "Bitbucket", "BB", "Deploy a branch of a repository on Bitbucket."),
    Place(
        Provider.EXTERNAL,
        "External repository",
        "EX",
        "Deploy a branch of any repository that git fetches by HTTPS. SYNC fetches it, and so does a signed request.",
    ),
    Place(
        LOCAL,
        "Local Git",
        "LG",
        "Already have a git repository on your own computer? Push it to this slot, and it is built and served.",
    ),
)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def source(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """The dialog: where the source code is, then which repository and branch. A POST connects the slot."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    present = source_control.connected(slot)
    if request.method == "POST":
        return _connect(request, slot, present)
    where = request.GET.get("where", "")
    typed = {"where": where, "branch": slot.branches[0]}
    if present is not None:
        typed = {"where": where or present.provider, "url": present.url, "branch": present.branch, "user": present.user}
        where = where or (present.provider if "page" not in request.GET else "")
    return _page(request, slot, present, typed, is_first=where not in [place.name for place in PLACES])


@require_POST
def sync(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Fetch the newest commit."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    operation = source_control.sync(publisher=Publisher(request.user.get_username(), request.user), slot=slot)
    return answer_operation(request, operation, _deployments(slot))


@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then forget the repository."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method == "POST":
        operation = source_control.disconnect(acting_user=request.user, slot=slot)
        return answer_operation(request, operation, _deployments(slot), stay=False)
    return confirm(request, "site/disconnect_question.html", slot, {"source": _present(slot)})


@require_POST
def reveal_secret(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Show the webhook secret, once, in place or on the page of deployments."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    secret = source_control.reveal_webhook_secret(acting_user=request.user, slot=slot)
    context = {"facts": SlotFacts(request.user, slot), "source": _present(slot), "secret": secret}
    return parts.show(
        request,
        slot,
        "deployments",
        context,
        commands=DEPLOYMENT_COMMANDS,
        template="site/source_secret.html",
        part="source-secret",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def reset_secret(request: PortalRequest, site_name: str, slot_name: str) -> HttpResponse:
    """Ask, then replace the webhook secret."""
    slot = get_slot_for_change(request.user, site_name, slot_name)
    if request.method == "POST":
        operation = source_control.reset_webhook_secret(acting_user=request.user, slot=slot)
        return answer_operation(request, operation, _deployments(slot))
    return confirm(request, "site/source_secret_question.html", slot, {"source": _present(slot)})


def _connect(request: PortalRequest, slot: Slot, present: SourceControl | None) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in ("where", "url", "branch", "user")}
    password = request.POST.get("password", "")
    is_kept = not password and "forget_password" not in request.POST
    try:
        operation = source_control.connect(
            acting_user=request.user,
            slot=slot,
            provider=typed["where"],
            url=typed["url"],
            branch=typed["branch"],
            user=typed["user"],
            password=None if is_kept else password,
        )
    except SettingRefused as refusal:
        return _page(request, slot, present, typed, is_first=False, refusal=refusal)
    return answer_operation(request, operation, _deployments(slot), stay=False)


def _page(
    request: PortalRequest,
    slot: Slot,
    present: SourceControl | None,
    typed: Mapping[str, str],
    *,
    is_first: bool,
    refusal: GreenroomError | None = None,
) -> HttpResponse:
    place = next((place for place in PLACES if place.name == typed["where"]), PLACES[0])
    context: dict[str, object] = {
        "slot": slot,
        "site": slot.site,
        "facts": SlotFacts(request.user, slot),
        "places": PLACES,
        "place": place,
        "is_first": is_first,
        "is_local": place.name == LOCAL,
        "source": present,
        "has_password": present is not None and bool(present.password),
        "typed": typed,
        "refusal": refusal,
        "back": back_address(request, slot),
    }
    status = refusal.http_status if refusal else 200
    return render(request, "site/source.html", over_dashboard(request, slot, context), status=status)


def _present(slot: Slot) -> SourceControl:
    """Raises NotConnected."""
    found = source_control.connected(slot)
    if found is None:
        raise NotConnected(name=slot.title)
    return found


def _deployments(slot: Slot) -> str:
    return reverse("site-deployments", args=[slot.site.name, slot.name])
