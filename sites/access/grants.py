"""What an access token leaves of its person's rights."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from sites.errors import ScopeMissing
from sites.models import AccessToken

LONGEST_NAME = 150


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token leaves of its person's rights: one site or all, and looking or also changing."""

    token: AccessToken

    @property
    def site_id(self) -> int | None:
        """The only site that it leads to; None for all."""
        return self.token.site_id

    def ensure(self, scope: str) -> None:
        """Raises ScopeMissing."""
        if not self.token.allows(scope):
            raise ScopeMissing(name=self.token.name, scope=scope)


def by_token(token: AccessToken) -> User:
    """The token's person, with the rights that the token leaves."""
    token.user.grant = Grant(token)  # type: ignore[attr-defined]
    return token.user


def grant_of(user: User) -> Grant | None:
    """What limits the user; None for somebody who has signed in."""
    return getattr(user, "grant", None)


def present(user: User) -> Grant:
    """The grant by which `user` came. Raises TypeError for somebody who came without one."""
    grant = grant_of(user)
    if grant is None:
        raise TypeError("only programs ask here, and they come by an access token")
    return grant


def name_of(user: User) -> str:
    """As records name whoever acted: the person, and the trust by which a pipeline acts for the person."""
    grant = grant_of(user)
    name = user.get_username()
    return f"{name} ({grant.token.name})"[:LONGEST_NAME] if grant and grant.token.trust_id else name


def only_site(user: User) -> int | None:
    """The only site that the user's token leads to; None for all."""
    grant = grant_of(user)
    return grant.site_id if grant else None
