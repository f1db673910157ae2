"""Which operations the logs show: the query of the address, in the zone in which its times are meant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse

from sites.models import Operation
from sites.operations.kinds import KINDS, names_where

FIELDS = ("site", "kind", "status", "person", "from", "to", "zone")
STATUSES = (("open", "In progress"), *[(state.value, state.label) for state in Operation.FINAL])
CHOICES = sorted(((name, kind.title) for name, kind in KINDS.items()), key=lambda choice: choice[1])


@dataclass(frozen=True)
class OperationQuery:
    """What is asked for; a value that cannot be read is left out and named in `faults`."""

    values: dict[str, str]
    page: str = "1"
    selected: str = ""
    zone: tzinfo = UTC
    begin: datetime | None = None
    end: datetime | None = None
    faults: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, data: QueryDict) -> "OperationQuery":
        """Take what the address says."""
        values = {name: data.get(name, "").strip()[:100] for name in FIELDS}
        faults: list[str] = []
        zone = _zone(values, faults)
        begin, end = (_moment(values, name, zone, faults) for name in ("from", "to"))
        for name, known in (("kind", CHOICES), ("status", STATUSES)):
            if values[name] and values[name] not in dict(known):
                faults.append(f"'{values[name]}' is no {name} of an operation.")
                values[name] = ""
        return cls(values, data.get("page", "1"), data.get("selected", ""), zone, begin, end, faults)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the zone is asked for."""
        return any(value for name, value in self.values.items() if name != "zone")

    @property
    def zone_name(self) -> str:
        """As it stands beside times."""
        return self.values["zone"] or "UTC"

    def address(self, name: str = "operation-logs", **changes: str) -> str:
        """The address of the same query with `changes`; what is empty is left out."""
        page = "" if self.page == "1" else self.page
        wanted = {**self.values, "page": page, "selected": self.selected, **changes}
        data = QueryDict(mutable=True)
        data.update({key: value for key, value in wanted.items() if value})
        return reverse(name) + (f"?{data.urlencode()}" if data else "")

    def find(self, visible: QuerySet[Operation]) -> QuerySet[Operation]:
        """Of the operations that a person may see, those that are asked for; newest first."""
        name, status = self.values["site"].lower(), self.values["status"]
        found = visible
        if name:
            # By its name, so that what was done to a site that is gone is found, too
            found = found.filter(Q(target=name) | Q(target__startswith=f"{name} ("))
        if self.values["kind"]:
            found = found.filter(kind__in=names_where(lambda kind: kind.name == self.values["kind"]))
        if status:
            is_open = Q(state__in=Operation.OPEN) | Operation.GOING_ON
            found = found.filter(is_open if status == "open" else Operation.shown_as(status))
        if self.values["person"]:
            found = found.filter(actor_name__iexact=self.values["person"])
        if self.begin:
            found = found.filter(created_at__gte=self.begin)
        if self.end:
            found = found.filter(created_at__lte=self.end)
        return found


def _zone(values: dict[str, str], faults: list[str]) -> tzinfo:
    try:
        return ZoneInfo(values["zone"]) if values["zone"] else UTC
    except (KeyError, OSError, ValueError):  # no such zone, or no name of one
        faults.append(f"'{values['zone']}' is no time zone; times are in UTC.")
        values["zone"] = ""
        return UTC


def _moment(values: dict[str, str], name: str, zone: tzinfo, faults: list[str]) -> datetime | None:
    if not values[name]:
        return None
    try:
        read = datetime.fromisoformat(values[name])
        return (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        faults.append(f"'{values[name]}' is no time; write it as 2014-02-15T22:00.")
        values[name] = ""
        return None
