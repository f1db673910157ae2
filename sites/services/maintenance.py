"""The maintenance page of a slot: what it says, and whether visitors get it in place of the content."""

import json

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import PreconditionFailed, SettingRefused
from sites.models import MaintenancePage, Operation, Slot
from sites.models.fields import keyed_digests
from sites.models.visitor_rule import touch_entrance
from sites.operations.kinds.recorded import MAINTENANCE
from sites.router.table import MAX_PAGE_BYTES as MAX_PAGE_BYTES
from sites.services.addresses import networks
from sites.services.effect import once_routers_have_it

LONGEST_SECONDS = 7 * 86_400
"""Of Retry-After."""


def page_of(slot: Slot) -> MaintenancePage:
    """What was saved for the slot, or what holds without."""
    return MaintenancePage.objects.filter(slot=slot).first() or MaintenancePage(slot=slot)


def state_of(slot: Slot) -> str:
    """A keyed digest of the page, to tell whether it is still the same; the switch is no part of it."""
    return keyed_digests(_described(page_of(slot)))[0]


def was_as_sent(state: str, *, html: str, retry_after_seconds: int, addresses: list[str]) -> bool:
    """Whether a page like this had that `state_of`: whoever sends both has changed nothing of it.

    Raises SettingRefused for addresses that are none.
    """
    sent = MaintenancePage(html=html, retry_after_seconds=retry_after_seconds, addresses=networks(addresses))
    return _is_state(sent, state)


def set_maintenance(
    *,
    acting_user: User,
    slot: Slot,
    is_on: bool | None = None,
    html: str | None = None,
    retry_after_seconds: int | None = None,
    addresses: list[str] | None = None,
    expected: str | None = None,
) -> Operation:
    """Begin or end maintenance, and change its page; None leaves as it is. An empty `html` is Greenroom's own page.
    Visitors from `addresses` reach the content all the same. `expected` is a `state_of`: nothing is changed if the page
    has another one by now.

    It is one change of the routes, so no visitor gets a part of it. Returns when every router has it, or its record
    says which has not. Raises SettingRefused, PreconditionFailed and NotAllowed.
    """
    slot = access.slot_for_change(acting_user, slot)
    if html is not None:
        _check_page(html)
    if retry_after_seconds is not None and not 1 <= retry_after_seconds <= LONGEST_SECONDS:
        raise SettingRefused(
            f"Visitors cannot be asked to come back in {retry_after_seconds} seconds; nothing was saved. "
            f"Type a whole number from 1 to {LONGEST_SECONDS}."
        )
    let_in = None if addresses is None else networks(addresses)
    with transaction.atomic():
        held = Slot.objects.select_for_update().get(pk=slot.pk)
        page = page_of(slot)
        if expected is not None and not _is_state(page, expected):
            raise PreconditionFailed(name=slot.title, reason="its maintenance page was changed since you looked")
        page.html = page.html if html is None else html
        page.retry_after_seconds = retry_after_seconds or page.retry_after_seconds
        page.addresses = page.addresses if let_in is None else let_in
        page.save()
        before, after = held.is_in_maintenance, held.is_in_maintenance if is_on is None else is_on
        Slot.objects.filter(pk=slot.pk).update(is_in_maintenance=after)
        slot.is_in_maintenance = after
        touch_entrance(slot)
        record = MAINTENANCE.record(
            acting_user=acting_user,
            actor_name=acting_user.get_username(),
            site=slot.site,
            target=slot.title,
            outcome=_outcome(slot.title, before=before, after=after),
        )
        once_routers_have_it(slot.site, record)
    return record


def _is_state(page: MaintenancePage, digest: str) -> bool:
    return digest in keyed_digests(_described(page))


def _described(page: MaintenancePage) -> str:
    """Browsers and programs end lines in different ways."""
    return json.dumps([page.html.replace("\r\n", "\n"), page.retry_after_seconds, page.addresses])


def _outcome(title: str, *, before: bool, after: bool) -> str:
    if after:
        return f"Visitors of '{title}' get its maintenance page."
    if before:
        return f"'{title}' is open to visitors again."
    return f"The maintenance page of '{title}' was saved; it is not shown."


def _check_page(html: str) -> None:
    size = len(html.encode())
    if size > MAX_PAGE_BYTES:
        raise SettingRefused(
            f"The maintenance page has {size} bytes, and {MAX_PAGE_BYTES} are possible; nothing was saved. "
            "Make it shorter: link to its pictures and styles, at another address than this web site's."
        )
    if "\0" in html:
        raise SettingRefused("The maintenance page has a zero byte in it; nothing was saved. Type it again.")
