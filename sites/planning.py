"""What a workload needs to run in a slot: its environment, command and folders, and their fingerprint."""

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from sites.content import interpreters, recognition, samples, store
from sites.content.recognition import Choices
from sites.content.tree import Folder
from sites.general_settings import (
    FALLBACK_PAGE,
    GENERAL_DEFAULTS,
    NO_PAGE,
    START_COMMAND,
    START_SECONDS,
    STARTED_WITH,
    SWITCHES,
    WarmupRules,
    warmup_rules,
)
from sites.models import Category, Deployment, HostNameKind, Revision, Site, SizeFigures, Slot, SlotSetting, Workload
from sites.runtime.memory import offered_mb
from sites.runtime.spec import InstanceState, Limits, Mount, RevisionSpec, RunSpec

CONNECTION_PREFIXES = {
    "SQLServer": "SQLCONNSTR_",
    "MySql": "MYSQLCONNSTR_",
    "SQLAzure": "SQLAZURECONNSTR_",
    "PostgreSQL": "POSTGRESQLCONNSTR_",
    "Custom": "CUSTOMCONNSTR_",
}
COMMAND_SECONDS = 3600.0
"""How long a command may take that somebody runs in the sandbox of a slot."""
MAX_VARIABLE_BYTES = 128 * 1024
"""Name, '=', value and the zero byte: MAX_ARG_STRLEN of Linux."""
MAX_ENVIRONMENT_BYTES = 1024 * 1024
"""Half of what Linux takes with a stack of 8 MB; an application adds variables of its own."""
DEFAULT_ENVIRONMENT = {"NODE_ENV": "production", "PYTHONUNBUFFERED": "1"}
"""What instances get unless an app setting says otherwise: Node's frameworks show stack traces without the first, and
what a Python program prints is lost with it without the second."""
IS_READY = Q(instances__is_warm=True, instances__observed_state=InstanceState.RUNNING)
"""Of a revision's instances those that can be given visitors at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A revision before it is a row. The fingerprint says what can be reused."""

    fingerprint: str
    snapshot: str
    allows_web_sockets: bool
    speaks_http2: bool
    figures: SizeFigures
    """The limits of each instance."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What the instances of a deployment need beside its command, as its content and its build say."""

    tools: tuple[str, ...] = ()
    """Folders of the host with interpreters."""
    fallback_page: str = ""
    warmup_paths: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """The interpreter that its packages need, as tool, versions and package; empty if the usual one serves them."""
    speaks_http2: bool = False
    """HTTP/2 without TLS, and nothing else: as the setting said when it was published."""

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """The tools, as a build has seen them."""
        return tuple(map(interpreters.mount_of, self.tools))


