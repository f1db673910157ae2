"""Step WARMING: every instance of every side answers a request before any visitor reaches it."""

import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse

from django.conf import settings
from django.utils.encoding import iri_to_uri

from sites.errors import WarmupFailed
from sites.general_settings import WarmupRules, warmup_rules
from sites.jobs import wording
from sites.jobs.prepare import changes_to_start
from sites.jobs.procedure import Progress, beat, check_cancelled
from sites.models import Category, HostNameKind, Instance, Kind, Operation, SlotChange, Workload
from sites.models.clock import now, seconds_since
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


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance answered: to which path, with a status as text or what happened instead."""

    path: str
    text: str


def warm_up(operation: Operation) -> Progress:
    """Ask each instance that has not answered in this operation, a reused one too (seed: Overview, warm-up).

    Raises WarmupFailed once one instance has used up the tries that its rules give.
    """
    probes, warm, wanted = _open_probes(operation)
    due = [probe for probe in probes if _is_due(probe.instance)]
    if due:
        answers = _ask_all(operation, due)
        warm += sum(_note(operation, probe, answer) for probe, answer in zip(due, answers, strict=True))
    return Progress(warm >= wanted, f"{warm} of {wanted} instances answer")


def _ask_all(operation: Operation, probes: list[Probe]) -> list[Answer]:
    """Raises Cancelled, without waiting for answers that are still to come, when somebody cancels meanwhile."""
    pool = ThreadPoolExecutor(max_workers=AT_ONCE)
    try:
        pending = [pool.submit(ask, probe) for probe in probes]
        for future in pending:
            while not _is_answered(future):
                beat(operation)
                check_cancelled(operation)
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
    probes: list[Probe] = []
    warm = wanted = 0
    for change in changes_to_start(operation, "slot__site", "workload_after"):
        default = change.held_slot.host_names.filter(kind=HostNameKind.DEFAULT)
        host = default.values_list("name", flat=True).first() or ""
        rules = rules_of(change.occupant_after)
        instances = change.prepared.instances.filter(ordinal__lt=change.prepared.wanted_count)
        for instance in instances:
            wanted += 1
            if _counts_as_warm(operation, instance):
                warm += 1
            else:
                probes.append(Probe(instance, change, host, rules))
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


def rules_of(workload: Workload) -> WarmupRules:
    """The workload's warm-up rules; they travel with it."""
    return warmup_rules(dict(_rows(workload)))


def _rows(workload: Workload) -> list[tuple[str, str]]:
    return [(row.name, row.value) for row in workload.settings.filter(category=Category.WARMUP)]


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
        "X-Website-Slot-Name": probe.change.held_slot.name,
        "X-Website-Hostname": probe.host,
        "X-Website-Site-Name": probe.change.held_slot.site.name,
    }
    connection = HTTPConnection(probe.instance.address, probe.instance.port, timeout=seconds)
    is_over = threading.Event()
    answer = ""
    began = time.monotonic()
    try:
        connection.connect()
        # A timeout of the socket begins again with every byte: an answer that trickles would hold the swap for ever
        clock = threading.Timer(seconds - (time.monotonic() - began), _cut, (connection.sock, is_over))
        clock.start()
        try:
            connection.request("GET", iri_to_uri(path), headers=headers)
            answer = _read(connection.getresponse())
        finally:
            clock.cancel()
    except TimeoutError:
        is_over.set()
    except (OSError, HTTPException) as error:
        answer = f"no answer ({error or type(error).__name__})"
    finally:
        connection.close()
    return f"no answer within {seconds:.0f} s" if is_over.is_set() else answer


def _read(response: HTTPResponse) -> str:
    """The status of an answer that came whole."""
    while response.read(CHUNK):
        pass
    return "an answer that broke off" if response.length else str(response.status)


def _cut(connection: socket.socket, is_over: threading.Event) -> None:
    """Have whoever reads from the connection find its end."""
    is_over.set()
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _note(operation: Operation, probe: Probe, answer: Answer) -> bool:
    """Record an answer; True when the instance is warm now. Raises WarmupFailed at the last try."""
    instance = probe.instance
    if probe.rules.accepts(answer.text):
        Instance.objects.filter(pk=instance.pk).update(
            warmed_for=operation, is_warm=True, warmup_answer=answer.text, warmup_tried_at=now()
        )
        return True
    tries = instance.warmup_tries + 1
    Instance.objects.filter(pk=instance.pk).update(
        warmup_tries=tries, warmup_answer=answer.text[:200], warmup_tried_at=now()
    )
    if tries < probe.rules.tries:
        return False
    lines = get_runtime().log_tail(instance.revision_id, instance.ordinal, lines=10)
    raise WarmupFailed(
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
