"""Who may visit a slot."""

from django.db import models
from django.db.models import F

from sites.models.site import Site
from sites.models.slot import Slot


class Others(models.TextChoices):
    """What becomes of visitors from none of the addresses that are let in; sites.router.guard has the same words."""

    EVERYBODY = "everybody", "everybody may visit"
    REFUSED = "refused", "nobody else may visit"
    PASSWORD = "password", "whoever knows the password may visit"
    SIGN_IN = "sign-in", "people who see this web site in the portal may visit, by their sign-in"


class VisitorRule(models.Model):
    """Belongs to the slot, so it stays there on a swap. A slot without one is open to everybody."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="visitor_rule")
    others = models.CharField(max_length=16, choices=Others.choices, default=Others.EVERYBODY)
    addresses = models.JSONField(default=list)  # addresses and networks that are let in without being asked
    password = models.CharField(max_length=256, blank=True)  # its hash; empty: none

    def __str__(self) -> str:
        return f"visitors of {self.slot}"

    @property
    def described(self) -> dict[str, object]:
        """All of it, to make it again."""
        return {"others": self.others, "addresses": self.addresses, "password": self.password}

    @property
    def is_open(self) -> bool:
        """Whether everybody may visit."""
        return self.others == Others.EVERYBODY


class UsedVisitCode(models.Model):
    """A way back from the sign-in that was gone once, so that it is never gone again."""

    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hex
    expires_at = models.DateTimeField(db_index=True)  # from then on its signature is no good any more

    def __str__(self) -> str:
        return self.digest


def touch_entrance(slot: Slot) -> None:
    """Have guard and routers take what was changed about the slot's visitors; belongs in the same transaction."""
    Slot.objects.filter(pk=slot.pk).update(entrance_version=F("entrance_version") + 1)
    site: Site = slot.site
    site.touch_routes()
