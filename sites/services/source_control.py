"""Deployment from source control: connect a slot to a repository elsewhere, fetch from it, disconnect it."""

import base64
import secrets as randomness
from contextlib import suppress

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotConnected, Refused, SourceRefused
from sites.models import Operation, Provider, Slot, SourceControl, Step
from sites.operations.kinds.fetch import FETCH
from sites.operations.kinds.recorded import REVEAL, SOURCE_CONTROL
from sites.repositories.remote import parse
from sites.services import operations, requests
from sites.services.commits import is_branch
from sites.services.deployments import touched
from sites.services.plain_line import plain_line
from sites.services.publisher import Publisher

NOT_BEGUN = (Step.REQUESTED, Step.QUEUED)
"""Steps of a fetch that has not asked the repository yet, so it will find whatever is the newest then."""
MAX_USER, MAX_PASSWORD = 100, 4096
SECRET_BYTES = 32


def connected(slot: Slot) -> SourceControl | None:
    """The repository from which the slot is published; None without one."""
    return SourceControl.objects.select_related("last_fetch", "slot__site").filter(slot=slot).first()


def connect(
    *,
    acting_user: User,
    slot: Slot,
    provider: str,
    url: str,
    branch: str,
    user: str = "",
    password: str | None = None,
) -> Operation:
    """Connect the slot, or change what it is connected to, and begin the first fetch.

    With a `password` of None the one that is kept stays, as long as host and user stay. Raises SourceRefused,
    SettingRefused for a control character, and NotAllowed.
    """
    slot = access.slot_for_change(acting_user, slot)
    remote = parse(url)
    wanted = {
        "provider": _provider(provider),
        "url": remote.url,
        "branch": _branch(branch.strip()),
        "user": _credential(user.strip(), "The user", MAX_USER),
    }
    if ":" in wanted["user"]:
        raise SourceRefused(
            reason="A user cannot have a ':' in the name", remedy="Type the password into its own field."
        )
    with transaction.atomic():
        present = SourceControl.objects.select_for_update().filter(slot=slot).first()
        if password is None:
            wanted["password"] = _kept_password(present, remote.authority, remote.scheme, wanted["user"])
        else:
            wanted["password"] = _credential(password, "The password or token", MAX_PASSWORD)
        source, _ = SourceControl.objects.update_or_create(
            slot=slot, defaults=wanted, create_defaults={**wanted, "webhook_secret": new_secret()}
        )
        _record(acting_user, slot, f"'{slot.title}' is deployed from '{source.branch}' of {source.url} now.")
        return _begin(source, slot, Publisher(access.name_of(acting_user), acting_user))


def disconnect(*, acting_user: User, slot: Slot) -> Operation:
    """Forget the repository with its credentials; what the slot serves stays, and a fetch that goes on is cancelled.

    Raises NotConnected and NotAllowed.
    """
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        source = _source(slot)
        fetch = source.last_fetch
        source.delete()
        if fetch is not None and fetch.is_open:
            with suppress(Refused):  # it has switched already, or somebody cancels it
                operations.cancel(acting_user=acting_user, operation=fetch)
        return _record(
            acting_user, slot, f"'{slot.title}' is no longer deployed from {source.url}. It serves what it did."
        )


def sync(*, publisher: Publisher, slot: Slot) -> Operation:
    """Fetch the newest commit and publish it. A fetch that has not begun yet is the same.

    Raises NotConnected and NotAllowed.
    """
    slot = publisher.checked(slot)
    with transaction.atomic():
        return _begin(_source(slot), slot, publisher)


def reveal_webhook_secret(*, acting_user: User, slot: Slot) -> str:
    """With what webhooks are to be signed. Raises NotConnected, and NotAllowed for a reader."""
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        secret = str(_source(slot).webhook_secret)
        record = REVEAL.record(
            acting_user=acting_user,
            actor_name=access.name_of(acting_user),
            site=slot.site,
            target=slot.title,
            outcome=f"The webhook secret of '{slot.title}' was shown.",
        )
        operations.dismiss(acting_user=acting_user, operation=record)  # whoever asked has it before their eyes
        return secret


def reset_webhook_secret(*, acting_user: User, slot: Slot) -> Operation:
    """A new one; webhooks that are signed with the old one are refused at once. Raises NotConnected, NotAllowed."""
    slot = access.slot_for_change(acting_user, slot)
    with transaction.atomic():
        source = _source(slot)
        source.webhook_secret = new_secret()
        source.save(update_fields=["webhook_secret"])
        return _record(
            acting_user, slot, f"The webhook secret of '{slot.title}' was replaced; the old one no longer works."
        )


def new_secret() -> str:
    """256 random bits, in the form in which GitLab wants a signing token; everybody else takes it as a text."""
    return f"whsec_{base64.b64encode(randomness.token_bytes(SECRET_BYTES)).decode()}"


def _begin(source: SourceControl, slot: Slot, publisher: Publisher) -> Operation:
    """In the transaction of what is asked."""
    waiting = source.last_fetch
    if waiting is not None and waiting.is_open and waiting.step in NOT_BEGUN:
        return waiting
    operation = requests.begin(
        FETCH,
        acting_user=publisher.user,
        actor_name=publisher.name,
        site=slot.site,
        slots=touched(slot),
        target=slot.title,
    )
    SourceControl.objects.filter(pk=source.pk).update(last_fetch=operation)
    return operation


def _source(slot: Slot) -> SourceControl:
    """Held until the transaction ends, so that of many at once one begins a fetch."""
    source = SourceControl.objects.select_for_update().filter(slot=slot).first()
    if source is None:
        raise NotConnected(name=slot.title)
    return source


def _provider(text: str) -> str:
    if text not in Provider.values:
        raise SourceRefused(
            reason=f"'{text}' is no place of repositories that is known", remedy="Choose one of those shown."
        )
    return text


def _branch(text: str) -> str:
    if not is_branch(text):
        raise SourceRefused(
            reason=f"'{text}' is not a name of a branch that can be fetched",
            remedy="Use letters, digits, '-', '_', '.' and '/'.",
        )
    return text


def _credential(text: str, what: str, most: int) -> str:
    text = plain_line(text, what)
    if len(text) > most:
        raise SourceRefused(reason=f"{what} is longer than {most} characters", remedy="Type a shorter one.")
    return text


def _kept_password(present: SourceControl | None, authority: str, scheme: str, user: str) -> str:
    """Of the same user at the same host: a password is never sent to another one unasked."""
    if present is None:
        return ""
    is_same = present.url.startswith(f"{scheme}://{authority}/") and present.user == user
    return str(present.password) if is_same else ""


def _record(acting_user: User, slot: Slot, outcome: str) -> Operation:
    return SOURCE_CONTROL.record(
        acting_user=acting_user,
        actor_name=access.name_of(acting_user),
        site=slot.site,
        target=slot.title,
        outcome=outcome,
    )
