"""The other way round: who may see what has changed."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import TypeVar

from sites.models import Membership, SiteMember

Key = TypeVar("Key", int, str)


def people_of_subscriptions(subscription_ids: Collection[int]) -> dict[int, set[int]]:
    """Subscription id → ids of the people who may see all of its sites."""
    rows = Membership.objects.filter(subscription__in=subscription_ids).values_list("subscription_id", "user_id")
    return _grouped(rows)


def people_of_sites(site_names: Collection[str]) -> dict[str, set[int]]:
    """Name of a site → ids of the people who may see it by a role in this site alone."""
    rows = SiteMember.objects.filter(site__name__in=site_names).values_list("site__name", "user_id")
    return _grouped(rows)


def people_of(sites: dict[int, int]) -> dict[int, frozenset[int]]:
    """By web site the ids of those who see it; `sites` says the subscription of each. Two queries."""
    of_subscription: dict[int, set[int]] = defaultdict(set)
    rows = Membership.objects.filter(subscription__in=set(sites.values()), user__is_active=True)
    for subscription, user in rows.values_list("subscription_id", "user_id"):
        of_subscription[subscription].add(user)
    of_site: dict[int, set[int]] = defaultdict(set)
    alone = SiteMember.objects.filter(site__in=set(sites), user__is_active=True)
    for site, user in alone.values_list("site_id", "user_id"):
        of_site[site].add(user)
    return {site: frozenset(of_subscription[own] | of_site[site]) for site, own in sites.items()}


def _grouped(rows: Iterable[tuple[Key, int]]) -> dict[Key, set[int]]:
    found: dict[Key, set[int]] = defaultdict(set)
    for key, user_id in rows:
        found[key].add(user_id)
    return dict(found)
