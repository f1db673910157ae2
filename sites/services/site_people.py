"""The people of one web site and their roles in it; for the owners of its subscription."""

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotFound, Refused, SettingRefused
from sites.models import Operation, Role, Site, SiteMember
from sites.operations.kinds.recorded import SITE_PEOPLE
from sites.services import accounts
from sites.services.accounts import with_article


@transaction.atomic
def add_member(*, acting_user: User, site: Site, name: str, role: str, is_new: bool = False) -> Operation:
    """Give somebody a role in this web site alone, with a new account if `is_new`.

    Raises NotAllowed, before it tells whether there is such an account; Refused for one too many; SettingRefused.
    """
    site = _owned(acting_user, site)
    wanted = _role(role)
    person = accounts.new(name) if is_new else accounts.existing(name)
    if site.members.filter(user=person).exists():
        raise SettingRefused(
            f"{person.get_username()} belongs to '{site.name}' already; nothing was changed. Change the role instead."
        )
    if site.members.count() >= SiteMember.MOST:
        raise Refused(
            f"'{site.name}' has {SiteMember.MOST} people of its own, and no web site has more; nothing was changed. "
            "Remove somebody, or add the person to the subscription."
        )
    _ensure_more(site, person, wanted, "Give a better role, or remove the person from the subscription first.")
    SiteMember.objects.create(site=site, user=person, role=wanted)
    return _record(acting_user, site, f"Added {person.get_username()} to '{site.name}' as {with_article(wanted)}.")


@transaction.atomic
def change_member(*, acting_user: User, site: Site, number: int, role: str) -> Operation:
    """Another role for somebody who belongs to it. Raises NotAllowed, NotFound, or SettingRefused for the role."""
    site = _owned(acting_user, site)
    member, wanted = _member(site, number), _role(role)
    person, former = member.user.get_username(), Role(member.role)
    if wanted == former:
        raise SettingRefused(f"{person} is {with_article(wanted)} already; nothing was changed. Choose another role.")
    _ensure_more(site, member.user, wanted, "Remove the role in the web site instead.")
    member.role = wanted
    member.save(update_fields=["role"])
    now, before = with_article(wanted), with_article(former)
    return _record(acting_user, site, f"{person} is {now} of '{site.name}' now, and was {before} before.")


@transaction.atomic
def remove_member(*, acting_user: User, site: Site, number: int) -> Operation:
    """End a role; the account stays. Everybody may leave. Raises NotAllowed, NotFound."""
    site = access.get_site(acting_user, site.name)
    if not site.members.filter(pk=number, user=acting_user).exists():
        site = _owned(acting_user, site)
    member = _member(site, number)
    member.delete()
    return _record(acting_user, site, f"Removed {member.user.get_username()} from '{site.name}'. The account remains.")


def _owned(acting_user: User, site: Site) -> Site:
    """Under a lock, so that two who add people at once do not exceed the number."""
    site = access.get_site_for_owner(acting_user, site.name)
    Site.objects.select_for_update().get(pk=site.pk)
    return site


def _member(site: Site, number: int) -> SiteMember:
    member = site.members.select_related("user").filter(pk=number).first()
    if member is None:
        raise NotFound
    return member


def _ensure_more(site: Site, person: User, wanted: Role, remedy: str) -> None:
    """A role in one site says 'and no other'; for who has it in the subscription already that would not be true."""
    if access.has_at_least(person, site.subscription, wanted):
        raise SettingRefused(
            f"{person.get_username()} belongs to the subscription '{site.subscription.name}' and so is at least "
            f"{with_article(wanted)} of all its web sites; nothing was changed. {remedy}"
        )


def _role(role: str) -> Role:
    if role not in SiteMember.ROLES:
        raise SettingRefused(
            f"'{role}' is no role in a web site; nothing was changed. Choose contributor or reader. "
            "Owners belong to the subscription."
        )
    return Role(role)


def _record(acting_user: User, site: Site, outcome: str) -> Operation:
    return SITE_PEOPLE.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        subscription=site.subscription,
        site=site,
        target=site.name,
        outcome=outcome,
    )
