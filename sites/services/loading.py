"""A request has come for a slot whose instances have ended: it is waited for while they start."""

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from sites import tasks
from sites.models import Rest, Revision, Slot


def wake(slot_id: int) -> None:
    """Have the slot's instances back; asked again, or for a slot that has them, it changes nothing.

    Called by the router's control plane, once for all requests that it holds for the slot.
    """
    with transaction.atomic():
        slot = Slot.objects.select_for_update(of=("self",)).select_related("site").filter(pk=slot_id).first()
        if slot is None or slot.live_revision_id is None:
            return
        revision = Revision.objects.filter(pk=slot.live_revision_id)
        if revision.filter(rest__in=(Rest.HOLDING, Rest.EMPTYING)).update(
            rest=Rest.LOADED, rest_at=Now(), used_at=Now()
        ):
            slot.site.touch_routes()  # its instances run still
            return
        begun = revision.filter(rest=Rest.UNLOADED).update(
            rest=Rest.LOADING, rest_at=Now(), wanted_count=slot.instance_count, generation=F("generation") + 1
        )
        if begun:
            transaction.on_commit(lambda: tasks.load_revision.delay(slot.live_revision_id), robust=True)
