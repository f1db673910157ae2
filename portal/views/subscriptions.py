"""Settings, subscriptions: the list, a new one, another name, and which of them are shown."""

import uuid

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal import kept_form, subscription_filter
from portal.answers import answer_operation, back_address
from portal.http import PortalRequest
from sites.access import get_subscription, visible_subscriptions
from sites.models import Membership, Subscription
from sites.services import subscriptions


@require_safe
def subscription_list(request: PortalRequest) -> HttpResponse:
    """The person's subscriptions with their counts and the person's role in each."""
    returned = kept_form.returned(request, reverse("subscription-create"))
    context = {
        "created": returned,
        "is_returned": bool(returned),
        "section": "settings",
        "settings_tab": "subscriptions",
        "subscriptions": _counted(request),
        "may_create": subscriptions.may_create(request.user),
    }
    return render(request, "settings/subscriptions.html", context)


@require_POST
def create(request: PortalRequest) -> HttpResponse:
    """A new subscription, owned by whoever makes it."""
    operation = subscriptions.create(acting_user=request.user, name=request.POST.get("name", ""))
    subscription = visible_subscriptions(request.user).get(operations=operation)
    return answer_operation(request, operation, people_address(subscription), stay=False)


@require_POST
def rename(request: PortalRequest, public_id: uuid.UUID) -> HttpResponse:
    """Another name."""
    subscription = get_subscription(request.user, public_id)
    name = request.POST.get("name", "")
    operation = subscriptions.rename(acting_user=request.user, subscription=subscription, name=name)
    return answer_operation(request, operation, people_address(subscription), stay=False)


@require_POST
def filter_shown(request: PortalRequest) -> HttpResponse:
    """Show the chosen subscriptions only, and go back to where the filter was opened."""
    subscription_filter.show(request, request.POST.getlist("shown"))
    return HttpResponseRedirect(back_address(request), status=303)


def people_address(subscription: Subscription) -> str:
    """The page of a subscription's people."""
    return reverse("people", args=[subscription.public_id])


def _counted(request: PortalRequest) -> QuerySet[Subscription]:
    own = Membership.objects.filter(subscription=OuterRef("pk"), user=request.user)
    found = Subscription.objects.filter(pk__in=visible_subscriptions(request.user).values("pk"))
    return found.annotate(
        site_count=Count("sites", distinct=True),
        people_count=Count("memberships", distinct=True),
        own_role=Subquery(own.values("role")[:1]),
    )
