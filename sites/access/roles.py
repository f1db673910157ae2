"""Which role somebody has in a subscription or in one site of it, and whether it is enough."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from sites.access.grants import grant_of
from sites.errors import NotAllowed, NotFound, ScopeMissing
from sites.models import Membership, Operation, Role, Scope, Site, SiteMember, Subscription

WRITING_ROLES = (Role.OWNER, Role.CONTRIBUTOR)
_BEST_FIRST = (Role.OWNER, Role.CONTRIBUTOR, Role.READER)


def with_roles(found: QuerySet, user: User, *, site: str = "pk", subscription: str = "subscription") -> QuerySet:
    """The rows with `role` and `site_role` of the user, None where there is none.

    `site` and `subscription` are the fields that lead from a row there.
    """
    theirs = Membership.objects.filter(subscription=OuterRef(subscription), user=user).values("role")
    single = SiteMember.objects.filter(site=OuterRef(site), user=user).values("role")
    return found.annotate(role=Subquery(theirs[:1]), site_role=Subquery(single[:1]))


def note_roles(user: User, site: Site, row: Any) -> None:
    """Remember for the site what `with_roles` has read in that row, as long as the object lives: one request."""
    site.role_read = (user.pk, _best(row.role, row.site_role))  # type: ignore[attr-defined]


def is_given_to(user: User, site: Site) -> bool:
    """Whether the site was read for the user through this gate, in this request."""
    return Site.subscription.is_cached(site) and _known_role(user, site) is not None


def role_of(user: User, place: Site | Subscription) -> Role | None:
    """The user's role there; None for a stranger."""
    if isinstance(place, Subscription):
        return _best(Membership.objects.filter(subscription=place, user=user).values_list("role", flat=True).first())
    known = _known_role(user, place)
    if known is not None:
        return known
    found = with_roles(Site.objects.filter(pk=place.pk), user).values_list("role", "site_role").first()
    return _best(*(found or ()))


def roles_of(user: User) -> frozenset[tuple[str, int]]:
    """Where the user has a role: ids of subscriptions, and of web sites in which the user is a member alone."""
    of_subscriptions = Membership.objects.filter(user=user).values_list("subscription", flat=True)
    of_sites = SiteMember.objects.filter(user=user).values_list("site", flat=True)
    return frozenset([("subscription", pk) for pk in of_subscriptions] + [("site", pk) for pk in of_sites])


def may_change(user: User, place: Site | Subscription) -> bool:
    """Whether the user is more than a reader there."""
    return role_of(user, place) in WRITING_ROLES


def owns(user: User, site: Site) -> bool:
    """Whether the user is an owner of the site's subscription, and so decides who is a member of the site."""
    return role_of(user, site) == Role.OWNER


def has_at_least(user: User, place: Site | Subscription, role: Role) -> bool:
    """Whether the user's role there is this one or a better one."""
    present = role_of(user, place)
    return present is not None and _best(present, role) == present


def may_go_on(user: User, operation: Operation) -> bool:
    """Whether the user may change what the operation changed, or what is left of it."""
    place = operation.site or operation.subscription
    return place is not None and role_of(user, place) in WRITING_ROLES


def may_see_output(user: User, place: Site | Subscription) -> bool:
    """Whether the user may see what applications and release commands write: they may write secrets.

    That is not for readers, and not for a token that may only look.
    """
    return role_of(user, place) in WRITING_ROLES and not _only_looks(user)


def with_lines(found: QuerySet[Operation], user: User) -> QuerySet[Operation]:
    """The operations with the lines of a log in their outcomes, where the user `may_see_output`."""
    if _only_looks(user):
        return found
    writes: dict[str, Any] = {"user": user, "role__in": WRITING_ROLES}
    of_all = Membership.objects.filter(subscription=OuterRef("subscription"), **writes)
    of_site = SiteMember.objects.filter(site=OuterRef("site"), **writes)
    return found.annotate(shows_lines=Q(Exists(of_all)) | Q(Exists(of_site)))


def note_lines(user: User, site: Site, operations: Iterable[Operation]) -> None:
    """As `with_lines`, for operations of a site that were read already."""
    shows_lines = may_see_output(user, site)
    for operation in operations:
        operation.shows_lines = shows_lines  # type: ignore[attr-defined]


def ensure_may_change(user: User, place: Site | Subscription, name: str) -> None:
    """Raises NotFound for a stranger and NotAllowed for a reader; `name` is what was to be changed.

    Also raises ScopeMissing for a token that may only look.
    """
    grant = grant_of(user)
    if grant is not None and _only_looks(user):
        raise ScopeMissing(name=grant.token.name, scope=Scope.ADMINISTER)
    role = role_of(user, place)
    if role is None:
        raise NotFound
    if role not in WRITING_ROLES:
        raise NotAllowed(name=name, **words_of(user, role, place))


def words_of(user: User, role: Role | None, place: Site | Subscription) -> dict[str, str]:
    """What a refusal says of somebody's role there, and who could give a better one."""
    subscription = place.subscription if isinstance(place, Site) else place
    is_of_all = subscription is place or Membership.objects.filter(subscription=subscription, user=user).exists()
    return {
        "role": role.label if role else "stranger",
        "place": f"the subscription '{subscription.name}'" if is_of_all else f"the web site '{place.name}'",
        "owner": owner_of(subscription),
    }


def owner_of(subscription: Subscription) -> str:
    """Whom to ask for a role."""
    owner = subscription.memberships.filter(role=Role.OWNER).select_related("user").first()
    return owner.user.get_username() if owner else "not named"


def owners_of(subscriptions: Iterable[Subscription]) -> list[str]:
    """The names of all their owners, in one query."""
    found = Membership.objects.filter(subscription__in=list(subscriptions), role=Role.OWNER)
    return list(found.order_by("user__username").values_list("user__username", flat=True).distinct())


def _only_looks(user: User) -> bool:
    grant = grant_of(user)
    return grant is not None and not set(grant.token.scopes) - {Scope.READ}


def _known_role(user: User, site: Site) -> Role | None:
    user_id, role = getattr(site, "role_read", (None, None))
    return role if user_id == user.pk else None


def _best(*roles: str | None) -> Role | None:
    return next((role for role in _BEST_FIRST if role in roles), None)
