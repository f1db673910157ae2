"""The only way from a user to a subscription, a site, a slot or an operation.

A person has a role in a subscription, in one site of it, or in both; then the better one counts. A user who comes by an
access token has a Grant, which takes from the user's rights and never adds any.

grants.py    what an access token leaves of its person's rights
roles.py     which role somebody has, and whether it is enough
visible.py   the rows that somebody may see
places.py    one object by its name, for looking and for changing
events.py    events, and the targets that are told of them
audience.py  the people who may see a subscription or a site
"""

from sites.access.audience import people_of, people_of_sites, people_of_subscriptions
from sites.access.events import (
    get_event_target,
    get_event_target_for_change,
    visible_event_targets,
    visible_events,
)
from sites.access.grants import Grant, by_token, grant_of, name_of, present
from sites.access.places import (
    ensure_may_see_log,
    get_operation,
    get_operation_for_change,
    get_site,
    get_site_for_change,
    get_site_for_owner,
    get_slot,
    get_slot_for_change,
    get_slot_for_log,
    get_subscription,
    get_subscription_for_owner,
    site_for_change,
    slot_for_change,
)
from sites.access.roles import (
    WRITING_ROLES,
    ensure_may_change,
    has_at_least,
    may_change,
    may_go_on,
    may_see_output,
    note_lines,
    owners_of,
    owns,
    roles_of,
    with_lines,
)
from sites.access.visible import (
    named_subscriptions,
    owned_subscriptions,
    visible_operations,
    visible_sites,
    visible_subscriptions,
    writable_subscriptions,
)

__all__ = [
    "WRITING_ROLES",
    "Grant",
    "by_token",
    "ensure_may_change",
    "ensure_may_see_log",
    "get_event_target",
    "get_event_target_for_change",
    "get_operation",
    "get_operation_for_change",
    "get_site",
    "get_site_for_change",
    "get_site_for_owner",
    "get_slot",
    "get_slot_for_change",
    "get_slot_for_log",
    "get_subscription",
    "get_subscription_for_owner",
    "grant_of",
    "has_at_least",
    "may_change",
    "may_go_on",
    "may_see_output",
    "name_of",
    "named_subscriptions",
    "note_lines",
    "owned_subscriptions",
    "owners_of",
    "owns",
    "people_of",
    "people_of_sites",
    "people_of_subscriptions",
    "present",
    "roles_of",
    "site_for_change",
    "slot_for_change",
    "visible_event_targets",
    "visible_events",
    "visible_operations",
    "visible_sites",
    "visible_subscriptions",
    "with_lines",
    "writable_subscriptions",
]
