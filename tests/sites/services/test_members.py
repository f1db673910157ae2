"""A subscription's people: added, given roles and removed by its owners, and never without an owner."""

import pytest
from django.contrib.auth.models import User

from sites.errors import LastOwner, NotAllowed, NotFound, SettingRefused
from sites.models import Membership, Operation, Role, Subscription
from sites.services import members, subscriptions
from tests.domain import Domain


def roles(subscription: Subscription) -> dict[str, str]:
    return {member.user.get_username(): member.role for member in subscription.memberships.select_related("user")}


def membership(domain: Domain, name: str) -> Membership:
    return domain.subscription.memberships.get(user__username=name)


def test_an_owner_adds_somebody_who_has_an_account(domain: Domain) -> None:
    operation = members.add_person(
        acting_user=domain.alice, subscription=domain.subscription, name=" Charlie ", role="contributor"
    )
    assert roles(domain.subscription)["charlie"] == Role.CONTRIBUTOR
    assert (operation.kind, operation.actor_name) == ("members", "alice")
    assert operation.outcome == "Added charlie to 'Default' as a contributor."


def test_an_owner_adds_a_new_person_who_has_no_password_yet(domain: Domain) -> None:
    members.add_new_person(acting_user=domain.alice, subscription=domain.subscription, name="dora", role="reader")
    assert roles(domain.subscription)["dora"] == Role.READER
    assert not User.objects.get(username="dora").has_usable_password()


@pytest.mark.parametrize("name", ["", "two words", "x" * 151, "Charlie", "bob"])
def test_a_name_that_cannot_be_an_account_makes_none(domain: Domain, name: str) -> None:
    count = User.objects.count()
    with pytest.raises(SettingRefused):
        members.add_new_person(acting_user=domain.alice, subscription=domain.subscription, name=name, role="reader")
    assert User.objects.count() == count


def test_nobody_is_added_twice_or_with_an_unknown_role(domain: Domain) -> None:
    for name, role in (("bob", "reader"), ("charlie", "king"), ("nobody", "reader")):
        with pytest.raises(SettingRefused):
            members.add_person(acting_user=domain.alice, subscription=domain.subscription, name=name, role=role)
    assert roles(domain.subscription) == {"alice": Role.OWNER, "bob": Role.READER}


def test_a_role_is_changed(domain: Domain) -> None:
    operation = members.change_role(acting_user=domain.alice, membership=membership(domain, "bob"), role="owner")
    assert operation.outcome == "bob is an owner of 'Default' now, and was a reader before."
    members.change_role(acting_user=domain.bob, membership=membership(domain, "alice"), role="reader")
    assert roles(domain.subscription) == {"alice": Role.READER, "bob": Role.OWNER}


def test_the_last_owner_cannot_leave_or_become_less(domain: Domain) -> None:
    own = membership(domain, "alice")
    with pytest.raises(LastOwner, match="alice is the last owner of the subscription 'Default'"):
        members.change_role(acting_user=domain.alice, membership=own, role="reader")
    with pytest.raises(LastOwner):
        members.remove_person(acting_user=domain.alice, membership=own)
    assert roles(domain.subscription)["alice"] == Role.OWNER


def test_a_removed_person_sees_nothing_and_keeps_the_account(domain: Domain) -> None:
    bob = membership(domain, "bob")
    members.remove_person(acting_user=domain.alice, membership=bob)
    assert roles(domain.subscription) == {"alice": Role.OWNER}
    assert User.objects.filter(username="bob", is_active=True).exists()
    with pytest.raises(NotFound):
        members.remove_person(acting_user=domain.alice, membership=bob)


def test_everybody_may_leave(domain: Domain) -> None:
    members.remove_person(acting_user=domain.bob, membership=membership(domain, "bob"))
    assert "bob" not in roles(domain.subscription)


@pytest.mark.parametrize(("name", "refusal"), [("bob", NotAllowed), ("charlie", NotFound)])
def test_only_owners_change_people_and_names(domain: Domain, name: str, refusal: type[Exception]) -> None:
    person, before = getattr(domain, name), Operation.objects.count()
    own = {"acting_user": person, "subscription": domain.subscription}
    alice = {"acting_user": person, "membership": membership(domain, "alice")}
    asked = (
        lambda: members.add_person(**own, name="charlie", role="owner"),
        lambda: members.add_new_person(**own, name="eve", role="owner"),
        lambda: members.change_role(**alice, role="reader"),
        lambda: members.remove_person(**alice),
        lambda: subscriptions.rename(**own, name="Mine"),
    )
    for ask in asked:
        with pytest.raises(refusal):
            ask()
    assert roles(domain.subscription) == {"alice": Role.OWNER, "bob": Role.READER}
    assert Operation.objects.count() == before
    assert not User.objects.filter(username="eve").exists()


def test_a_reader_cannot_give_himself_another_role(domain: Domain) -> None:
    with pytest.raises(NotAllowed):
        members.change_role(acting_user=domain.bob, membership=membership(domain, "bob"), role="owner")


def test_an_owner_makes_and_renames_subscriptions(domain: Domain) -> None:
    operation = subscriptions.create(acting_user=domain.alice, name="  Second   one ")
    second = Subscription.objects.get(name="Second one")
    assert roles(second) == {"alice": Role.OWNER}
    assert operation.subscription == second
    subscriptions.rename(acting_user=domain.alice, subscription=second, name="second one")
    for name in ("", "x" * 65, "second one", "DEFAULT"):
        with pytest.raises(SettingRefused):
            subscriptions.rename(acting_user=domain.alice, subscription=second, name=name)
    with pytest.raises(SettingRefused):
        subscriptions.create(acting_user=domain.alice, name="default")


def test_whoever_owns_nothing_makes_no_subscription(domain: Domain) -> None:
    for person in (domain.bob, domain.charlie):
        with pytest.raises(NotAllowed):
            subscriptions.create(acting_user=person, name="Mine")
    assert Subscription.objects.count() == 1
