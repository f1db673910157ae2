"""The TXT record by which a name is proven in DNS: by dynamic update (RFC 2136), or by the installation's program."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update

from sites.dns_proof import server_address
from sites.plain_text import one_line

LABEL = "_acme-challenge"
TTL = 60
SECONDS = 5.0
"""For one answer of the server."""
HOOK_SECONDS = 60
MAX_LABELS = 10
SHOWN = 200


class RecordRefused(Exception):
    """The record could not be written; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where records are written: the server (`ADDRESS` or `ADDRESS:PORT`) with its key, or the program `hook`."""

    server: str = ""
    key_name: str = ""
    key: str = field(default="", repr=False)
    """Base64."""
    algorithm: str = "hmac-sha256"
    hook: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is any place."""
        return bool(self.server or self.hook)


def add(place: Place, name: str, value: str, environment: Mapping[str, str]) -> None:
    """Have the TXT record of the host name `name` say `value`, beside what it says already. Raises RecordRefused."""
    _change(place, name, value, environment, "add")


def remove(place: Place, name: str, value: str, environment: Mapping[str, str]) -> None:
    """Take it away again. Raises RecordRefused."""
    _change(place, name, value, environment, "remove")


def _change(place: Place, name: str, value: str, environment: Mapping[str, str], verb: str) -> None:
    record = f"{LABEL}.{name}"
    if place.hook:
        _run(place.hook, verb, record, value, environment)
        return
    try:
        _update(place, dns.name.from_text(record), value, is_new=verb == "add")
    except (dns.exception.DNSException, OSError, ValueError) as error:
        reason = one_line(str(error))[:SHOWN] or type(error).__name__
        raise RecordRefused(f"the DNS server {place.server} does not take the record: {reason}") from error


def _run(hook: str, verb: str, record: str, value: str, environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            [hook, verb, record, value], capture_output=True, timeout=HOOK_SECONDS, env=dict(environment), text=True
        )
    except subprocess.TimeoutExpired:
        raise RecordRefused(f"{hook} has not ended within {HOOK_SECONDS} s") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecordRefused(f"{hook} cannot be run ({type(error).__name__})") from error
    if done.returncode:
        said = one_line(done.stderr.strip()[-SHOWN:])
        raise RecordRefused(f"{hook} ended with code {done.returncode}" + (f": {said}" if said else ""))


def _update(place: Place, record: dns.name.Name, value: str, *, is_new: bool) -> None:
    address, port = server_address(place.server)
    zone = _zone_of(record, address, port)
    message = dns.update.UpdateMessage(zone)
    if place.key_name:
        keys = dns.tsigkeyring.from_text({place.key_name: (place.algorithm, place.key)})
        message.use_tsig(keys, algorithm=dns.name.from_text(place.algorithm))
    text = f'"{value}"'
    if is_new:
        message.add(record, TTL, "TXT", text)
    else:
        message.delete(record, "TXT", text)
    code = dns.query.tcp(message, address, timeout=SECONDS, port=port).rcode()
    if code != dns.rcode.NOERROR:
        raise dns.exception.DNSException(f"it answers {dns.rcode.to_text(code)} for the zone {zone}")


def _zone_of(record: dns.name.Name, address: str, port: int) -> dns.name.Name:
    """The zone of the server in which the record belongs. Raises DNSException."""
    name = record
    for _ in range(MAX_LABELS):
        name = name.parent()
        if name == dns.name.root:
            break
        answer = dns.query.tcp(dns.message.make_query(name, "SOA"), address, timeout=SECONDS, port=port)
        if any(found.name == name and found.rdtype == dns.rdatatype.SOA for found in answer.answer):
            return name
    raise dns.exception.DNSException("it has no zone for it")
