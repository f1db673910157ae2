"""The logs of a slot."""

from types import ModuleType
from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router

from sites import access
from sites.api.asking import user_of
from sites.api.authentication import PUBLISH
from sites.api.shapes.common import SiteName, SlotName, answers
from sites.api.shapes.logs import Log, LogAsked, LogShown, describe_line
from sites.monitoring import output, requests
from sites.monitoring.cursor import decode, encode

router = Router(tags=["logs"])
SOURCES: dict[Log, ModuleType] = {Log.APPLICATION: output, Log.REQUESTS: requests}


@router.get("/sites/{site_name}/slots/{slot_name}/logs", response=answers(200, LogShown), auth=PUBLISH)
def get_logs(
    request: HttpRequest, site_name: SiteName, slot_name: SlotName, asked: Annotated[LogAsked, Query()]
) -> LogShown:
    """What a slot wrote. Needs the scope publish, because an application may write secrets into its log."""
    slot = access.get_slot_for_log(user_of(request), site_name, slot_name)
    source = SOURCES[asked.log]
    if asked.after:
        lines, positions = source.since(slot.pk, decode(asked.after), words=asked.filter)
    else:
        lines, positions = source.newest(slot.pk, count=asked.lines, words=asked.filter)
    return LogShown(lines=[describe_line(line) for line in lines], next=encode(positions) or asked.after)