def traits_of(deployment: Deployment | None) -> Traits:
    """As they were recorded; those of older deployments are empty."""
    recorded = deployment.traits if deployment else {}
    return Traits(
        tuple(recorded.get("tools", ())),
        recorded.get("fallback_page", ""),
        tuple(recorded.get("warmup_paths", ())),
        tuple(recorded.get("needed", ())),
        recorded.get("speaks_http2", False),
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force for a workload in a slot: sticky ones of the slot, the others of the workload."""

    env: dict[str, str]
    mounts: tuple[Mount, ...]
    general: dict[str, str]

    @property
    def choices(self) -> Choices:
        """What they say about building and starting a content."""
        builds = self.env.get("SCM_DO_BUILD_DURING_DEPLOYMENT", "true").strip().lower()
        return Choices(
            start_command=self.general.get(START_COMMAND, ""),
            is_built=builds not in ("false", "0", "no", "off"),
            before_build=self.env.get("PRE_BUILD_COMMAND", "").strip(),
            after_build=self.env.get("POST_BUILD_COMMAND", "").strip(),
        )

    def fallback_page(self, of_content: str) -> str:
        """The page that answers every path without a file; empty: none."""
        page = self.general.get(FALLBACK_PAGE) or of_content
        return "" if page == NO_PAGE else page

    def is_on(self, switch: str) -> bool:
        """One of the general switches."""
        return self.general.get(switch, SWITCHES[switch]) == "on"


def variables_of(category: str, name: str, kind: str = "Custom") -> tuple[str, ...]:
    """The variables as which an app setting, or a connection string of that type, reaches its application."""
    if category == Category.CONNECTION_STRINGS:
        return (CONNECTION_PREFIXES[kind] + name,)
    return name, f"APPSETTING_{name}"


class Entries:
    """The configuration entries of some slots and workloads, read together."""

    def __init__(self, slots: Iterable[int], workloads: Iterable[int]) -> None:
        owned = Q(slot__in=set(slots)) | Q(workload__in=set(workloads))
        self._rows = _sorted(SlotSetting.objects.filter(owned).order_by())

    def in_force(self, slot: Slot, workload: Workload) -> list[SlotSetting]:
        """Those that `workload` has in `slot`: the sticky ones of the slot, and its own."""
        return [row for row in self._rows if slot.pk == row.slot_id or workload.pk == row.workload_id]

    def travelling(self, workload: Workload) -> list[list[str]]:
        """Those that go with a workload, as [category, name, value]; as `Workload.travelling_settings`."""
        return sorted([row.category, row.name, row.value] for row in self._rows if row.workload_id == workload.pk)

    def start_seconds(self, slot: Slot, workload: Workload) -> float:
        """How long an instance of `workload` in `slot` may take until it listens."""
        rows = (row for row in self.in_force(slot, workload) if row.category == Category.GENERAL)
        return float({row.name: row.value for row in rows}.get(START_SECONDS) or GENERAL_DEFAULTS[START_SECONDS])

    def warmup_rules(self, workload_id: int, deployment: Deployment | None = None) -> WarmupRules:
        """How the instances of a workload are asked whether they answer, those of `deployment`."""
        own = (row for row in self._rows if row.workload_id == workload_id and row.category == Category.WARMUP)
        return warmup_rules({row.name: row.value for row in own}, traits_of(deployment).warmup_paths)

    def replaced(self, workload: Workload, travelling: Iterable[SlotSetting]) -> "Entries":
        """The same, if `workload` had others that travel with it."""
        changed = Entries((), ())
        owned = [row for row in self._rows if row.workload_id != workload.pk]
        for row in travelling:
            row.workload = workload
            owned.append(row)
        changed._rows = _sorted(owned)
        return changed


def _sorted(rows: Iterable[SlotSetting]) -> list[SlotSetting]:
    return sorted(rows, key=lambda row: (row.category, row.name))


def configuration(slot: Slot, workload: Workload, entries: Entries | None = None) -> Configuration:
    """The settings that an instance of `workload` gets in `slot`; mounted folders are named, not made.

    `entries` are those of slot and workload, if they were read already.
    """
    env = DEFAULT_ENVIRONMENT | {"WEBSITE_SITE_NAME": slot.site.name}
    general: dict[str, str] = {}
    documents: list[str] = []
    mounts: list[Mount] = []
    handlers: dict[str, dict[str, str]] = {}
    for row in (entries or Entries([slot.pk], [workload.pk])).in_force(slot, workload):
        match row.category:
            case Category.APP_SETTINGS:
                env |= dict.fromkeys(variables_of(row.category, row.name), row.value)
            case Category.CONNECTION_STRINGS:
                stored = json.loads(row.value)
                env |= dict.fromkeys(variables_of(row.category, row.name, stored["type"]), stored["value"])
            case Category.GENERAL:
                general[row.name] = row.value
            case Category.DEFAULT_DOCUMENTS:
                documents.append(row.value)
            case Category.HANDLER_MAPPINGS:
                handlers[row.name] = json.loads(row.value)
            case Category.MOUNTS:
                mounts.append(Mount(str(mount_folder(row)), row.value))
    if documents:
        env["DEFAULT_DOCUMENTS"] = ",".join(documents)
    if handlers:
        env["HANDLER_MAPPINGS"] = json.dumps(handlers)  # read by the program of static sites
    found = Configuration(env, tuple(mounts), general)
    if found.is_on("slot_environment"):
        host = slot.host_names.filter(kind=HostNameKind.DEFAULT).values_list("name", flat=True).first()
        env |= {"WEBSITE_SLOT_NAME": slot.environment_name, "WEBSITE_HOSTNAME": host or ""}
    return found


def mount_folder(row: SlotSetting) -> Path:
    """The host's folder of a persistent folder: it belongs to whatever owns the entry."""
    owner = f"slot-{row.slot_id}" if row.is_sticky else f"workload-{row.workload_id}"
    return settings.MOUNT_DIR / str(row.site_id) / owner / row.name


def make_plan(
    slot: Slot,
    workload: Workload,
    deployment: Deployment | None,
    entries: Entries | None = None,
) -> Plan:
    """What `deployment` of `workload` (None: the placeholder) needs to run in `slot`, as the settings are now.

    `entries` are those of slot and workload, if they were read already.
    """
    wanted = configuration(slot, workload, entries)
    if deployment is None:
        content = samples.placeholder_content().digest
        build, command = "", recognition.recognise(Folder(store.path_of(content))).command
    else:
        content, build, command = deployment.content_digest, deployment.build_digest, deployment.command
    traits = traits_of(deployment)
    page = wanted.fallback_page(traits.fallback_page)
    figures = slot.site.size.figures
    folder = settings.BUILD_DIR / build / "app" if build else store.path_of(content)
    snapshot = {
        "app": str(folder),
        "command": list(command),
        "env": ({"FALLBACK_PAGE": page} if page else {}) | wanted.env,
        "mounts": [asdict(mount) for mount in (*wanted.mounts, *traits.mounts)],
        "switches": {name: wanted.is_on(name) for name in STARTED_WITH},
        "limits": asdict(Limits(memory_mb=figures.memory_mb, cpus=figures.cpu_percent / 100)),
    }
    known_by = [content, build, workload.restarts, snapshot, *(["HTTP/2"] if traits.speaks_http2 else [])]
    fingerprint = hashlib.sha256(json.dumps(known_by, sort_keys=True).encode()).hexdigest()
    return Plan(fingerprint, json.dumps(snapshot), wanted.is_on("web_sockets"), traits.speaks_http2, figures)


def spec_of(revision: Revision, *, count: int | None = None) -> RevisionSpec:
    """The order to the runtime for a revision as it is recorded."""
    runnable = revision.runnable
    return RevisionSpec(
        revision_id=revision.pk,
        generation=revision.generation,
        owner=revision.site_id,
        name=revision.slot.title if revision.slot else revision.site.name,
        count=revision.wanted_count if count is None else count,
        app=runnable["app"],
        command=tuple(runnable["command"]),
        env=runnable["env"],
        mounts=tuple(Mount(**mount) for mount in runnable["mounts"]),
        limits=Limits(**runnable["limits"]),
        grace_seconds=float(revision.slot.drain_limit_seconds if revision.slot else 30),
    )


def command_log(run_id: str) -> Path:
    """Where a one-off command writes, unless it has a terminal or pipes."""
    return settings.LOG_DIR / "commands" / f"{run_id}.log"


def command_spec(
    slot: Slot, command: tuple[str, ...], *, run_id: str, stdio: tuple[str, str, str] | None = None
) -> RunSpec:
    """A command in the sandbox of what the slot serves; where nothing runs, of what it would serve.

    Without `stdio` it has nothing to read, and writes into its log.
    """
    revision, workload = slot.live_revision, slot.current_workload
    if revision is not None:
        runnable = revision.runnable
    else:
        runnable = json.loads(make_plan(slot, workload, workload.active_deployment).snapshot)
    return RunSpec(
        run_id=run_id,
        owner=slot.site_id,
        name=slot.title,
        command=command,
        env=runnable["env"],
        mounts=(Mount(runnable["app"], "/app", is_writable=False), *(Mount(**one) for one in runnable["mounts"])),
        limits=Limits(**runnable["limits"]),
        timeout_seconds=COMMAND_SECONDS,
        log=str(command_log(run_id)),
        stdio=stdio,
    )


def memory_offered_mb() -> int:
    """What all instances together may use of the machine's memory."""
    return offered_mb(settings.SITES_MEMORY_MB)


def cores_offered() -> int:
    """The processor's cores that this machine has for Greenroom and its web sites."""
    return len(os.sched_getaffinity(0))


def fault_of_environment(env: dict[str, str]) -> str | None:
    """Why no process could be started with these variables; None when one can: execve(2), E2BIG."""
    sizes = {name: len(name.encode()) + len(value.encode()) + 2 for name, value in env.items()}
    name = max(sizes, key=lambda one: sizes[one], default="")
    if name and sizes[name] > MAX_VARIABLE_BYTES:
        return f"the variable '{name}' would have {sizes[name]:,} bytes, and {MAX_VARIABLE_BYTES:,} are possible"
    if sum(sizes.values()) > MAX_ENVIRONMENT_BYTES:
        total, most = sum(sizes.values()), MAX_ENVIRONMENT_BYTES
        return f"all variables together would have {total:,} bytes, and {most:,} are possible; each app setting has two"
    return None


def build_log(deployment: Deployment) -> Path:
    """Where the build and the release command of a deployment write."""
    return settings.LOG_DIR / "deployments" / f"{deployment.public_id.hex}.log"


def build_cache(site: Site) -> Path:
    """The host's folder where the builds of a site keep what they have downloaded."""
    return settings.CACHE_DIR / str(site.pk)
