"""What is written when it is done already: for the operation logs alone."""

from collections.abc import Sequence
from datetime import datetime

from sites.models import Operation, Site, SlotChange
from sites.operations.kind import OperationKind


class Recorded(OperationKind):
    """Nothing but words."""

    is_recorded = True
    steps = ()

    def __init__(self, name: str, noun: str, doing: str, *, is_warning: bool = False) -> None:
        self.name = name
        self.noun = noun
        self.doing = doing
        self.is_warning = is_warning

    def success(self, operation: Operation, changes: Sequence[SlotChange]) -> str:
        """It was written with its outcome."""
        return operation.outcome


def made_by_people(kind: Recorded, site: Site, *, since: datetime, most: int) -> list[datetime]:
    """When people had the newest ones of a site written, at most so many, the newest first."""
    written = Operation.objects.filter(site=site, kind=kind.name, actor__isnull=False, created_at__gt=since)
    return list(written.order_by("-created_at").values_list("created_at", flat=True)[:most])


def command_sentence(how: str, target: str) -> str:
    """What the record of a command says; `how` is "runs", or how it ended.

    Readers see it, so it says nothing of the line, which may have secrets in it.
    """
    return f"A command {how} in '{target}'."


RESET_CREDENTIALS = Recorded(
    "reset_credentials",
    "reset of the publishing credentials",
    "Resetting the publishing credentials of '{target}'",
)
PASSWORD = Recorded("password", "change of password", "Changing the password of '{target}'", is_warning=True)
REVEAL = Recorded("reveal", "disclosure of a secret", "Showing a secret of '{target}'")
MEMBERS = Recorded("members", "change of the subscription", "Changing the subscription '{target}'")
SITE_PEOPLE = Recorded("site_people", "change of the people", "Changing who belongs to '{target}'")
TRUSTS = Recorded("trusts", "change of the trusted pipelines", "Changing which pipelines '{target}' trusts")
LINKED_RESOURCES = Recorded(
    "linked_resources", "change of the linked resources", "Changing the linked resources of '{target}'"
)
DOMAINS = Recorded("domains", "change of the domain names", "Changing the domain names of '{target}'")
SOURCE_CONTROL = Recorded("source_control", "change of the source control", "Changing the source control of '{target}'")
AUTOSCALE_RULE = Recorded("autoscale_rule", "change of autoscale", "Changing autoscale of '{target}'")
CERTIFICATES = Recorded("certificates", "change of the certificates", "Changing the certificates of '{target}'")
MAINTENANCE = Recorded("maintenance", "change of the maintenance page", "Changing the maintenance page of '{target}'")
EVENT_TARGETS = Recorded("event_targets", "change of the event targets", "Changing the event targets of '{target}'")
VISITORS = Recorded("visitors", "change of who may visit", "Changing who may visit '{target}'")
COMMAND = Recorded("command", "command", "Running a command in '{target}'")
CRASH_LOOP = Recorded("crash_loop", "crash loop", "Watching '{target}'")
ALERT = Recorded("alert", "alert", "Watching '{target}'")
QUOTA = Recorded("quota", "disk quota", "Measuring the folders of '{target}'")
SIGN_IN = Recorded("sign_in", "change of the sign-in", "Changing how '{target}' signs in", is_warning=True)
BROWSER = Recorded("browser", "sign-in with a new browser", "Signing in as '{target}'", is_warning=True)
