"""From committed rows to the rules of the guard."""

from django.db.models import Q

from sites.access import people_of
from sites.models import Others, Slot
from sites.router.guard.rule import Rule, Way, networks, stamp_of


def rules() -> list[Rule]:
    """Of every slot whose visitors the guard is asked about; three queries, however many there are."""
    is_asked = Q(visitor_rule__isnull=False) & ~Q(visitor_rule__others=Others.EVERYBODY)
    lets_some_in = Q(is_in_maintenance=True, maintenance_page__isnull=False) & ~Q(maintenance_page__addresses=[])
    rows = Slot.objects.filter(is_asked | lets_some_in).values_list(
        "pk",
        "entrance_version",
        "site_id",
        "site__subscription_id",
        "is_in_maintenance",
        "maintenance_page__addresses",
        "visitor_rule__others",
        "visitor_rule__addresses",
        "visitor_rule__password",
    )
    found = list(rows.order_by("pk"))
    people = people_of({row[2]: row[3] for row in found if row[6] == Others.SIGN_IN})
    return [
        Rule(
            slot_id=pk,
            version=version,
            way=Way(others or Way.OPEN),
            networks=networks(addresses or ()),
            stamp=stamp_of(password or ""),
            people=people.get(site, frozenset()) if others == Others.SIGN_IN else frozenset(),
            maintenance=networks(let_in or ()) if is_in_maintenance else None,
        )
        for pk, version, site, _, is_in_maintenance, let_in, others, addresses, password in found
    ]
