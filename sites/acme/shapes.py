"""What is asked of an authority, and what comes of it; nothing here knows how."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

HTTP, DNS = "http-01", "dns-01"


class AcmeRefused(Exception):
    """The authority does not issue, or says no; the text is its reason, on one line."""


class AcmeUnreachable(Exception):
    """The authority does not answer, or not with anything of use; it may be asked again soon."""


class AccountUnknown(Exception):
    """The authority does not know the account any more."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where the authority is, and who asks."""

    directory: str
    trust: str = ""
    """File of the certificates by which its HTTPS is trusted; '': those of the machine."""
    contact: str = ""
    """A mail address; '': none."""
    account_key: str = field(default="", repr=False)
    account_uri: str = ""
    """'': not known yet, the account is to be made."""
    binding_id: str = ""
    binding_key: str = field(default="", repr=False)
    """By which some authorities know their customer (external account binding)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the authority wants to see before it believes that a name is ours."""

    name: str
    """The host name, without '*.'."""
    authorization: str
    token: str
    value: str
    """The body at `/.well-known/acme-challenge/TOKEN`, or the text of the TXT record."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that the authority knows."""

    uri: str
    finalize: str
    proofs: tuple[Proof, ...]

    @property
    def as_data(self) -> dict[str, Any]:
        """For JSON; `placed_from` reads it."""
        return asdict(self)


def placed_from(data: Mapping[str, Any]) -> Placed:
    """The order that `as_data` wrote."""
    return Placed(data["uri"], data["finalize"], tuple(Proof(**proof) for proof in data["proofs"]))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call. `chain` is a PEM text, the leaf first; '': not issued yet."""

    account_uri: str = ""
    placed: Placed | None = None
    chain: str = ""


def kind_for(name: str) -> str:
    """By which kind of proof a name is proven."""
    return DNS if name.startswith("*.") else HTTP
