"""How instances are asked whether they answer: as a visitor of their slot over TLS would ask, by their rules."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.encoding import iri_to_uri

from sites.models import Deployment, HostName, HostNameKind, Slot
from sites.planning import Entries
from sites.runtime.spec import ProbeSpec

USER_AGENT = "SiteWarmup"
ROUND_SECONDS = 100.0
"""How long one instance may take for all its paths in one try."""


class Questions:
    """The requests for some slots, whose addresses are read once; `entries` have the warm-up rules of workloads."""

    def __init__(self, slots: Iterable[Slot], entries: Entries) -> None:
        self._slots = {slot.pk: slot for slot in slots}
        names = HostName.objects.filter(slot__in=self._slots, kind=HostNameKind.DEFAULT)
        self._hosts = dict(names.values_list("slot_id", "name"))
        self._entries = entries

    def ask(
        self,
        probe_id: str,
        slot: Slot,
        workload_id: int,
        place: tuple[int, int],
        *,
        deployment: Deployment | None = None,
        seconds: float = ROUND_SECONDS,
        speaks_http2: bool = False,
    ) -> ProbeSpec:
        """The request to an instance, `place` being its revision and ordinal, as the slot's own visitors would send it.

        One answer has at most `seconds`, and so have all of them together.
        """
        rules = self._entries.warmup_rules(workload_id, deployment)
        return ProbeSpec(
            probe_id=probe_id,
            revision_id=place[0],
            ordinal=place[1],
            paths=tuple(iri_to_uri(path) for path in rules.paths),
            headers=_headers(slot, self._hosts.get(slot.pk, "")),
            statuses=rules.statuses,
            seconds=min(rules.seconds, seconds),
            round_seconds=min(ROUND_SECONDS, seconds),
            speaks_http2=speaks_http2,
        )


def _headers(slot: Slot, host: str) -> dict[str, str]:
    """As the router would send them, and the scheme so that nothing redirects."""
    return {
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
        "Host": host if settings.PORT == 80 else f"{host}:{settings.PORT}",
        "X-Forwarded-Proto": "https",
        "X-Website-Slot-Name": slot.environment_name,
        "X-Website-Hostname": host,
        "X-Website-Site-Name": slot.site.name,
    }
