"""What must hold of a site after whatever was asked of it."""

from hypothesis.stateful import invariant

from sites.models import Operation, Site, Slot, SlotHold
from tests.lives.asking import Asking


class Promises(Asking):
    """The machine's invariants, asked of addresses and of rows."""

    @invariant()
    def every_address_reaches_what_the_model_says(self) -> None:
        for name, suffix in (("production", ""), ("staging", "-staging")):
            place = self.model.place(name)
            is_shown = self.model.is_previewed and name == "staging"
            count = 1 if place is None or is_shown else place.count  # a preview has as many as production had
            self.check_address(f"{self.name}{suffix}.localhost", place, count=count)

    @invariant()
    def slots_have_one_workload_and_serve_it(self) -> None:
        """I1, I2."""
        found = Slot.objects.filter(site__name=self.name).select_related("live_revision", "workload__active_deployment")
        assert {slot.name for slot in found} == set(self.model.places())
        for slot in found:
            place = self.model.place(slot.name)
            assert slot.workload is not None
            active = slot.workload.active_deployment
            assert (active.message if active else None) == place.cargo.content
            assert (slot.instance_count, slot.is_running) == (place.count, place.is_running)
            assert slot.is_auto_swapped == place.is_auto_swapped
            revision = slot.live_revision
            if revision is None:
                assert not slot.is_running
                continue
            assert revision.state == "serving"
            assert revision.workload_id == slot.workload_id
            is_shown = self.model.is_previewed and not slot.is_production
            assert is_shown or revision.slot_id == slot.pk

    @invariant()
    def the_mode_is_what_was_brought_about(self) -> None:
        found = Site.objects.filter(name=self.name).values_list("mode", flat=True)
        assert list(found) == ([self.model.mode] if self.model.production is not None else [])

    @invariant()
    def holds_are_those_of_open_operations(self) -> None:
        """I4."""
        held = SlotHold.objects.filter(slot__site__name=self.name).values_list("operation", "slot__name")
        opened = [self.preview.pk] if self.preview else []
        assert sorted(held) == [(pk, name) for pk in opened for name in ("production", "staging")]
        still = Operation.objects.filter(site__name=self.name, state__in=Operation.OPEN)
        assert list(still.values_list("pk", flat=True)) == opened
