"""Settings, people: who belongs to a subscription, in which role."""

import uuid

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import kept_form
from portal.accounts import links
from portal.answers import answer_operation, answer_page
from portal.forms import PersonForm
from portal.http import PortalRequest
from portal.views.subscriptions import people_address
from sites.access import get_subscription, get_subscription_for_owner
from sites.errors import NotFound, SettingRefused
from sites.models import Membership, Role, Subscription
from sites.services import members

RETURNING = ("person-add", "subscription-rename")
"""The forms of the page that may come back after a session had ended."""
NEW_LINK = "new_sign_in_link"


@never_cache
@require_safe
def people(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """The people of a subscription; the link of a new person is shown on the first look and never again."""
    subscription = get_subscription(request.user, public_id)
    args = [subscription.public_id]
    added, renamed = (kept_form.returned(request, reverse(name, args=args)) for name in RETURNING)
    back = {"added": added, "renamed": renamed, "is_returned": bool(added or renamed)}
    return render(request, "settings/people.html", {**_page(request, subscription), **back})


@require_POST
def add(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Add somebody who has an account, or a new person, who gets a link."""
    subscription = get_subscription(request.user, public_id)
    form = PersonForm(request.POST)
    if not form.is_valid():
        raise SettingRefused("Name, account and role are all needed; nothing was changed. Choose each of them.")
    is_new = form.cleaned_data.pop("account") == "new"
    service = members.add_new_person if is_new else members.add_person
    operation = service(acting_user=request.user, subscription=subscription, **form.cleaned_data)
    if is_new:
        keep_link(request, User.objects.get(username__iexact=form.cleaned_data["name"]))
    return answer_operation(request, operation, people_address(subscription), stay=False)


@require_POST
def change_role(request: PortalRequest, public_id: uuid.UUID, number: int) -> HttpResponse:
    """Another role."""
    member = _member(request, public_id, number)
    operation = members.change_role(acting_user=request.user, membership=member, role=request.POST.get("role", ""))
    return answer_operation(request, operation, people_address(member.subscription), stay=False)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: PortalRequest, public_id: uuid.UUID, number: int) -> HttpResponse:
    """Ask, then end a membership; whoever leaves goes to the list of subscriptions."""
    member = _member(request, public_id, number)
    if member.user_id != request.user.pk:
        get_subscription_for_owner(request.user, public_id)
    address = people_address(member.subscription)
    if request.method != "POST":
        page = {} if request.htmx else _page(request, member.subscription)
        base = "frame/partial.html" if request.htmx else "settings/people.html"
        question = {"member": member, "is_self": member.user_id == request.user.pk, "next": address}
        return render(request, "settings/remove_question.html", {**page, **question, "base_template": base})
    operation = members.remove_person(acting_user=request.user, membership=member)
    is_self = member.user_id == request.user.pk
    return answer_operation(request, operation, reverse("settings") if is_self else address, stay=False)


@require_POST
def new_link(request: PortalRequest, public_id: uuid.UUID, number: int) -> HttpResponse:
    """Another link for somebody who has not chosen a password yet; nobody else gets one here."""
    subscription = get_subscription_for_owner(request.user, public_id)
    member = _member(request, public_id, number)
    keep_another_link(request, member.user)
    return answer_page(request, people_address(subscription))


def _member(request: PortalRequest, public_id: uuid.UUID, number: int) -> Membership:
    subscription = get_subscription(request.user, public_id)
    found = subscription.memberships.select_related("user", "subscription").filter(pk=number).first()
    if found is None:
        raise NotFound
    return found


def keep_link(request: PortalRequest, person: User) -> None:
    """Make a link for a new person, to be shown on the next page and never again."""
    link = request.build_absolute_uri(links.create_link(person))
    request.session[NEW_LINK] = [person.get_username(), link]


def keep_another_link(request: PortalRequest, person: User) -> None:
    """As `keep_link`. Raises SettingRefused for somebody who has come in before."""
    if not links.may_be_invited(person):
        name = person.get_username()
        raise SettingRefused(
            f"{name} has signed in already, so no link was made. "
            f"For a lost password a link is made on the server: ./greenroom password --user {name} --link"
        )
    keep_link(request, person)


def take_link(request: PortalRequest) -> list[str] | None:
    """Name and link of the person for whom one was just made."""
    return request.session.pop(NEW_LINK, None)


def _page(request: PortalRequest, subscription: Subscription) -> dict[str, object]:
    rows = list(subscription.memberships.select_related("user").order_by("user__username"))
    own = next(row for row in rows if row.user_id == request.user.pk)
    return {
        "section": "settings",
        "settings_tab": "people",
        "subscription": subscription,
        "members": rows,
        "own_role": Role(own.role),
        "is_owner": own.role == Role.OWNER,
        "roles": Role,
        "new_link": take_link(request),
        "link_minutes": links.MINUTES,
    }
