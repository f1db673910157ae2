"""Look up the DNS records of claimed domain names: a few at a time, and never inside a transaction."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import dns.resolver
from django.conf import settings
from django.db import transaction

from sites.dns_proof import Finding, Wanted, look, resolver_for
from sites.models import CustomDomain, DomainState
from sites.models.clock import now
from sites.operations.kinds.recorded import DOMAINS

ACTOR = "Greenroom"
AT_ONCE = 10
BATCH = 40
LEASE_SECONDS = 120
"""How long a worker has for what it took; after that another one looks."""
FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 3600
PATIENCE = timedelta(days=3)
"""So long a name is looked at again automatically; records need some hours until they are seen everywhere."""
TAKEN = "The records are right, but another slot answers at this name, or this one is being deleted. Remove it there."
UNFORESEEN = (
    "What was found could not be written down; the log of the worker says why. It is looked at again automatically."
)

_log = logging.getLogger(__name__)


def is_needed() -> bool:
    """Whether a name is due."""
    return CustomDomain.objects.filter(due_at__lte=now()).exists()


def run() -> None:
    """Look at what is due, and write down what was found."""
    due = _take_due()
    if not due:
        return
    findings = _findings([_wanted(domain) for domain in due])
    for domain, finding in zip(due, findings, strict=True):
        try:
            _settle(domain, finding)
        except Exception as error:  # what is found at one name touches no other
            _log.error("What was found at %s could not be written down: %s", domain.name, type(error).__name__)
            _count(domain)


def _wanted(domain: CustomDomain) -> Wanted:
    return Wanted(domain.name, domain.target, domain.proof_name, domain.proof_text)


def _take_due() -> list[CustomDomain]:
    """What is due, so that no other worker takes it too."""
    with transaction.atomic():
        related = "slot__site__subscription"
        found = CustomDomain.objects.select_for_update(of=("self",)).filter(due_at__lte=now())
        due = list(found.select_related(related).prefetch_related("slot__host_names").order_by("due_at")[:BATCH])
        later = now() + timedelta(seconds=LEASE_SECONDS)
        CustomDomain.objects.filter(pk__in=[domain.pk for domain in due]).update(due_at=later)
    return due


def _findings(wanted: Sequence[Wanted]) -> list[Finding]:
    try:
        resolver = resolver_for(settings.DNS_RESOLVERS)
    except (dns.resolver.NoResolverConfiguration, ValueError, OSError) as error:
        sentence = f"No DNS server can be asked ({error}). Set GREENROOM_DNS_RESOLVERS."
        return [Finding(is_proven=False, sentence=sentence) for _ in wanted]
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="dns") as threads:
        return list(threads.map(lambda one: look(one, resolver), wanted))


@transaction.atomic
def _settle(domain: CustomDomain, finding: Finding) -> None:
    """A claim that was given up meanwhile stays so."""
    held = CustomDomain.objects.select_for_update().filter(pk=domain.pk).exclude(state=DomainState.VERIFIED).first()
    if held is None:
        return
    was_failed = held.state == DomainState.FAILED
    if finding.is_proven and held.verify():
        _record(domain, f"{held.name} is verified: '{domain.slot.title}' answers there now.")
        return
    sentence = TAKEN if finding.is_proven else finding.sentence
    held.state, held.finding, held.checked_at = DomainState.FAILED, sentence[:600], now()
    held.tries += 1
    held.due_at = _next_look(held)
    held.save()
    if not was_failed and held.tries == 1:
        _record(domain, f"{held.name} is not verified. {sentence}", error_code="DomainRefused")


def _count(domain: CustomDomain) -> None:
    """A try that came to nothing, so that the name is looked at more and more rarely."""
    domain.tries += 1
    held = CustomDomain.objects.filter(pk=domain.pk).exclude(state=DomainState.VERIFIED)
    held.update(tries=domain.tries, finding=UNFORESEEN, checked_at=now(), due_at=_next_look(domain))


def _next_look(domain: CustomDomain) -> datetime | None:
    if now() - domain.created_at > PATIENCE:
        return None
    pause = min(FIRST_PAUSE_SECONDS * 2 ** min(domain.tries, 10), LONGEST_PAUSE_SECONDS)
    return now() + timedelta(seconds=pause)


def _record(domain: CustomDomain, outcome: str, error_code: str = "") -> None:
    site = domain.slot.site
    DOMAINS.record(actor_name=ACTOR, site=site, target=domain.slot.title, outcome=outcome, error_code=error_code)
