"""The only way from a user to a subscription, a site, a slot or an operation.

A user who comes by an access token has a Grant, which takes from the user's rights and never adds any.
"""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import F, Prefetch, Q, QuerySet

from sites.errors import NotAllowed, NotFound, ScopeMissing
from sites.models import AccessToken, Membership, Operation, Role, Scope, Site, Slot, Subscription

WRITING_ROLES = (Role.OWNER, Role.CONTRIBUTOR)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token leaves of its person's rights: one site or all, and looking or also changing."""

    token: AccessToken

    @property
    def site_id(self) -> int | None:
        """The only site that it leads to; None for all."""
        return self.token.site_id

    def ensure(self, scope: str) -> None:
        """Raises ScopeMissing."""
        if not self.token.allows(scope):
            raise ScopeMissing(name=self.token.name, scope=scope)


def by_token(token: AccessToken) -> User:
    """The token's person, with the rights that the token leaves."""
    token.user.grant = Grant(token)  # type: ignore[attr-defined]
    return token.user


def grant_of(user: User) -> Grant | None:
    """What limits the user; None for somebody who has signed in."""
    return getattr(user, "grant", None)


def present(user: User) -> Grant:
    """The grant by which `user` came. Raises TypeError for somebody who came without one."""
    grant = grant_of(user)
    if grant is None:
        raise TypeError("only programs ask here, and they come by an access token")
    return grant


def _only_site(user: User) -> int | None:
    grant = grant_of(user)
    return grant.site_id if grant else None


def visible_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions that the user is a member of; none for a token of one site."""
    found = Subscription.objects.filter(memberships__user=user)
    return found if _only_site(user) is None else found.none()


def named_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions whose name and id the user may read: their own, and for a token of one site that of the site."""
    only = _only_site(user)
    if only is None:
        return visible_subscriptions(user)
    return Subscription.objects.filter(memberships__user=user, sites=only)


def writable_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions in which the user may create and change sites."""
    return visible_subscriptions(user).filter(memberships__user=user, memberships__role__in=WRITING_ROLES)


def owned_subscriptions(user: User) -> QuerySet[Subscription]:
    """Subscriptions whose people and name the user may change."""
    return visible_subscriptions(user).filter(memberships__user=user, memberships__role=Role.OWNER)


def visible_sites(user: User) -> QuerySet[Site]:
    """Sites of the user's subscriptions."""
    found = Site.objects.filter(subscription__memberships__user=user)
    only = _only_site(user)
    return found if only is None else found.filter(pk=only)


def visible_operations(user: User) -> QuerySet[Operation]:
    """Operations on the user's subscriptions, also on sites that are gone, and the user's own."""
    if _only_site(user) is not None:
        return Operation.objects.filter(site__in=visible_sites(user))
    return Operation.objects.filter(Q(subscription__in=visible_subscriptions(user)) | Q(actor=user))


def may_change(user: User, site: Site) -> bool:
    """Whether the user is more than a reader of the site's subscription."""
    return _role_of(user, site.subscription) in WRITING_ROLES


def get_subscription(user: User, public_id: str | uuid.UUID) -> Subscription:
    """The subscription of that public id. Raises NotFound for a stranger."""
    subscription = visible_subscriptions(user).filter(public_id=public_id).first()
    if subscription is None:
        raise NotFound
    return subscription


def get_subscription_for_owner(user: User, public_id: str | uuid.UUID) -> Subscription:
    """As `get_subscription`. Raises NotAllowed for everybody but its owners."""
    subscription = get_subscription(user, public_id)
    membership = subscription.memberships.get(user=user)
    if membership.role != Role.OWNER:
        raise NotAllowed(
            f"You may look at the subscription '{subscription.name}' but not change its people or its name: you are "
            f"a {membership.get_role_display()} of it. Its owner is {_owner_of(subscription)}; ask there."
        )
    return subscription


def get_site(user: User, site_name: str) -> Site:
    """The site of that name. Raises NotFound for what is missing and what is not for this user alike."""
    found = visible_sites(user).select_related("subscription").annotate(role=F("subscription__memberships__role"))
    site = found.filter(name=site_name.lower()).first()
    if site is None:
        raise NotFound
    _note_role(user, site.subscription, site.role)
    return site


def get_site_for_change(user: User, site_name: str) -> Site:
    """As `get_site`. Raises NotAllowed for a reader."""
    site = get_site(user, site_name)
    ensure_may_change(user, site.subscription, site.name)
    return site


