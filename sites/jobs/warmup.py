"""Step WARMING: every instance of every side answers a request before any visitor reaches it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from django.conf import settings

from sites.errors import WarmupFailed
from sites.jobs import wording
from sites.jobs.prepare import changes_to_start
from sites.jobs.procedure import Progress, beat
from sites.models import HostNameKind, Instance, Kind, Operation, SlotChange
from sites.models.clock import now, seconds_since
from sites.runtime.registry import get_runtime
from sites.runtime.spec import InstanceState

USER_AGENT = "SiteWarmup"
TRIES = 5
REQUEST_SECONDS = 40.0  # below the time limit of a task
PAUSE_SECONDS = 1.0
ACCEPTED = range(200, 500)
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Probe:
    """One instance to ask, and how to address it."""

    instance: Instance
    change: SlotChange
    host: str


def warm_up(operation: Operation) -> Progress:
    """Ask each instance that has not answered in this operation, a reused one too (seed: Overview, warm-up).

    Raises WarmupFailed after TRIES unacceptable answers of one instance.
    """
    probes, warm, wanted = _open_probes(operation)
    due = [probe for probe in probes if _is_due(probe.instance)]
    if due:
        with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
            pending = [pool.submit(ask, probe) for probe in due]
            for future in pending:
                while not future.done():
                    _wait(future)
                    beat(operation)
        answers = [future.result() for future in pending]
        warm += sum(_note(operation, probe, answer) for probe, answer in zip(due, answers, strict=True))
    return Progress(warm >= wanted, f"{warm} of {wanted} instances answer")


def _wait(future: object) -> None:
    try:
        future.exception(timeout=2.0)
    except TimeoutError:
        return


def _open_probes(operation: Operation) -> tuple[list[Probe], int, int]:
    probes: list[Probe] = []
    warm = wanted = 0
    for change in changes_to_start(operation):
        host = change.slot.host_names.filter(kind=HostNameKind.DEFAULT).values_list("name", flat=True).first() or ""
        instances = change.revision_after.instances.filter(ordinal__lt=change.revision_after.wanted_count)
        for instance in instances:
            wanted += 1
            if _counts_as_warm(operation, instance):
                warm += 1
            else:
                probes.append(Probe(instance, change, host))
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


def ask(probe: Probe) -> str:
    """The status as text, or what happened instead."""
    host = probe.host if settings.PORT == 80 else f"{probe.host}:{settings.PORT}"
    headers = {
        "User-Agent": USER_AGENT,
        "Host": host,
        "X-Website-Slot-Name": probe.change.slot.name,
        "X-Website-Hostname": probe.host,
        "X-Website-Site-Name": probe.change.slot.site.name,
    }
    connection = HTTPConnection(probe.instance.address, probe.instance.port, timeout=REQUEST_SECONDS)
    try:
        connection.request("GET", "/", headers=headers)
        response = connection.getresponse()
        response.read()
        return str(response.status)
    except TimeoutError:
        return f"no answer within {REQUEST_SECONDS:.0f} s"
    except (OSError, HTTPException) as error:
        return f"no answer ({error or type(error).__name__})"
    finally:
        connection.close()


def is_accepted(answer: str) -> bool:
    """Whether an answer means that the application serves: any status below 500."""
    return answer.isdecimal() and int(answer) in ACCEPTED


def _note(operation: Operation, probe: Probe, answer: str) -> bool:
    """Record an answer; True when the instance is warm now. Raises WarmupFailed at the last try."""
    instance = probe.instance
    if is_accepted(answer):
        Instance.objects.filter(pk=instance.pk).update(
            warmed_for=operation, is_warm=True, warmup_answer=answer, warmup_tried_at=now()
        )
        return True
    tries = instance.warmup_tries + 1
    Instance.objects.filter(pk=instance.pk).update(
        warmup_tries=tries, warmup_answer=answer[:200], warmup_tried_at=now()
    )
    if tries < TRIES:
        return False
    lines = get_runtime().log_tail(instance.revision_id, instance.ordinal, lines=10)
    raise WarmupFailed(
        what=wording.what(operation),
        ordinal=instance.ordinal + 1,
        name=probe.change.slot.title,
        answered=f"answered {answer}" if answer.isdecimal() else f"gave {answer}",
        path="/",
        tries=f"{TRIES} times",
        accepted=f"{ACCEPTED.start}–{ACCEPTED.stop - 1}",
        holds=wording.holds(operation),
        last_lines=wording.last_lines(lines),
    )
