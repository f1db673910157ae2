"""Create, find and revoke access tokens, by which programs act for a person."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from sites import access
from sites.errors import NotFound, Refused, SettingRefused
from sites.models import AccessToken, Scope, Trust
from sites.models.clock import now
from sites.services.plain_line import plain_line

PREFIX = "greenroom_"
"""So that people and scanners of secrets know a token by its beginning."""
_TEXT = re.compile(PREFIX + r"[\w-]{43}", re.ASCII)
LONGEST_NAME = 64
MAX_DAYS = 366
MAX_TOKENS = 50
"""Of one person."""
NOTED_EVERY = timedelta(minutes=1)


def of(user: User) -> QuerySet[AccessToken]:
    """The person's tokens, newest first, with those that have expired."""
    return AccessToken.objects.filter(user=user, trust=None).select_related("site")


def create(
    *, acting_user: User, name: str, scopes: Iterable[str], days: int, site_name: str = ""
) -> tuple[AccessToken, str]:
    """A token of `acting_user` for `days`, and its text, which is not kept. Without `site_name` it is for all sites.

    Raises SettingRefused for what cannot be taken, NotFound for a site that the person does not see, and Refused for
    one token too many.
    """
    name = plain_line(name, "The name of the access token")
    wanted = sorted({scope for scope in scopes})
    if not name or len(name) > LONGEST_NAME:
        raise _refused(f"its name has 1 to {LONGEST_NAME} characters")
    if not wanted or not set(wanted) <= set(Scope.values):
        raise _refused(f"it needs at least one scope of {', '.join(Scope.values)}")
    if not 1 <= days <= MAX_DAYS:
        raise _refused(f"it is in force for 1 to {MAX_DAYS} days")
    site = access.get_site(acting_user, site_name) if site_name else None
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=acting_user.pk)  # so that two at once do not exceed the number
        if AccessToken.objects.filter(user=acting_user, trust=None).count() >= MAX_TOKENS:
            raise Refused(
                f"You have {MAX_TOKENS} access tokens, and nobody has more. Nothing was created. "
                "Revoke one that you no longer use."
            )
        token = AccessToken.objects.create(
            user=acting_user,
            name=name,
            digest=_digest(text),
            site=site,
            scopes=wanted,
            expires_at=now() + timedelta(days=days),
        )
    return token, text


def issue_for(trust: Trust, scopes: Iterable[str], lasts: timedelta) -> tuple[AccessToken, str]:
    """A token for a program that the site trusts, and its text: of the trust's person, for its site alone."""
    AccessToken.objects.filter(trust=trust, expires_at__lt=now()).delete()
    text = PREFIX + secrets.token_urlsafe(32)
    token = AccessToken.objects.create(
        user=trust.person,
        name=trust.name,
        digest=_digest(text),
        site=trust.site,
        trust=trust,
        scopes=sorted(scopes),
        expires_at=now() + lasts,
    )
    return token, text


def revoke(*, acting_user: User, number: int) -> AccessToken:
    """End one of the person's tokens at once. Raises NotFound."""
    token = AccessToken.objects.filter(user=acting_user, pk=number, trust=None).first()
    if token is None:
        raise NotFound
    token.delete()
    return token


def find(text: str) -> AccessToken | None:
    """The token in force with that text, with its person; notes that it was used. None when there is none."""
    if not _TEXT.fullmatch(text):
        return None
    return _in_force(AccessToken.objects.filter(digest=_digest(text)))


def find_again(number: int) -> AccessToken | None:
    """As `find`, by the number of a token whose text was shown before."""
    return _in_force(AccessToken.objects.filter(pk=number))


def _in_force(found: QuerySet[AccessToken]) -> AccessToken | None:
    moment = now()
    token = found.select_related("user", "site").filter(expires_at__gt=moment, user__is_active=True).first()
    if token is not None and (token.used_at is None or token.used_at <= moment - NOTED_EVERY):
        AccessToken.objects.filter(Q(used_at=None) | Q(used_at__lt=moment), pk=token.pk).update(used_at=moment)
    return token


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(reason: str) -> SettingRefused:
    return SettingRefused(
        f"The access token cannot be created: {reason}. Nothing was created; change it and try again."
    )
