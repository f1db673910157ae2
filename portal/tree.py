"""The list of web sites as a tree: which rows it has, which are open, which one is selected."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import QueryDict

from portal.http import PortalRequest
from portal.rows import Row, rows_of
from portal.subscription_filter import shown_sites
from sites.models import PRODUCTION, HostName, HostNameKind, Site, Slot

PAGE_SIZE = 25
"""Sites, not rows: with their staging slots twice as many."""
CLOSED = "closed_sites"
FAILING = Q(live_revision__instances__is_failing=True, live_revision__instances__ordinal__lt=F("instance_count"))
"""Of the instances that visitors should reach those that end again and again."""
NEWEST = "newest_slot"
SORTS = {
    "name": "name",
    "status": "production_runs",
    "subscription": "subscription__name",
    "location": "location",
    "mode": "mode",
    "url": "address",
}


@dataclass(frozen=True)
class ListState:
    """What the address says of the list: search, order, page and selected row."""

    path: str
    query: str = ""
    sort: str = "name"
    page: str = "1"
    selected: str = ""

    @classmethod
    def read(cls, path: str, data: QueryDict) -> "ListState":
        """Take what is known and leave the rest."""
        sort = data.get("sort", "name")
        known = sort if sort.removeprefix("-") in SORTS else "name"
        return cls(path, data.get("q", "").strip(), known, data.get("page", "1"), data.get("selected", ""))

    def address(self, **changes: str) -> str:
        """The address of the same list with `changes`; what is usual is left out."""
        values = {"q": self.query, "sort": self.sort, "page": self.page, "selected": self.selected, **changes}
        usual = {"q": "", "sort": "name", "page": "1", "selected": ""}
        data = QueryDict(mutable=True)
        data.update({key: value for key, value in values.items() if value != usual[key]})
        return self.path + (f"?{data.urlencode(safe='/')}" if data else "")


@dataclass(frozen=True)
class SiteTree:
    """One page of the list."""

    state: ListState
    page: Page
    rows: list[Row]

    @property
    def selected(self) -> Slot | None:
        """The slot of the selected row."""
        return next((row.slot for row in self.rows if row.is_selected), None)


def read_tree(request: PortalRequest, state: ListState) -> SiteTree:
    """The rows that `request.user` may see; the number of queries does not depend on the number of sites."""
    page = Paginator(_sites(request, state), PAGE_SIZE).get_page(state.page)
    closed = set(request.session.get(CLOSED, []))
    rows = [row for site in page for row in rows_of(site, is_open=site.pk not in closed, selected=state.selected)]
    return SiteTree(state, page, rows)


def _sites(request: PortalRequest, state: ListState) -> QuerySet[Site]:
    production = Slot.objects.filter(site=OuterRef("pk"), is_production=True)
    hosts = HostName.objects.filter(slot__site=OuterRef("pk"), slot__is_production=True, kind=HostNameKind.DEFAULT)
    found = shown_sites(request).annotate(
        production_runs=Subquery(production.values("is_running")[:1]),
        address=Subquery(hosts.values("name")[:1]),
    )
    if state.query:
        found = found.filter(Q(name__icontains=state.query) | Q(subscription__name__icontains=state.query))
    order = ("-" if state.sort.startswith("-") else "") + SORTS[state.sort.removeprefix("-")]
    # What is encrypted is left out: nothing of it is shown, and every value costs a decryption
    slots = (
        Slot.objects.select_related("workload__active_deployment", "hold__operation")
        .defer("publishing_password", "hold__operation__before")
        .annotate(failing_count=Count("live_revision__instances", filter=FAILING), rest=F("live_revision__rest"))
        .prefetch_related("host_names")
    )
    return found.select_related("subscription").order_by(order, "name").prefetch_related(Prefetch("slots", slots))


def open_branch(request: PortalRequest, site: Site) -> None:
    """Show the site's slots in this session."""
    request.session[CLOSED] = [pk for pk in request.session.get(CLOSED, []) if pk != site.pk]


def close_branch(request: PortalRequest, site: Site) -> None:
    """Hide the site's slots in this session."""
    request.session[CLOSED] = sorted({*request.session.get(CLOSED, []), site.pk})


def point_out(request: PortalRequest, site: Site, slot_name: str = PRODUCTION) -> None:
    """Let the list show a new slot: its branch is open, and it is selected where the address selects nothing."""
    open_branch(request, site)
    request.session[NEWEST] = f"{site.name}/{slot_name}"
