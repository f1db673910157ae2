"""The commands at the foot of a page: what can be done with a slot, and why not."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse

from sites.access import may_change
from sites.models import HostNameKind, Operation, Slot
from sites.operations.kinds import kind_of
from sites.services.domains import why_not_domains
from sites.services.rollback import why_not_roll_back
from sites.services.swaps import pending_swap, why_not_swap


@dataclass(frozen=True)
class MenuItem:
    """One line of a command's menu; its address answers with a confirmation."""

    caption: str
    href: str


@dataclass(frozen=True)
class Command:
    """One command. `does` is ask (a confirmation), sheet (a dialog), post, browse (a new window), submit (`form`), go.

    A command with a `reason` is grey and says it.
    """

    key: str
    caption: str
    icon: str
    href: str = ""
    does: str = "go"
    reason: str = ""
    form: str = ""
    menu: tuple[MenuItem, ...] = ()


COMMANDS = ("browse", "stop", "restart", "domains", "swap", "rollback", "delete", "publish")
CAPTIONS = {"rollback": "Roll back", "domains": "Manage domains"}
"""Those that are not the key itself."""
SYNC = "sync"
"""Of a slot that is connected to source control, on its page of deployments."""
LIST_COMMANDS = COMMANDS
QUICK_START_COMMANDS = tuple(key for key in COMMANDS if key not in ("domains", "publish"))
DEPLOYMENT_COMMANDS = ("browse", "swap")


def slot_commands(user: User, slot: Slot, keys: tuple[str, ...] = LIST_COMMANDS) -> list[Command]:
    """The commands `keys` for `slot`, in that order; what `user` cannot do is grey with its reason.

    While a swap is prepared COMPLETE and CANCEL stand after ROLL BACK, or at the end of a page that has none.
    """
    siblings = list(slot.site.slots.all())
    reader = _why_only_look(user, slot)
    pending = pending_swap(slot)
    reason = reader or _why_busy(slot, pending)
    makers = {
        "browse": lambda: _browse(slot),
        "stop": lambda: _stop_or_start(slot, reader if pending and slot.is_production else reason),
        "restart": lambda: _restart(slot, reason),
        "domains": lambda: _domains(slot),
        "swap": lambda: _swap(slot, siblings, reason),
        "rollback": lambda: _roll_back(slot, reason),
        "delete": lambda: _delete(slot, siblings, reason),
        SYNC: lambda: Command(SYNC, "Sync", "refresh", _address("site-source-sync", slot), "post", reader),
        "publish": lambda: Command("publish", "Publish", "publish", _address("site-publish", slot), "ask", reason),
    }
    commands = [makers[key]() for key in keys]
    if pending:
        place = keys.index("rollback") + 1 if "rollback" in keys else len(keys)
        commands[place:place] = _decisions(slot, pending, reader)
    return commands


def slot_address(slot: Slot) -> str:
    """The address at which visitors reach the slot, with the port where it is not 80."""
    names = [host.name for host in slot.host_names.all() if host.kind == HostNameKind.DEFAULT]
    if not names:
        return ""
    return address_of(names[0], is_https=slot.is_https_only) + "/"


def address_of(host: str, *, is_https: bool = False) -> str:
    """The address at which people reach a host name, with the port where it is not that of the scheme."""
    if settings.HTTPS_PORT and (is_https or settings.IS_BEHIND_TLS):
        return f"https://{host}" + ("" if settings.HTTPS_PORT == 443 else f":{settings.HTTPS_PORT}")
    return f"http://{host}" + ("" if settings.PORT == 80 else f":{settings.PORT}")


def _why_only_look(user: User, slot: Slot) -> str:
    if may_change(user, slot.site):
        return ""
    return f"You may look at '{slot.site.name}' but not change it. Ask an owner of its subscription for the role."


