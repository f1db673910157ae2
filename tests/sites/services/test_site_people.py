"""The people of one web site: added, given roles and removed by the owners of its subscription."""

import pytest
from django.contrib.auth.models import User

from sites import access
from sites.errors import NotAllowed, NotFound, Refused, SettingRefused
from sites.models import Membership, Role, Site, SiteMember
from sites.services import restore, site_people, slots
from tests.domain import Domain


@pytest.fixture
def site(domain: Domain) -> Site:
    return domain.create("contoso")


def add(domain: Domain, site: Site, role: str = "contributor") -> SiteMember:
    site_people.add_member(acting_user=domain.alice, site=site, name="Charlie", role=role)
    return site.members.get(user=domain.charlie)


def test_a_member_sees_and_changes_exactly_this_site(domain: Domain, site: Site) -> None:
    domain.create("fabrikam")
    add(domain, site)
    assert list(access.visible_sites(domain.charlie)) == [site]
    assert not access.visible_subscriptions(domain.charlie) and not access.writable_subscriptions(domain.charlie)
    assert [one.name for one in access.named_subscriptions(domain.charlie)] == ["Default"]
    slot = access.get_slot_for_change(domain.charlie, "contoso", "production")
    assert slots.restart(acting_user=domain.charlie, slot=slot).actor == domain.charlie
    with pytest.raises(NotFound):
        access.get_site(domain.charlie, "fabrikam")
    sites = {one.site for one in access.visible_operations(domain.charlie)}
    assert sites == {site}


def test_a_reader_of_a_site_looks_and_reads_no_log(domain: Domain, site: Site) -> None:
    add(domain, site, "reader")
    assert access.get_slot(domain.charlie, "contoso", "production").site == site
    with pytest.raises(NotAllowed, match=r"you are a reader of the web site 'contoso'\. The owner is alice"):
        access.get_slot_for_change(domain.charlie, "contoso", "production")
    with pytest.raises(NotAllowed, match="applications may write secrets"):
        access.get_slot_for_log(domain.charlie, "contoso", "production")


def test_the_better_of_two_roles_counts(domain: Domain, site: Site) -> None:
    other = domain.create("fabrikam")
    SiteMember.objects.create(site=site, user=domain.bob, role=Role.CONTRIBUTOR)
    SiteMember.objects.create(site=other, user=domain.alice, role=Role.READER)
    assert access.get_site_for_change(domain.bob, "contoso") == site
    with pytest.raises(NotAllowed, match="you are a reader of the subscription 'Default'"):
        access.get_site_for_change(domain.bob, "fabrikam")
    assert access.get_site_for_change(domain.alice, "fabrikam") == other


def test_each_change_is_recorded_for_the_people_of_the_site(domain: Domain, site: Site) -> None:
    member = add(domain, site)
    changed = site_people.change_member(acting_user=domain.alice, site=site, number=member.pk, role="reader")
    assert changed.outcome == "charlie is a reader of 'contoso' now, and was a contributor before."
    assert changed in access.visible_operations(domain.charlie)
    removed = site_people.remove_member(acting_user=domain.alice, site=site, number=member.pk)
    assert removed.outcome == "Removed charlie from 'contoso'. The account remains."
    assert (removed.kind, removed.site, removed.actor_name) == ("site_people", site, "alice")
    assert not access.visible_sites(domain.charlie)


def test_a_new_person_gets_an_account_and_this_site_alone(domain: Domain, site: Site) -> None:
    site_people.add_member(acting_user=domain.alice, site=site, name="dora", role="reader", is_new=True)
    dora = User.objects.get(username="dora")
    assert not dora.has_usable_password() and list(access.visible_sites(dora)) == [site]


