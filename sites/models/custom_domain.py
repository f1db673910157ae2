"""A domain name of somebody's own at a slot, and whether it is proven to be theirs."""

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from sites.models.clock import now
from sites.models.host_name import HostName, HostNameKind
from sites.models.slot import Slot


class DomainState(models.TextChoices):
    """How far the proof of ownership is."""

    PENDING = "pending", "pending"  # nobody has looked yet
    VERIFIED = "verified", "verified"  # the slot answers at the name
    FAILED = "failed", "failed"  # the records that were found prove nothing; looked at again for some days


class CustomDomain(models.Model):
    """A claim to a host name; once it is proven the slot has the name, and keeps it through every swap.

    Several slots may claim a name at the same time, so nobody can keep others from theirs; one alone can prove it.
    """

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="custom_domains")
    name = models.CharField(max_length=253)  # as HostName.name; a wildcard begins with '*.'
    state = models.CharField(max_length=16, choices=DomainState.choices, default=DomainState.PENDING)
    finding = models.CharField(max_length=600, blank=True)  # what was expected and what was found, as a sentence
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    checked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, db_index=True)  # when to look next; None: not by itself

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["slot", "name"], name="domain_once_in_slot"),
            models.UniqueConstraint(fields=["name"], condition=Q(state="verified"), name="domain_verified_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_verified(self) -> bool:
        """Whether the slot has the name."""
        return self.state == DomainState.VERIFIED

    @property
    def is_wildcard(self) -> bool:
        """Whether it stands for every name that has one label more."""
        return self.name.startswith("*.")

    @property
    def shown_name(self) -> str:
        """With the letters of the language for people, where the name is an international one."""
        try:
            return self.name.encode("ascii").decode("idna")
        except UnicodeError:
            return self.name

    @property
    def target(self) -> str:
        """What its CNAME record has to lead to: the slot's own address; '' while the slot is being deleted."""
        hosts = (host.name for host in self.slot.host_names.all() if host.kind == HostNameKind.DEFAULT)
        return next(hosts, "")

    @property
    def proof_name(self) -> str:
        """Where its TXT record has to stand."""
        return "_greenroom." + self.name.removeprefix("*.")

    @property
    def proof_text(self) -> str:
        """What that record has to say. It names the subscription, so a name can move between its slots."""
        return f"greenroom-verification={self.slot.site.subscription.public_id.hex}"

    def verify(self) -> bool:
        """Give the slot the name; False, and nothing is changed, if another slot has it or this one is being deleted.

        Belongs in a transaction.
        """
        slot = Slot.objects.select_for_update().select_related("site").get(pk=self.slot_id)
        if not slot.host_names.filter(kind=HostNameKind.DEFAULT).exists():
            return False
        moment = now()
        try:
            with transaction.atomic():
                fitting = (one for one in slot.certificates.order_by("-not_after") if one.covers(self.name))
                HostName.objects.create(
                    name=self.name, slot=slot, kind=HostNameKind.CUSTOM, certificate=next(fitting, None)
                )
                proven = {"state": DomainState.VERIFIED, "verified_at": moment, "checked_at": moment}
                CustomDomain.objects.filter(pk=self.pk).update(**proven, finding="", due_at=None)
        except IntegrityError:
            return False
        slot.site.touch_routes()
        self.refresh_from_db()
        return True

    def withdraw(self) -> None:
        """Take the name away from the slot and forget the claim; belongs in a transaction."""
        found, _ = HostName.objects.filter(name=self.name, slot_id=self.slot_id, kind=HostNameKind.CUSTOM).delete()
        if found:
            self.slot.site.touch_routes()
        self.delete()
