"""What the frame of every page shows, and what the pages of a slot have in common."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, User
from django.utils.functional import cached_property

from portal.command_bar import LIST_COMMANDS, Command, slot_commands
from portal.http import PortalRequest
from portal.models import Preference
from portal.neighbours import neighbours
from portal.notifications import Unread, unread
from portal.subscription_filter import Choice, choices, shown_sites
from sites.access import owners_of, writable_subscriptions
from sites.models import Slot
from sites.services.swaps import pending_swap


@dataclass(frozen=True)
class Tab:
    """One tab of a slot's pages; `name` is the part of its URL name after `site-`."""

    name: str
    caption: str
    icon: str = ""


TABS = (
    Tab("quickstart", "Quick start", "quickstart"),
    Tab("dashboard", "Dashboard"),
    Tab("monitor", "Monitor"),
    Tab("deployments", "Deployments"),
    Tab("logs", "Logs"),
    Tab("configure", "Configure"),
    Tab("scale", "Scale"),
    Tab("linked", "Linked resources"),
)


class Frame:
    """The counts of the navigation and what waits to be read; each is asked for only where it is shown."""

    def __init__(self, request: PortalRequest) -> None:
        self.request = request
        self.user: User | AnonymousUser = getattr(request, "user", AnonymousUser())

    @property
    def as_of(self) -> str:
        """What the page shows is true as of then, in seconds since 1970."""
        return f"{getattr(self.request, 'began_at', 0.0):.6f}"

    @cached_property
    def sites(self) -> int:
        """Number of web sites; their slots do not count."""
        return shown_sites(self.request).count() if self.user.is_authenticated else 0

    @cached_property
    def subscriptions(self) -> list[Choice]:
        """The person's subscriptions, and which of them are shown."""
        return choices(self.request) if self.user.is_authenticated else []

    @cached_property
    def may_create(self) -> bool:
        """Whether the person may create web sites anywhere."""
        return self.user.is_authenticated and writable_subscriptions(self.user).exists()

    @cached_property
    def owners(self) -> list[str]:
        """Whom to ask for another role in what the person sees: the names of owners."""
        return owners_of(choice.subscription for choice in self.subscriptions)

    @cached_property
    def is_filtered(self) -> bool:
        """Whether a subscription is out of sight."""
        return not all(choice.is_shown for choice in self.subscriptions)

    @cached_property
    def has_shortcuts(self) -> bool:
        """Whether single keys press commands for this person."""
        if not self.user.is_authenticated:
            return False
        return not Preference.objects.filter(user=self.user, has_shortcuts=False).exists()

    @cached_property
    def waiting(self) -> Unread:
        """The operations that the notification bar speaks of."""
        return unread(self.user) if self.user.is_authenticated else Unread()


def frame(request: PortalRequest) -> dict[str, object]:
    """Context of every template."""
    return {"frame": Frame(request)}


def slot_context(
    request: PortalRequest,
    slot: Slot,
    tab: str,
    commands: tuple[str, ...] = LIST_COMMANDS,
    extra_commands: list[Command] | None = None,
    **more: object,
) -> dict[str, object]:
    """Context of a template that extends frame/slot_page.html: `tab` is the active one, `commands` the keys of
    portal.command_bar, `extra_commands` what the page adds: SAVE and DISCARD, or a way
    back."""
    return {
        "slot": slot,
        "site": slot.site,
        "tab": tab,
        "tabs": TABS,
        "neighbours": neighbours(request, slot.site),
        "pending": pending_swap(slot),
        "commands": [*slot_commands(request.user, slot, commands), *(extra_commands or [])],
        **more,
    }