def _why_busy(slot: Slot, pending: Operation | None) -> str:
    hold = getattr(slot, "hold", None)
    if hold and pending and hold.operation == pending:
        return (
            f"'{slot.site.name}' is prepared for a swap by {pending.actor_name} "
            f"since {pending.created_at:%H:%M} UTC. Complete or cancel it first."
        )
    if hold and not kind_of(hold.operation).gives_way:
        doing = kind_of(hold.operation).noun
        return f"'{slot.title}' is busy: {doing} by {hold.operation.actor_name}. Wait until that has ended."
    return ""


def _address(name: str, slot: Slot) -> str:
    return reverse(name, args=[slot.site.name, slot.name])


def _browse(slot: Slot) -> Command:
    reason = "" if slot.is_running else f"'{slot.title}' is stopped. Start it to look at it."
    return Command("browse", "Browse", "browse", slot_address(slot), "browse", reason)


def _stop_or_start(slot: Slot, reason: str) -> Command:
    if slot.is_running:
        return Command("stop", "Stop", "stop", _address("slot-stop", slot), "ask", reason)
    return Command("start", "Start", "start", _address("slot-start", slot), "post", reason)


def _restart(slot: Slot, reason: str) -> Command:
    if not reason and not slot.is_running:
        reason = f"'{slot.title}' is stopped. Start it instead."
    return Command("restart", "Restart", "restart", _address("slot-restart", slot), "post", reason)


def _domains(slot: Slot) -> Command:
    """Everybody may look at the names; only the mode can keep a slot from having any."""
    refusal = why_not_domains(slot.site)
    reason = str(refusal) if refusal else ""
    return Command("domains", CAPTIONS["domains"], "globe-net", _address("site-domains", slot), "sheet", reason)


def _swap(slot: Slot, siblings: list[Slot], reason: str) -> Command:
    others = [other for other in siblings if other.pk != slot.pk]
    if not reason and not others:
        reason = f"'{slot.site.name}' has no staging site to swap with. Enable staged publishing first."
    if not reason:
        reason = _why_no_swap(slot, [other for other in others if other.is_production != slot.is_production])
    return Command("swap", "Swap", "swap", _address("slot-swap", slot), "ask", reason)


def _why_no_swap(slot: Slot, others: list[Slot]) -> str:
    """Empty as long as one of the others can be swapped with."""
    refusals = [why_not_swap(other, slot) if slot.is_production else why_not_swap(slot, other) for other in others]
    return "" if None in refusals else str(refusals[0])


def _roll_back(slot: Slot, reason: str) -> Command:
    if not reason:
        refusal = why_not_roll_back(slot.site)
        reason = str(refusal) if refusal else ""
    return Command("rollback", "Roll back", "rollback", _address("slot-rollback", slot), "ask", reason)


def _decisions(slot: Slot, pending: Operation, reason: str) -> list[Command]:
    """How a swap that is prepared ends. Nothing is lost by CANCEL, so nothing is asked."""
    cancel = reverse("operation-cancel", args=[pending.public_id])
    return [
        Command("complete", "Complete", "complete", _address("slot-complete", slot), "ask", reason),
        Command("cancel", "Cancel", "cancel", cancel, "post", reason),
    ]


def _delete(slot: Slot, siblings: list[Slot], reason: str) -> Command:
    production = next(item for item in siblings if item.is_production)
    both = _address("slot-delete", production)
    staging = [item for item in siblings if not item.is_production]
    if reason or not staging:
        return Command("delete", "Delete", "delete", both, "ask", reason)
    only = [MenuItem(f"Delete {item.name} site only", _address("slot-delete", item)) for item in staging]
    names = " and ".join(["production", *(item.name for item in staging)])
    prefix = "both " if len(staging) == 1 else ""
    return Command("delete", "Delete", "delete", menu=(MenuItem(f"Delete {prefix}{names} sites", both), *only))


def unselected_commands(has_sites: bool) -> list[Command]:
    """The list's commands while no row is selected: grey; an empty list has none."""
    reason = "Select a web site in the list first."
    keys = LIST_COMMANDS if has_sites else ()
    return [Command(key, CAPTIONS.get(key, key.capitalize()), key, reason=reason) for key in keys]
