"""The people of a subscription and their roles; for its owners."""

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import LastOwner, NotFound, SettingRefused
from sites.models import Membership, Operation, Role, Subscription
from sites.services import accounts
from sites.services.accounts import with_article
from sites.services.subscriptions import note


@transaction.atomic
def add_person(*, acting_user: User, subscription: Subscription, name: str, role: str) -> Operation:
    """Give somebody who has an account a role. Raises NotAllowed, or SettingRefused for an unknown name or role."""
    subscription = access.get_subscription_for_owner(acting_user, subscription.public_id)
    wanted = _role(role)
    person = accounts.existing(name)
    return _add(acting_user, subscription, person, wanted)


@transaction.atomic
def add_new_person(*, acting_user: User, subscription: Subscription, name: str, role: str) -> Operation:
    """Make an account without a password, and give it a role. Raises NotAllowed, or SettingRefused for the name."""
    subscription = access.get_subscription_for_owner(acting_user, subscription.public_id)
    wanted = _role(role)
    return _add(acting_user, subscription, accounts.new(name), wanted)


@transaction.atomic
def change_role(*, acting_user: User, membership: Membership, role: str) -> Operation:
    """Another role for a member. Raises NotAllowed, LastOwner, or SettingRefused for an unknown role."""
    membership, others = _locked(acting_user, membership)
    wanted = _role(role)
    person = membership.user.get_username()
    if wanted == membership.role:
        raise SettingRefused(f"{person} is {with_article(wanted)} already; nothing was changed. Choose another role.")
    _ensure_owner_stays(membership, others)
    former, membership.role = Role(membership.role), wanted
    membership.save(update_fields=["role"])
    now, before = with_article(wanted), with_article(former)
    outcome = f"{person} is {now} of '{membership.subscription.name}' now, and was {before} before."
    return note(acting_user, membership.subscription, outcome)


@transaction.atomic
def remove_person(*, acting_user: User, membership: Membership) -> Operation:
    """End a membership; the account stays. Everybody may leave. Raises NotAllowed, or LastOwner."""
    membership, others = _locked(acting_user, membership, is_own_possible=True)
    _ensure_owner_stays(membership, others)
    membership.delete()
    person, subscription = membership.user.get_username(), membership.subscription
    return note(acting_user, subscription, f"Removed {person} from '{subscription.name}'. The account remains.")


def _locked(
    acting_user: User, membership: Membership, *, is_own_possible: bool = False
) -> tuple[Membership, list[Membership]]:
    """The membership as it is under a lock on its subscription, and the subscription's others.

    Two owners who remove each other at the same moment take turns here.
    """
    Subscription.objects.select_for_update().get(pk=membership.subscription_id)
    is_own = is_own_possible and membership.user_id == acting_user.pk
    gate = access.get_subscription if is_own else access.get_subscription_for_owner
    subscription = gate(acting_user, membership.subscription.public_id)
    members = {member.pk: member for member in subscription.memberships.select_related("user", "subscription")}
    found = members.pop(membership.pk, None)
    if found is None:
        raise NotFound
    return found, list(members.values())


def _ensure_owner_stays(membership: Membership, others: list[Membership]) -> None:
    if membership.role == Role.OWNER and not any(other.role == Role.OWNER for other in others):
        raise LastOwner(person=membership.user.get_username(), subscription=membership.subscription.name)


def _add(acting_user: User, subscription: Subscription, person: User, role: Role) -> Operation:
    name = person.get_username()
    _, is_new = Membership.objects.get_or_create(subscription=subscription, user=person, defaults={"role": role})
    if not is_new:
        raise SettingRefused(
            f"{name} belongs to '{subscription.name}' already; nothing was changed. Change the role in the list."
        )
    return note(acting_user, subscription, f"Added {name} to '{subscription.name}' as {with_article(role)}.")


def _role(role: str) -> Role:
    if role not in Role.values:
        raise SettingRefused(f"'{role}' is no role; nothing was changed. Choose owner, contributor or reader.")
    return Role(role)
