"""Scale: the mode of a web site, the size of its instances, and what that takes of the machine."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from ninja import Router

from sites import access
from sites.api.asking import ASKED, asked, user_of
from sites.api.authentication import ADMINISTER, READ
from sites.api.shapes.autoscale import AutoscaleRule, AutoscaleShown, describe_autoscale, rule_of
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.scale import NewSize, ScaleShown, describe_scale
from sites.api.shapes.sites import NewMode
from sites.errors import SettingRefused
from sites.models import Operation, Site
from sites.services import autoscale, sites, sizes

router = Router(tags=["scale"])


@router.get("/sites/{site_name}/scale", response=answers(200, ScaleShown), auth=READ)
def get_scale(request: HttpRequest, site_name: SiteName) -> ScaleShown:
    """Mode, size, instance counts, and what they take of the machine."""
    return describe_scale(access.get_site(user_of(request), site_name))


@router.put("/sites/{site_name}/mode", response=ASKED, auth=ADMINISTER)
def change_mode(request: HttpRequest, site_name: SiteName, body: NewMode) -> HttpResponse:
    """Change to Free, Shared or Standard mode. Instances that are larger than it allows become smaller."""
    user = user_of(request)

    def begin() -> Operation:
        site = access.get_site(user, site_name)
        return sites.change_mode(acting_user=user, site=site, mode=body.mode, counts=_counts(site, body.instances))

    return asked(request, begin)


@router.put("/sites/{site_name}/size", response=ASKED, auth=ADMINISTER)
def change_size(request: HttpRequest, site_name: SiteName, body: NewSize) -> HttpResponse:
    """Change the size of all instances: new ones are warm before the old ones end."""
    user = user_of(request)

    def begin() -> Operation:
        site = access.get_site(user, site_name)
        size = sizes.wanted_size(site, body.size, cpu_percent=body.cpu_percent, memory_mb=body.memory_mb)
        return sizes.change_size(acting_user=user, site=site, size=size, counts=_counts(site, body.instances))

    return asked(request, begin)


@router.get("/sites/{site_name}/slots/{slot_name}/autoscale", response=answers(200, AutoscaleShown), auth=READ)
def get_autoscale(request: HttpRequest, site_name: SiteName, slot_name: SlotName) -> AutoscaleShown:
    """The rule that changes the instance count of production, and its last decisions."""
    return describe_autoscale(access.get_slot(user_of(request), site_name, slot_name))


@router.put("/sites/{site_name}/slots/{slot_name}/autoscale", response=ASKED, auth=ADMINISTER)
def save_autoscale(request: HttpRequest, site_name: SiteName, slot_name: SlotName, body: AutoscaleRule) -> HttpResponse:
    """Let the instance count of production follow a rule, or not. What is left out has its default."""
    user = user_of(request)
    return asked(
        request,
        lambda: autoscale.save_rule(
            acting_user=user, slot=access.get_slot(user, site_name, slot_name), rule=rule_of(body)
        ),
    )


def _counts(site: Site, wanted: Mapping[str, int]) -> dict[int, int]:
    """By slot id. Raises SettingRefused for a slot that there is not."""
    numbers = {slot.name: slot.pk for slot in site.slots.all()}
    strange = next((name for name in wanted if name not in numbers), None)
    if strange is not None:
        raise SettingRefused(
            f"'{site.name}' has no slot '{strange}', so nothing was changed. Use {' or '.join(numbers)}."
        )
    return {numbers[name]: count for name, count in wanted.items()}
