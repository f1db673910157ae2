"""Who may visit a slot: addresses, a password, the portal's sign-in; and how a visitor gets a pass."""

import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import User
from django.core import signing
from django.db import IntegrityError, transaction

from sites import access
from sites.counted import counted
from sites.errors import NotFound, PreconditionFailed, SettingRefused, VisitRefused
from sites.keyring import Purpose, key_file
from sites.models import HostName, HostNameKind, Operation, Others, Slot, UsedVisitCode, VisitorRule
from sites.models.clock import now
from sites.models.fields import keyed_digests
from sites.models.visitor_rule import touch_entrance
from sites.operations.kinds.recorded import VISITORS
from sites.router.guard.pages import CODE_PATH as CODE_PATH
from sites.router.guard.pages import PASSWORD_PATH as PASSWORD_PATH
from sites.router.guard.pages import VISIT_PATH as VISIT_PATH
from sites.router.guard.pages import password_form as password_form
from sites.router.guard.pages import visit_ended as visit_ended
from sites.router.guard.passes import NOBODY, Pass, signed
from sites.router.guard.passes import PASS_COOKIE as PASS_COOKIE
from sites.router.guard.passes import STATE_COOKIE as STATE_COOKIE
from sites.router.guard.passes import named as cookie_name  # noqa: F401  the portal's view gets all from here
from sites.router.guard.passes import states_of as state_cookies  # noqa: F401
from sites.router.guard.rule import stamp_of
from sites.services.addresses import networks
from sites.services.effect import once_routers_have_it

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200
PASSWORD_SECONDS = 12 * 3600
"""A pass by the password is good for so long, unless the password is changed."""
SIGN_IN_SECONDS = 3600
"""The same by the sign-in, as long as the person sees the web site in the portal."""
CODE_SECONDS = 60
MAX_STATE, MAX_URL = 128, 4000
OWN_PLACE = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
"""Host name and port as browsers and we read them alike; under a wildcard any label leads to its slot."""
_SALT = "sites.services.visitors"


@dataclass(frozen=True, slots=True)
class Admission:
    """What a visitor gets who was let in."""

    cookie: str
    """The pass."""
    seconds: int


def rule_of(slot: Slot) -> VisitorRule:
    """What was saved for the slot, or what holds without: everybody may visit."""
    return VisitorRule.objects.filter(slot=slot).first() or VisitorRule(slot=slot)


def state_of(slot: Slot) -> str:
    """A keyed digest of the rule, to tell whether it is still the same; tells nothing of the password."""
    return keyed_digests(_described(rule_of(slot)))[0]


def save_visitors(
    *,
    acting_user: User,
    slot: Slot,
    others: str,
    addresses: list[str],
    password: str | None = None,
    expected: str | None = None,
) -> Operation:
    """Let these in from now on. A `password` of None keeps the one there is; `expected` is a `state_of`.

    Returns when every router has it, or its record says which has not; passes for a former password end with it.
    Raises SettingRefused, PreconditionFailed and NotAllowed.
    """
    slot = access.slot_for_change(acting_user, slot)
    wanted = networks(addresses)
    if others not in Others.values:
        raise SettingRefused(f"'{others[:40]}' is no rule for visitors; nothing was saved. Choose one of those shown.")
    if others == Others.REFUSED and not wanted:
        raise SettingRefused(
            "Without an address nobody could visit; nothing was saved. Type the addresses that may, or choose "
            "another rule."
        )
    hashed = _hashed(password) if password and others == Others.PASSWORD else ""
    with transaction.atomic():
        Slot.objects.select_for_update().get(pk=slot.pk)
        rule = rule_of(slot)
        if expected is not None and expected not in keyed_digests(_described(rule)):
            reason = "who may visit it was changed since you looked"
            raise PreconditionFailed(name=slot.title, reason=reason)
        rule.others, rule.addresses = others, wanted
        rule.password = (hashed or rule.password) if others == Others.PASSWORD else ""
        if others == Others.PASSWORD and not rule.password:
            raise SettingRefused("There is no password yet; nothing was saved. Type one for visitors.")
        rule.save()
        touch_entrance(slot)
        record = VISITORS.record(
            acting_user=acting_user,
            actor_name=acting_user.get_username(),
            site=slot.site,
            target=slot.title,
            outcome=_outcome(slot, rule),
        )
        once_routers_have_it(slot.site, record)
    return record


def slot_id_at(host: str) -> int:
    """Of the slot at a host name, also of one under a wildcard. Raises NotFound."""
    return _of_host(host)[0].pk


