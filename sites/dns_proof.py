"""Whether DNS says that a domain name may be used here: a CNAME that leads to the slot, or a TXT record.

The records are those that the service asked for: www.example.org CNAME → the slot's own address, or
_greenroom.www.example.org TXT "greenroom-verification=ID". Of a wildcard the CNAME stands at *.example.org, and the
TXT record at _greenroom.example.org.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception
import dns.inet
import dns.name
import dns.nameserver
import dns.resolver

from sites.plain_text import visible

LOOKUP_SECONDS = 4.0
"""For one record, whatever the resolvers do."""
MAX_RECORDS = 20
"""So many records of an answer are looked at."""
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Wanted:
    """What proves `name`: `target` as its CNAME record, or `text` as a TXT record at `text_name`."""

    name: str
    target: str
    text_name: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a name is proven, and otherwise what was expected and found, as a sentence."""

    is_proven: bool
    sentence: str = ""


def resolver_for(addresses: Sequence[str]) -> dns.resolver.Resolver:
    """A resolver that asks these servers (`ADDRESS`, `ADDRESS:PORT`, `[ADDRESS]:PORT`), or else those of the machine.

    Raises ValueError for anything else, dns.resolver.NoResolverConfiguration on a machine without any.
    """
    resolver = dns.resolver.Resolver(configure=not addresses)
    if addresses:
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*server_address(address)) for address in addresses]
    resolver.lifetime = LOOKUP_SECONDS
    resolver.timeout = LOOKUP_SECONDS / 2
    resolver.cache = None
    return resolver


def look(wanted: Wanted, resolver: dns.resolver.Resolver) -> Finding:
    """Look up both records; takes at most twice LOOKUP_SECONDS and raises nothing that DNS can cause."""
    targets, no_targets = _records(resolver, wanted.name, "CNAME")
    if wanted.target and any(target.rstrip(".").lower() == wanted.target for target in targets):
        return Finding(is_proven=True)
    texts, no_texts = _records(resolver, wanted.text_name, "TXT")
    if wanted.text in texts:
        return Finding(is_proven=True)
    return Finding(
        is_proven=False,
        sentence=(
            f"Expected: {wanted.name} CNAME {wanted.target}, or {wanted.text_name} TXT {wanted.text}. "
            f"Found: CNAME {_shown(targets) or no_targets}; TXT {_shown(texts) or no_texts}."
        ),
    )


def server_address(text: str) -> tuple[str, int]:
    """Address and port that `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT` means. Raises ValueError for all else."""
    host, port = text, 53
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = int(rest.removeprefix(":") or 53)
    elif text.count(":") == 1:
        host, _, number = text.partition(":")
        port = int(number)
    dns.inet.af_for_address(host)
    return host, port


def _records(resolver: dns.resolver.Resolver, name: str, kind: str) -> tuple[list[str], str]:
    """The values of a record, and why there are none."""
    try:
        answer = resolver.resolve(dns.name.from_text(name), kind, search=False)
    except dns.resolver.NXDOMAIN:
        return [], "none, the name does not exist"
    except dns.resolver.NoAnswer:
        return [], "none"
    except dns.exception.Timeout:
        return [], f"no answer within {LOOKUP_SECONDS:g} s"
    except (dns.exception.DNSException, OSError) as error:
        return [], f"no usable answer ({type(error).__name__})"
    if kind == "CNAME":
        return [record.target.to_text() for record in answer][:MAX_RECORDS], ""
    joined = (b"".join(record.strings).decode("utf-8", "replace") for record in answer)
    return list(joined)[:MAX_RECORDS], ""


def _shown(values: Sequence[str]) -> str:
    """Records are text of strangers; a database takes no zero byte, and a terminal obeys an ESC."""
    return ", ".join(visible(value)[:_SHOWN] for value in values[:2])
