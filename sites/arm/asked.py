"""One request of a client of Azure: who asks, and what its address names."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest

from sites import access
from sites.arm import GROUP
from sites.arm.bodies import Json, read_object
from sites.errors import NotFound, ScopeMissing
from sites.models import PRODUCTION, Scope, Site, Slot, Subscription


@dataclass
class Asked:
    """`names` are the parts of the address: subscription, group, site, slot and others, as they were written."""

    request: HttpRequest
    user: User
    names: Mapping[str, str]

    @cached_property
    def subscription(self) -> Subscription:
        """Raises NotFound, also for a resource group that is not there."""
        found = access.named_subscriptions(self.user).filter(public_id=uuid_of(self.names["subscription"])).first()
        if found is None or self.names.get("group", GROUP).lower() != GROUP:
            raise NotFound
        return found

    @cached_property
    def site(self) -> Site:
        """Raises NotFound, also for a web site of another subscription."""
        return self._of_subscription(access.get_site(self.user, self.names["site"]))

    @cached_property
    def slot(self) -> Slot:
        """The slot that is named, or production. Raises NotFound."""
        slot = access.get_slot(self.user, self.names["site"], self.names.get("slot", PRODUCTION))
        self._of_subscription(slot.site)
        return slot

    @cached_property
    def body(self) -> Json:
        """Raises RequestRefused and RequestTooLarge."""
        return read_object(self.request)

    @property
    def is_secure(self) -> bool:
        """Whether the client came by HTTPS; addresses that it is given then begin so too."""
        return self.request.is_secure()

    def may(self, scope: Scope) -> bool:
        """Whether the token has that scope and the person may change the slot."""
        try:
            access.present(self.user).ensure(scope)
        except ScopeMissing:
            return False
        return access.may_change(self.user, self.slot.site)

    def again(self) -> "Asked":
        """The same request, with nothing looked up yet: for an answer that is made later."""
        return Asked(self.request, self.user, self.names)

    def _of_subscription(self, site: Site) -> Site:
        if site.subscription_id != self.subscription.pk:
            raise NotFound
        return site


def uuid_of(text: str) -> UUID:
    """Raises NotFound for what is no UUID."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
