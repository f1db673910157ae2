"""A genuine identity token that a web site trusts, for an access token of 15 minutes (RFC 8693)."""

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from sites import access
from sites.errors import IdentityRefused, ScopeMissing, TooManyExchanges
from sites.identities import tokens
from sites.identities.issuers import IssuerSilent
from sites.identities.tokens import Identity, TokenFault
from sites.models import AccessToken, Scope, SpentIdentity, Trust
from sites.models.clock import now
from sites.plain_text import visible
from sites.services import access_tokens

logger = logging.getLogger(__name__)
LASTS = timedelta(minutes=15)
MOST = 60
"""So many tokens of one trust are in force at the same time."""
NOTED_EVERY = timedelta(minutes=1)
SHOWN = 60


def exchange(*, site_name: str, identity_token: str, scopes: list[str] | None = None) -> tuple[AccessToken, str]:
    """An access token for the site, and its text. Without `scopes` it has all that the trust gives.

    Raises IdentityRefused, which says no more than a stranger may know, IssuersBusy, ScopeMissing and TooManyExchanges.
    """
    try:
        trust, identity = _trusted(site_name, identity_token)
    except (TokenFault, IssuerSilent) as fault:
        logger.warning("An identity token for '%s' was refused: %s.", visible(site_name)[:64], fault)
        raise IdentityRefused(site=visible(site_name)[:64]) from None
    granted = _granted(trust, scopes)
    with transaction.atomic():
        Trust.objects.select_for_update().get(pk=trust.pk)
        _ensure_room(trust)
        _spend(trust, identity)
        issued = access_tokens.issue_for(trust, granted, LASTS)
        moment = now()
        Trust.objects.filter(Q(used_at=None) | Q(used_at__lt=moment - NOTED_EVERY), pk=trust.pk).update(used_at=moment)
    logger.info(
        "An access token of %s on '%s' for %s was given to %s by the trust '%s'.",
        ", ".join(granted),
        trust.site.name,
        trust.person.get_username(),
        visible(str(identity.claims.get("sub", "")))[:200],
        trust.name,
    )
    return issued


def _trusted(site_name: str, text: str) -> tuple[Trust, Identity]:
    """The trust that fits, and the genuine token. Raises TokenFault, and as `issuers.key_of`."""
    issuer = tokens.issuer_of(text)
    candidates = Trust.objects.filter(site__name=site_name.lower(), issuer=issuer, person__is_active=True)
    found = list(candidates.select_related("site__subscription", "person"))
    if not found:
        raise TokenFault(f"this web site does not trust the issuer {visible(issuer)[:120]}")
    faults: list[str] = []
    for audience in dict.fromkeys(trust.audience for trust in found):
        try:
            identity = tokens.verified(text, issuer=issuer, audience=audience)
        except TokenFault as fault:
            faults.append(str(fault))
            continue
        for trust in (trust for trust in found if trust.audience == audience):
            difference = _difference(trust, identity.claims)
            if not difference and not access.may_change(trust.person, trust.site):
                difference = f"{trust.person.get_username()} may no longer change the web site"
            if not difference:
                return trust, identity
            faults.append(difference)
            _note(trust, difference)
    raise TokenFault("; ".join(faults))


def _difference(trust: Trust, claims: dict[str, Any]) -> str:
    """How the claims differ from what the trust wants; '' where they do not."""
    for name, wanted in trust.claims.items():
        said = claims.get(name)
        if _text(said) != wanted:
            shown = "missing" if said is None else f"'{visible(str(said))[:SHOWN]}'"
            return f"the claim {name} is {shown}, not '{wanted[:SHOWN]}'"
    return ""


def _text(value: Any) -> str | None:
    """Claims are texts; GitLab and others also send true and numbers."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else None


def _note(trust: Trust, difference: str) -> None:
    """For the people of the site, who look for the reason; to the minute."""
    moment = now()
    due = Q(refused_at=None) | Q(refused_at__lt=moment - NOTED_EVERY)
    Trust.objects.filter(due, pk=trust.pk).update(refusal=difference[:300], refused_at=moment)


def _granted(trust: Trust, scopes: list[str] | None) -> list[str]:
    if scopes is None:
        return list(trust.scopes)
    for scope in scopes:
        if scope not in Scope.values or not (
            scope == Scope.READ or scope in trust.scopes or Scope.ADMINISTER in trust.scopes
        ):
            raise ScopeMissing(name=trust.name, scope=visible(scope)[:20])
    return sorted(set(scopes))


def _ensure_room(trust: Trust) -> None:
    in_force = AccessToken.objects.filter(trust=trust, expires_at__gt=now()).order_by("expires_at")
    ends = list(in_force.values_list("expires_at", flat=True)[:MOST])
    if len(ends) >= MOST:
        raise TooManyExchanges(most=MOST, retry_after=max(1, int((ends[0] - now()).total_seconds()) + 1))


def _spend(trust: Trust, identity: Identity) -> None:
    """Raises IdentityRefused for a token that was exchanged before."""
    SpentIdentity.objects.filter(expires_at__lt=now()).delete()
    try:
        with transaction.atomic():
            SpentIdentity.objects.create(digest=identity.digest, expires_at=identity.expires_at)
    except IntegrityError:
        logger.warning("An identity token for '%s' was shown a second time.", trust.site.name)
        raise IdentityRefused(site=trust.site.name) from None
