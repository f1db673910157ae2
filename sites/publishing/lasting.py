"""Whether the credentials that opened a stream still hold, while it goes on."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import close_old_connections

from sites import access
from sites.errors import NotAllowed, NotFound
from sites.models import DeploymentUser, Scope, Slot
from sites.services import access_tokens
from sites.services.publisher import Publisher


def lasting(publisher: Publisher, slot: Slot) -> Callable[[], bool]:
    """To be asked again and again, from any thread: whether who has shown credentials may still have the slot's log.

    A person may as long as the right to change the web site lasts, and the access token or the deployment credentials.
    """
    if publisher.user is None:
        return _alone(lambda: _has_password(slot.pk, slot.publishing_password))
    person = publisher.user
    if (grant := access.grant_of(person)) is not None:
        number = grant.token.pk
        return _alone(lambda: _has_token(slot.pk, number))
    password = _deployment_password(person.pk)
    return _alone(lambda: _is_known(slot.pk, person.pk, password))


def _alone(check: Callable[[], bool]) -> Callable[[], bool]:
    """With a connection to the database for as long as the check takes."""

    def checked() -> bool:
        close_old_connections()
        try:
            return check()
        finally:
            close_old_connections()

    return checked


def _has_password(slot_id: int, password: str) -> bool:
    slot = Slot.objects.filter(pk=slot_id).only("publishing_password").first()
    return slot is not None and slot.publishing_password == password


def _has_token(slot_id: int, number: int) -> bool:
    token = access_tokens.find_again(number)
    return token is not None and token.allows(Scope.PUBLISH) and _may_change(access.by_token(token), slot_id)


def _is_known(slot_id: int, person_id: int, password: str | None) -> bool:
    person = User.objects.filter(pk=person_id, is_active=True).first()
    return person is not None and _deployment_password(person_id) == password and _may_change(person, slot_id)


def _deployment_password(person_id: int) -> str | None:
    """Its hash."""
    return DeploymentUser.objects.filter(user=person_id).values_list("password", flat=True).first()


def _may_change(person: User, slot_id: int) -> bool:
    slot = Slot.objects.filter(pk=slot_id).select_related("site").first()
    try:
        return slot is not None and access.slot_for_change(person, slot) is not None
    except (NotAllowed, NotFound):
        return False
