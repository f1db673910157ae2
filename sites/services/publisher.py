"""Who publishes: a person with credentials of their own, or a slot's own credentials."""

from dataclasses import dataclass

from django.contrib.auth.models import User

from sites import access
from sites.models import Slot


@dataclass(frozen=True, slots=True)
class Publisher:
    """Stands in the history and in the operation."""

    name: str
    user: User | None = None
    """None: a slot's own credentials, which open that slot only."""

    def checked(self, slot: Slot) -> Slot:
        """The slot, if it may be published to. Raises NotAllowed for a reader and NotFound for a stranger."""
        return access.slot_for_change(self.user, slot) if self.user else slot
