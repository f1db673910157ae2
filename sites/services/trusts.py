"""Which identity tokens a web site trusts: made, confirmed and removed by people who may change the site.

What comes by a trust acts for its person: whoever made it, or confirmed it last. When that person may no longer change
the site, nothing comes by it any more, until somebody else who may confirms it.
"""

import re
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import User
from django.db import transaction

from sites import access
from sites.errors import NotFound, Refused, SettingRefused, TrustRefused
from sites.identities import issuers
from sites.models import AccessToken, Operation, Scope, Site, Trust
from sites.operations.kinds.recorded import TRUSTS
from sites.services.plain_line import plain_line

LONGEST_NAME = 64
LONGEST_VALUE = 300
MOST_CLAIMS = 16
_CLAIM = re.compile(r"[\w.:/-]{1,100}", re.ASCII)
RESERVED = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
"""Claims that are checked in any case."""
GITHUB = "https://token.actions.githubusercontent.com"
OF_ALL = {
    GITHUB: ("repository", "repository_id", "sub"),
    "https://gitlab.com": ("project_path", "project_id", "sub"),
}
"""Issuers that sign for everybody: their tokens say nothing without one of these claims."""


def of(site: Site) -> list[Trust]:
    """By name, with their people."""
    return list(site.trusts.select_related("person"))


def claims_of(text: str) -> dict[str, str]:
    """What was typed as lines NAME=VALUE. Raises TrustRefused."""
    claims: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not _CLAIM.fullmatch(name) or not value or len(value) > LONGEST_VALUE:
            raise TrustRefused(reason=f"the line '{line[:80]}' is no claim. Write NAME=VALUE in each line")
        if name in RESERVED:
            raise TrustRefused(reason=f"the claim '{name}' is checked in any case. Leave it out")
        if name in claims:
            raise TrustRefused(reason=f"the claim '{name}' is there twice. Leave one out")
        claims[name] = value
    if not 1 <= len(claims) <= MOST_CLAIMS:
        raise TrustRefused(reason=f"it needs 1 to {MOST_CLAIMS} claims, which say whose tokens count")
    return claims


def create(
    *, acting_user: User, site: Site, name: str, issuer: str, audience: str, claims: str, scopes: Iterable[str]
) -> Operation:
    """Trust the tokens of `issuer` for `audience` whose claims (lines NAME=VALUE) are these. Raises Refused."""
    site = access.site_for_change(acting_user, site)
    name = plain_line(name, "The name of the trust")
    if not 1 <= len(name) <= LONGEST_NAME:
        raise TrustRefused(reason=f"its name has 1 to {LONGEST_NAME} characters")
    issuer, audience = issuers.parse(issuer), plain_line(audience, "The audience")
    if not 1 <= len(audience) <= LONGEST_VALUE:
        raise TrustRefused(reason=f"its audience has 1 to {LONGEST_VALUE} characters")
    wanted = claims_of(claims)
    _ensure_somebody(issuer, wanted)
    chosen = sorted(set(scopes))
    if not chosen or not set(chosen) <= set(Scope.values):
        raise TrustRefused(reason=f"it needs at least one scope of {', '.join(Scope.values)}")
    with transaction.atomic():
        Site.objects.select_for_update().get(pk=site.pk)
        if site.trusts.count() >= Trust.MOST:
            raise Refused(
                f"'{site.name}' trusts {Trust.MOST} identities, and no web site has more; nothing was changed. "
                "Remove one that is no longer used."
            )
        if site.trusts.filter(name=name).exists():
            raise TrustRefused(reason=f"'{site.name}' has a trust of the name '{name}' already. Choose another")
        trust = Trust.objects.create(
            site=site,
            name=name,
            issuer=issuer,
            audience=audience,
            claims=wanted,
            scopes=chosen,
            person=acting_user,
        )
        outcome = f"'{site.name}' trusts tokens of {issuer} with {_said(wanted)} now, for {', '.join(chosen)}."
        return _record(acting_user, trust, outcome)


@transaction.atomic
def confirm(*, acting_user: User, site: Site, number: int) -> Operation:
    """From now on what comes by the trust acts for `acting_user`. Raises NotFound, NotAllowed, SettingRefused."""
    trust = _trust(acting_user, site, number)
    former = trust.person.get_username()
    if trust.person_id == acting_user.pk:
        raise SettingRefused(f"What comes by '{trust.name}' acts for you already; nothing was changed.")
    AccessToken.objects.filter(trust=trust).delete()
    trust.person = acting_user
    trust.save(update_fields=["person"])
    return _record(
        acting_user,
        trust,
        f"What comes by the trust '{trust.name}' acts for {acting_user.get_username()}, not {former}.",
    )


@transaction.atomic
def remove(*, acting_user: User, site: Site, number: int) -> Operation:
    """Trust it no longer; tokens that it gave end at once. Raises NotFound, NotAllowed."""
    trust = _trust(acting_user, site, number)
    trust.delete()
    return _record(acting_user, trust, f"'{trust.site.name}' no longer trusts {trust.issuer} by '{trust.name}'.")


def _ensure_somebody(issuer: str, claims: Mapping[str, str]) -> None:
    names = OF_ALL.get(issuer.rstrip("/"), ())
    if names and not set(names) & claims.keys():
        raise TrustRefused(
            reason=f"{issuer} signs tokens for everybody, so one claim must be {' or '.join(names)}. Add it"
        )


def _trust(acting_user: User, site: Site, number: int) -> Trust:
    site = access.site_for_change(acting_user, site)
    trust = site.trusts.select_related("site", "person").filter(pk=number).first()
    if trust is None:
        raise NotFound
    return trust


def _said(claims: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in claims.items())


def _record(acting_user: User, trust: Trust, outcome: str) -> Operation:
    return TRUSTS.record(
        acting_user=acting_user,
        actor_name=acting_user.get_username(),
        subscription=trust.site.subscription,
        site=trust.site,
        target=trust.site.name,
        outcome=outcome,
    )