@pytest.mark.parametrize(
    ("name", "role", "is_new"),
    [("nobody", "reader", False), ("charlie", "owner", False), ("charlie", "", False), ("charlie", "reader", True)],
)
def test_what_cannot_be_given_changes_nothing(domain: Domain, site: Site, name: str, role: str, is_new: bool) -> None:
    with pytest.raises(SettingRefused):
        site_people.add_member(acting_user=domain.alice, site=site, name=name, role=role, is_new=is_new)
    assert not SiteMember.objects.exists()


def test_nobody_is_added_twice_or_given_the_role_they_have(domain: Domain, site: Site) -> None:
    member = add(domain, site)
    with pytest.raises(SettingRefused, match="belongs to 'contoso' already"):
        add(domain, site)
    with pytest.raises(SettingRefused, match="is a contributor already"):
        site_people.change_member(acting_user=domain.alice, site=site, number=member.pk, role="contributor")


def test_a_site_has_so_many_people(domain: Domain, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SiteMember, "MOST", 1)
    add(domain, site)
    with pytest.raises(Refused, match="has 1 people of its own"):
        site_people.add_member(acting_user=domain.alice, site=site, name="bob", role="reader")


@pytest.mark.parametrize("name", ["charlie", "nobody"])
def test_whoever_may_not_decide_learns_nothing_of_accounts(domain: Domain, site: Site, name: str) -> None:
    dora = User.objects.create_user("dora")
    contributor = User.objects.create_user("eve")
    SiteMember.objects.create(site=site, user=contributor, role=Role.CONTRIBUTOR)
    Membership.objects.create(subscription=domain.subscription, user=dora, role=Role.CONTRIBUTOR)
    for person in (dora, contributor, domain.bob):
        with pytest.raises(NotAllowed) as refused:
            site_people.add_member(acting_user=person, site=site, name=name, role="reader")
        assert name not in str(refused.value)
    with pytest.raises(NotFound):
        site_people.add_member(acting_user=domain.charlie, site=site, name=name, role="reader")


def test_everybody_may_leave_and_removes_nobody_else(domain: Domain, site: Site) -> None:
    own = add(domain, site)
    other = SiteMember.objects.create(site=site, user=User.objects.create_user("dora"), role=Role.READER)
    with pytest.raises(NotAllowed):
        site_people.remove_member(acting_user=domain.charlie, site=site, number=other.pk)
    site_people.remove_member(acting_user=domain.charlie, site=site, number=own.pk)
    with pytest.raises(NotFound):
        site_people.remove_member(acting_user=domain.charlie, site=site, number=other.pk)


def test_what_a_member_deleted_the_member_restores_while_the_role_lasts(domain: Domain, site: Site) -> None:
    domain.enable(site)
    member = add(domain, site)
    staging = access.get_slot(domain.charlie, "contoso", "staging")
    deleted = domain.work(slots.delete_staging(acting_user=domain.charlie, slot=staging))
    member.delete()
    with pytest.raises(NotFound):
        restore.restore(acting_user=domain.charlie, operation=deleted)
    add(domain, site)
    assert domain.work(restore.restore(acting_user=domain.charlie, operation=deleted)).state == "succeeded"


def test_nobody_gets_in_one_site_what_the_subscription_gives_already(domain: Domain, site: Site) -> None:
    for role in ("reader", "contributor"):
        with pytest.raises(SettingRefused, match=f"alice belongs to the subscription .* at least a {role} of all"):
            site_people.add_member(acting_user=domain.alice, site=site, name="alice", role=role)
    with pytest.raises(SettingRefused, match="bob belongs to the subscription 'Default'"):
        site_people.add_member(acting_user=domain.alice, site=site, name="bob", role="reader")
    site_people.add_member(acting_user=domain.alice, site=site, name="bob", role="contributor")
    member = site.members.get(user=domain.bob)
    with pytest.raises(SettingRefused, match="Remove the role in the web site instead"):
        site_people.change_member(acting_user=domain.alice, site=site, number=member.pk, role="reader")
    assert [one.role for one in site.members.all()] == [Role.CONTRIBUTOR]
