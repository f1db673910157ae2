"""The rows that somebody may see."""

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from sites.access.grants import only_site
from sites.access.roles import WRITING_ROLES, with_lines
from sites.models import Membership, Operation, Role, Site, SiteMember, Subscription


def visible_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions that the user is a member of; none for a token of one site."""
    found = Subscription.objects.filter(memberships__user=user)
    return found if only_site(user) is None else found.none()


def named_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions whose name and id the user may read: their own, and those of the sites that they see."""
    of_sites = Q(pk__in=visible_sites(user).values("subscription"))
    if only_site(user) is not None:
        return Subscription.objects.filter(of_sites)
    return Subscription.objects.filter(Q(pk__in=visible_subscriptions(user).values("pk")) | of_sites)


def writable_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions in which the user may create and change sites."""
    return visible_subscriptions(user).filter(memberships__user=user, memberships__role__in=WRITING_ROLES)


def owned_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions whose people and name the user may change."""
    return visible_subscriptions(user).filter(memberships__user=user, memberships__role=Role.OWNER)


def visible_sites(user: User) -> QuerySet[Site]:
    """Sites of the user's subscriptions, and those that the user is a member of alone."""
    of_subscriptions = Q(subscription__in=Membership.objects.filter(user=user).values("subscription"))
    found = Site.objects.filter(of_subscriptions | Q(pk__in=SiteMember.objects.filter(user=user).values("site")))
    only = only_site(user)
    return found if only is None else found.filter(pk=only)


def visible_operations(user: User) -> QuerySet[Operation]:
    """Operations on the user's subscriptions, also on sites that are gone; on the user's sites; and the user's own.

    Each `shows_lines` of a log if the user may see them.
    """
    theirs, found = Q(site__in=visible_sites(user)), with_lines(Operation.objects.all(), user)
    if only_site(user) is None:
        theirs |= Q(subscription__in=visible_subscriptions(user)) | Q(actor=user)
    return found.filter(theirs)
