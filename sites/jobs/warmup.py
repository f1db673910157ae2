"""Step WARMING: every instance of every side answers a request before any visitor reaches it."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from django.conf import settings
from django.db.models import F
from django.utils.encoding import iri_to_uri

from sites.errors import WarmupFailed
from sites.general_settings import WarmupRules, warmup_rules
from sites.jobs import prepare, wording
from sites.jobs.asking import connected
from sites.jobs.procedure import Progress, beat
from sites.models import Category, HostName, HostNameKind, Instance, Kind, Operation, SlotChange, SlotSetting
from sites.models.clock import now, seconds_since
from sites.models.present import present
from sites.plain_text import one_line
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState

USER_AGENT = "SiteWarmup"
PAUSE_SECONDS = 1.0
AT_ONCE = 50  # all instances of production and four staging slots: one that does not answer keeps none waiting
BEAT_SECONDS = 2.0
ROUND_SECONDS = 100.0
"""So long may one instance take for all its paths in one try: what is left of a task's time after its slice."""
CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Probe:
    """One instance to ask, and how to address it."""

    instance: Instance
    change: SlotChange
    host: str
    rules: WarmupRules

    @property
    def is_condition(self) -> bool:
        """Whether it has to answer as its rules say: what a person rolls back from may be what answers nothing."""
        is_left = self.change.operation.kind == Kind.ROLL_BACK and not self.change.held_slot.is_production
        return not is_left


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance answered: to which path, with a status as text or what happened instead."""

    path: str
    text: str


def warm_up(operation: Operation) -> Progress:
    """Ask each instance that has not answered in this operation, a reused one too (seed: Overview, warm-up).

    Raises WarmupFailed once one instance has used up the tries that its rules give.
    """
    running = prepare.started(operation)
    if not running.is_done:
        return running
    probes, warm, wanted = _open_probes(operation)
    due = [probe for probe in probes if _is_due(probe.instance)]
    if due:
        warm += _note(operation, zip(due, _ask_all(operation, due), strict=True))
    return Progress(warm >= wanted, f"{warm} of {wanted} instances answer")


def _ask_all(operation: Operation, probes: list[Probe]) -> list[Answer]:
    """Raises Cancelled, without waiting for answers that are still to come, when somebody cancels meanwhile."""
    pool = ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        pending = [pool.submit(ask, probe) for probe in probes]
        for future in pending:
            while not _is_answered(future):
                beat(operation)
        return [future.result() for future in pending]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _is_answered(future: Future[Answer]) -> bool:
    """Waits for up to BEAT_SECONDS."""
    try:
        future.exception(timeout=BEAT_SECONDS)
    except TimeoutError:
        return future.done()
    return True


def _open_probes(operation: Operation) -> tuple[list[Probe], int, int]:
    changes = {
        change.prepared.pk: change for change in operation.changes.starting().loaded("slot__site", "workload_after")
    }
    slots = [change.held_slot.pk for change in changes.values()]
    hosts = dict(HostName.objects.filter(slot__in=slots, kind=HostNameKind.DEFAULT).values_list("slot_id", "name"))
    rules = _rules_of(change.occupant_after.pk for change in changes.values())
    probes: list[Probe] = []
    warm = wanted = 0
    for instance in Instance.objects.filter(revision__in=changes, ordinal__lt=F("revision__wanted_count")):
        change = changes[instance.revision_id]
        wanted += 1
        if _counts_as_warm(operation, instance):
            warm += 1
        else:
            host = hosts.get(change.held_slot.pk, "")
            probes.append(Probe(instance, change, host, rules[change.occupant_after.pk]))
    return probes, warm, wanted


def _counts_as_warm(operation: Operation, instance: Instance) -> bool:
    """It answered in this operation; or it was kept warm for this roll-back and still runs."""
    if instance.warmed_for_id == operation.pk:
        return True
    was_kept = (
        operation.kind == Kind.ROLL_BACK and instance.is_warm and instance.observed_state == InstanceState.RUNNING
    )
    if was_kept:
        Instance.objects.filter(pk=instance.pk).update(warmed_for=operation)
    return was_kept


def _is_due(instance: Instance) -> bool:
    return instance.warmup_tried_at is None or seconds_since(instance.warmup_tried_at) >= PAUSE_SECONDS


def _rules_of(workloads: Iterable[int]) -> dict[int, WarmupRules]:
    """The warm-up rules of workloads by their id; they travel with them."""
    entries: dict[int, dict[str, str]] = {pk: {} for pk in workloads}
    for row in SlotSetting.objects.filter(workload__in=entries, category=Category.WARMUP):
        entries[present(row.workload_id, "the workload of a warm-up rule")][row.name] = row.value
    return {pk: warmup_rules(given) for pk, given in entries.items()}


def ask(probe: Probe) -> Answer:
    """Ask every path of the rules; the first unacceptable answer, else the last one."""
    answer = Answer("/", "")
    ends = time.monotonic() + ROUND_SECONDS
    for path in probe.rules.paths:
        left = max(ends - time.monotonic(), 1.0)
        answer = Answer(path, _status(probe, path, min(probe.rules.seconds, left)))
        if not probe.rules.accepts(answer.text):
            break
    return answer


def _status(probe: Probe, path: str, seconds: float) -> str:
    """The status as text, or what happened instead. Asked as a visitor behind TLS would, so that nothing redirects."""
    host = probe.host if settings.PORT == 80 else f"{probe.host}:{settings.PORT}"
    headers = {
        "User-Agent": USER_AGENT,
        "Host": host,
        "X-Forwarded-Proto": "https",
        "X-Website-Slot-Name": probe.change.held_slot.told_name,
        "X-Website-Hostname": probe.host,
        "X-Website-Site-Name": probe.change.held_slot.site.name,
    }
    connection = HTTPConnection(probe.instance.address, probe.instance.port, timeout=seconds)
    late = f"no answer within {seconds:.0f} s"
    is_over = threading.Event()
    try:
        with connected(connection, seconds) as is_over:
            connection.request("GET", iri_to_uri(path), headers=headers)
            answer = _read(connection.getresponse())
    except TimeoutError:
        return late
    except (OSError, HTTPException) as error:
        answer = f"no answer ({one_line(str(error)) or type(error).__name__})"
    return late if is_over.is_set() else answer


def _read(response: HTTPResponse) -> str:
    """The status of an answer that came whole."""
    while response.read(CHUNK):
        pass
    return "an answer that broke off" if response.length else str(response.status)


def _note(operation: Operation, answers: Iterable[tuple[Probe, Answer]]) -> int:
    """Record answers; returns how many more instances are warm now. Raises WarmupFailed at an instance's last try."""
    moment = now()
    accepted: dict[str, list[int]] = defaultdict(list)
    refused = []
    for probe, answer in answers:
        if probe.rules.accepts(answer.text) or not probe.is_condition:
            accepted[answer.text].append(probe.instance.pk)
        else:
            refused.append((probe, answer))
    for text, warm in accepted.items():
        Instance.objects.filter(pk__in=warm).update(
            warmed_for=operation, is_warm=True, warmup_answer=text[:200], warmup_tried_at=moment
        )
    for probe, answer in refused:
        tries = probe.instance.warmup_tries + 1
        Instance.objects.filter(pk=probe.instance.pk).update(
            warmup_tries=tries, warmup_answer=answer.text[:200], warmup_tried_at=moment
        )
        if tries >= probe.rules.tries:
            raise _failure(operation, probe, answer, tries)
    return sum(map(len, accepted.values()))


def _failure(operation: Operation, probe: Probe, answer: Answer, tries: int) -> WarmupFailed:
    instance = probe.instance
    lines = get_runtime().log_tail(instance.revision_id, instance.ordinal, lines=10)
    return WarmupFailed(
        what=wording.what(operation),
        ordinal=instance.ordinal + 1,
        name=probe.change.held_slot.title,
        answered=f"answered {answer.text}" if answer.text.isdecimal() else f"gave {answer.text}",
        path=answer.path,
        tries="once" if tries == 1 else f"{tries} times",
        accepted=probe.rules.accepted,
        holds=wording.holds(operation),
        last_lines=wording.last_lines(lines),
    )
