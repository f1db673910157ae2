"""The seed's story in five steps; each ticks itself when the records say that it was done."""

from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

from sites.models import Deployment, OperationState, Site, Slot, Swap

LOOKED_AT = "looked_at"
SAMPLE = "Sample"


@dataclass(frozen=True)
class Story:
    """Which of the five steps were done."""

    production: Slot
    staging: Slot | None
    has_seen_production: bool
    has_seen_staging: bool
    has_swapped: bool
    has_rolled_back: bool
    has_published: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left of it."""
        return all(
            (
                self.has_seen_production,
                self.has_seen_staging,
                self.has_swapped,
                self.has_rolled_back,
                self.has_published,
            )
        )


def read_story(site: Site, session: SessionBase) -> Story:
    """Looks are remembered in the session, swaps and roll-backs are records, what was published is a deployment."""
    slots = list(site.slots.select_related("site"))
    production = next(slot for slot in slots if slot.is_production)
    staging = next((slot for slot in slots if not slot.is_production), None)
    looked_at = session.get(LOOKED_AT, [])
    swaps = Swap.objects.filter(operation__site=site, operation__state=OperationState.SUCCEEDED).count()
    return Story(
        production=production,
        staging=staging,
        has_seen_production=production.pk in looked_at,
        has_seen_staging=staging is not None and staging.pk in looked_at,
        has_swapped=swaps >= 1,
        has_rolled_back=swaps >= 2,
        has_published=Deployment.objects.filter(workload__site=site).exclude(deployer=SAMPLE).exists(),
    )


def remember_look(session: SessionBase, slot: Slot) -> None:
    """The person opened the slot's address from the portal."""
    session[LOOKED_AT] = sorted({*session.get(LOOKED_AT, []), slot.pk})
