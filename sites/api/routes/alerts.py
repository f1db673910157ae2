"""What watches a slot: its web endpoints and its alert rules."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.alerts import (
    AlertRuleAsked,
    AlertShown,
    EndpointShown,
    describe_alert,
    describe_endpoint,
)
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.monitoring.alert_rules import LONGEST_NAME
from sites.services import alert_rules
from sites.services.endpoints import endpoints_of

router = Router(tags=["alerts"])
ADDRESS = "/sites/{site_name}/slots/{slot_name}/alert-rules"
RuleName = Annotated[str, Path(min_length=1, max_length=LONGEST_NAME, pattern=r"^[^:/]+$")]


@router.get("/sites/{site_name}/slots/{slot_name}/endpoints", response=answers(200, list[EndpointShown]), auth=READ)
def list_endpoints(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> list[EndpointShown]:
    """The web endpoints that are set, at most 2, and what the last check of each found."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    return [describe_endpoint(one) for one in endpoints_of(slot)]


@router.get(ADDRESS, response=answers(200, list[AlertShown]), auth=READ)
def list_alert_rules(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> list[AlertShown]:
    """The rules in force, and how each stands; by name, at most 10."""
    slot = access.get_slot(user_of(request), site_name, slot_name)
    return [describe_alert(one) for one in alert_rules.standings_of(slot)]


@router.put(f"{ADDRESS}/{{rule_name}}", response=ASKED, auth=ADMINISTER)
def save_alert_rule(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, rule_name: RuleName, body: AlertRuleAsked
) -> HttpResponse:
    """Make a rule, or replace the one of that name. It is a setting, so it is cloned and travels with a swap."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    return asked(request, lambda: alert_rules.save(acting_user=user, slot=slot, name=rule_name, text=body.rule))


@router.delete(f"{ADDRESS}/{{rule_name}}", response=ASKED, auth=ADMINISTER)
def remove_alert_rule(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, rule_name: RuleName
) -> HttpResponse:
    """Remove a rule. What it has fired is over."""
    user = user_of(request)
    slot = access.get_slot(user, site_name, slot_name)
    return asked(request, lambda: alert_rules.remove(acting_user=user, slot=slot, name=rule_name))