def get_slot(user: User, site_name: str, slot_name: str) -> Slot:
    """The slot of that site and name, with all that its pages show. Raises NotFound."""
    related = (
        "site__subscription",
        "workload__active_deployment",
        "live_revision",
        "hold__operation",
        "source_control",
    )
    siblings = Slot.objects.select_related("workload__active_deployment").defer("publishing_password")
    found = (
        Slot.objects.filter(site__subscription__memberships__user=user)
        .annotate(role=F("site__subscription__memberships__role"))
        .select_related(*related)
        .defer("live_revision__snapshot", "hold__operation__before", "source_control__password")
        .prefetch_related(Prefetch("site__slots", siblings))
    )
    only = _only_site(user)
    if only is not None:
        found = found.filter(site=only)
    slot = found.filter(site__name=site_name.lower(), name=slot_name.lower()).first()
    if slot is None:
        raise NotFound
    _note_role(user, slot.site.subscription, slot.role)
    return slot


def get_slot_for_change(user: User, site_name: str, slot_name: str) -> Slot:
    """As `get_slot`. Raises NotAllowed for a reader."""
    slot = get_slot(user, site_name, slot_name)
    ensure_may_change(user, slot.site.subscription, slot.title)
    return slot


def get_slot_for_log(user: User, site_name: str, slot_name: str) -> Slot:
    """As `get_slot`. Raises NotAllowed for a reader: an application may write secrets into its log."""
    slot = get_slot(user, site_name, slot_name)
    role = _role_of(user, slot.site.subscription)
    if role not in WRITING_ROLES:
        raise NotAllowed(
            f"You may not see the log of '{slot.title}': applications may write secrets into it, and you are a "
            f"{role.label if role else 'stranger'} of the subscription '{slot.site.subscription.name}'. "
            f"Ask {_owner_of(slot.site.subscription)} for the role of a contributor."
        )
    return slot


def slot_for_change(user: User, slot: Slot) -> Slot:
    """As `get_slot_for_change`; a slot that this user was given is taken as it is, so that one request asks once."""
    if not _is_given_to(user, slot.site):
        return get_slot_for_change(user, slot.site.name, slot.name)
    ensure_may_change(user, slot.site.subscription, slot.title)
    return slot


def site_for_change(user: User, site: Site) -> Site:
    """As `slot_for_change`."""
    if not _is_given_to(user, site):
        return get_site_for_change(user, site.name)
    ensure_may_change(user, site.subscription, site.name)
    return site


def get_operation(user: User, public_id: str | uuid.UUID) -> Operation:
    """The operation of that public id. Raises NotFound."""
    try:
        operation = visible_operations(user).filter(public_id=public_id).first()
    except (ValidationError, ValueError):
        operation = None
    if operation is None:
        raise NotFound
    return operation


def get_operation_for_change(user: User, public_id: str | uuid.UUID) -> Operation:
    """As `get_operation`. Raises NotAllowed for a reader."""
    operation = get_operation(user, public_id)
    if operation.subscription is not None:  # asking for it once is no right to go on with it
        ensure_may_change(user, operation.subscription, operation.target)
    return operation


def ensure_may_change(user: User, subscription: Subscription, name: str) -> None:
    """Raises NotFound for a stranger and NotAllowed for a reader; `name` is what was to be changed.

    Also raises ScopeMissing for a token that may only look.
    """
    grant = grant_of(user)
    if grant is not None and not set(grant.token.scopes) - {Scope.READ}:
        raise ScopeMissing(name=grant.token.name, scope=Scope.ADMINISTER)
    role = _role_of(user, subscription)
    if role is None:
        raise NotFound
    if role not in WRITING_ROLES:
        raise NotAllowed(
            name=name,
            role=role.label,
            subscription=subscription.name,
            owner=_owner_of(subscription),
        )


def _note_role(user: User, subscription: Subscription, role: str) -> None:
    """Remember what was read together with the subscription, for as long as the object lives: one request."""
    subscription.role_read = (user.pk, Role(role))  # type: ignore[attr-defined]


def _known_role(user: User, subscription: Subscription) -> Role | None:
    user_id, role = getattr(subscription, "role_read", (None, None))
    return role if user_id == user.pk else None


def _is_given_to(user: User, site: Site) -> bool:
    """Whether the site was read for the user through this gate, in this request."""
    is_loaded = Site.subscription.is_cached(site)
    return is_loaded and _known_role(user, site.subscription) is not None


def _role_of(user: User, subscription: Subscription) -> Role | None:
    """The user's role; None for a stranger."""
    known = _known_role(user, subscription)
    if known is not None:
        return known
    role = Membership.objects.filter(subscription=subscription, user=user).values_list("role", flat=True).first()
    return None if role is None else Role(role)


def _owner_of(subscription: Subscription) -> str:
    owner = subscription.memberships.filter(role=Role.OWNER).select_related("user").first()
    return owner.user.get_username() if owner else "not named"