def by_password(host: str, password: str) -> Admission:
    """A pass for the visitor of a host name who knows the password. Raises VisitRefused.

    Whoever calls sees to it that few are asked for: a try costs a processor about half a second.
    """
    slot, rule = _of_host(host)
    is_right = rule.others == Others.PASSWORD and check_password(password[:LONGEST_PASSWORD], rule.password)
    if not is_right:
        raise VisitRefused(reason="That is not the password")
    return _admission(slot, host, NOBODY, stamp_of(rule.password), PASSWORD_SECONDS)


def way_back(*, acting_user: User, to: str, state: str) -> str:
    """Where a person is led on who wanted to visit `to` and has signed in: once, within a minute, with that state.

    Raises NotFound for an address that is no slot's, and VisitRefused where this person has no role.
    """
    wanted = _place(to)
    host = (wanted.hostname or "").rstrip(".")
    slot, rule = _of_host(host)
    if rule.others != Others.SIGN_IN or not 0 < len(state) <= MAX_STATE:
        raise NotFound
    try:
        access.get_slot(acting_user, slot.site.name, slot.name)
    except NotFound:
        # That the web site is here, and asks who comes, its own address has told already
        raise VisitRefused(
            f"You are signed in as '{acting_user.get_username()}', who has no role in the web site at {host}, so you "
            "were not let in. Ask its owner for a role, or sign in as somebody who has one."
        ) from None
    said = {"slot": slot.pk, "host": host, "person": acting_user.pk, "state": _digest(state), "once": _random()}
    path = wanted.path + (f"?{wanted.query}" if wanted.query else "")
    query = urlencode({"code": signing.dumps(said, salt=_SALT), "next": path or "/"})
    return f"{wanted.scheme}://{wanted.netloc}{CODE_PATH}?{query}"


def by_code(host: str, code: str, *states: str) -> Admission:
    """A pass for whoever comes back with a code; one of the states is that of the browser that went.

    Raises VisitRefused.
    """
    refusal = VisitRefused(
        reason="The way back from the sign-in was too long, was gone before, or is another browser's"
    )
    try:
        said = signing.loads(code, salt=_SALT, max_age=CODE_SECONDS)
    except signing.BadSignature:
        raise refusal from None
    slot, rule = _of_host(host)
    if (said["slot"], said["host"]) != (slot.pk, host) or said["state"] not in map(_digest, filter(None, states)):
        raise refusal
    if rule.others != Others.SIGN_IN:
        raise refusal
    UsedVisitCode.objects.filter(expires_at__lt=now()).delete()
    try:
        with transaction.atomic():
            until = datetime.fromtimestamp(time.time() + 2 * CODE_SECONDS, tz=UTC)
            UsedVisitCode.objects.create(digest=_digest(said["once"]), expires_at=until)
    except IntegrityError:
        raise refusal from None
    return _admission(slot, host, said["person"], "", SIGN_IN_SECONDS)


def _admission(slot: Slot, host: str, person: int, stamp: str, seconds: int) -> Admission:
    key, *_ = key_file(settings.KEY_FILE).read().derived(Purpose.VISITS)
    return Admission(signed(key, Pass(slot.pk, host, person, stamp, int(time.time()) + seconds)), seconds)


def _of_host(host: str) -> tuple[Slot, VisitorRule]:
    """The slot at a host name, and its rule. Raises NotFound."""
    names = [host, f"*.{host.partition('.')[2]}"]
    rows = HostName.objects.filter(name__in=names).exclude(kind=HostNameKind.PUBLISHING)
    found = {row.name: row.slot for row in rows.select_related("slot__site", "slot__visitor_rule")}
    slot = found.get(names[0]) or found.get(names[1])
    if slot is None:
        raise NotFound
    return slot, getattr(slot, "visitor_rule", None) or VisitorRule(slot=slot)


def _place(to: str) -> SplitResult:
    """An address, read. Raises NotFound for a port that is not ours, and where browsers may read another host."""
    try:
        wanted = urlsplit(to[: MAX_URL + 1])
        is_own_port = wanted.port in (None, settings.PORT, settings.HTTPS_PORT)
    except ValueError:
        raise NotFound from None
    is_read_alike = wanted.scheme in ("http", "https") and OWN_PLACE.fullmatch(wanted.netloc) is not None
    if len(to) > MAX_URL or not is_own_port or not is_read_alike:
        raise NotFound
    return wanted


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise SettingRefused(
            f"A password for visitors has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; nothing was saved. "
            "Type another one."
        )
    return make_password(password)


def _described(rule: VisitorRule) -> str:
    return json.dumps([rule.others, rule.addresses, rule.password])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _random() -> str:
    return secrets.token_urlsafe(24)


def _outcome(slot: Slot, rule: VisitorRule) -> str:
    whence = counted(len(rule.addresses), "address or network", "addresses or networks")
    whence = f" Visitors from {whence} are not asked." if rule.addresses else ""
    return f"'{slot.title}': {Others(rule.others).label}.{'' if rule.is_open else whence}"
