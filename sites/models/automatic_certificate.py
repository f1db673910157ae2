"""Certificates that an authority issues automatically (ACME): for which names, by which account, and each order."""

from django.db import models
from django.db.models.functions import Now

from sites.models.certificate import Certificate
from sites.models.fields import EncryptedTextField
from sites.models.host_name import HostName
from sites.models.slot import Slot
from sites.models.state import StateModel
from sites.models.subscription import Subscription


class AcmeAccount(models.Model):
    """The installation's account at one authority. The key is written before the authority hears of it."""

    directory = models.CharField(max_length=300, unique=True)  # the authority's address
    key = EncryptedTextField()  # PEM, PKCS #8
    uri = models.CharField(max_length=500, blank=True)  # empty: the authority does not know it yet
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.directory


class AutomaticCertificate(models.Model):
    """The wish that a host name has a certificate of the authority; stays with its slot, and ends with the name.

    Without a slot's host name it is the installation's own wish, for `own_name`.
    """

    host_name = models.OneToOneField(HostName, null=True, on_delete=models.CASCADE, related_name="automatic")
    own_name = models.CharField(max_length=253, blank=True, default="")  # as HostName.name; a wildcard begins with '*.'
    certificate = models.OneToOneField(Certificate, null=True, on_delete=models.SET_NULL, related_name="automatic")
    due_at = models.DateTimeField(db_default=Now(), db_index=True)  # when to order the next one
    asked_at = models.DateTimeField(null=True)  # when the authority was asked for the time of renewal
    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    last_error = models.CharField(max_length=600, blank=True)  # a sentence; empty once one was issued
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["own_name", "host_name__name"]
        constraints = [
            models.UniqueConstraint(
                fields=["own_name"], condition=~models.Q(own_name=""), name="automatic_once_of_own_name"
            ),
            models.CheckConstraint(
                condition=models.Q(host_name=None) ^ models.Q(own_name=""), name="automatic_for_one_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """For which host name or wildcard."""
        return self.host_name.name if self.host_name else self.own_name

    @property
    def slot(self) -> Slot | None:
        """Whose name it is; None: the installation's own."""
        return self.host_name.slot if self.host_name else None


class OrderState(models.TextChoices):
    """The life of an order; each state is written before what it names is done."""

    REQUESTED = "requested", "ordering"  # the authority is to be told
    PLACED = "placed", "preparing the proof"  # it has said what it wants to see; routers or DNS are to show it
    PROVING = "proving", "being proven"  # it is to look, and to issue
    ISSUED = "issued", "issued"
    FAILED = "failed", "failed"


class CertificateOrder(StateModel):
    """One order of a certificate. The row outlives the wish, for what was ordered counts against the limits."""

    OPEN = (OrderState.REQUESTED, OrderState.PLACED, OrderState.PROVING)
    SHOWN = (OrderState.PLACED, OrderState.PROVING)
    """In these states the routers answer the authority."""

    state = models.CharField(max_length=16, choices=OrderState.choices, default=OrderState.REQUESTED)
    automatic = models.ForeignKey(AutomaticCertificate, null=True, on_delete=models.SET_NULL, related_name="orders")
    subscription = models.ForeignKey(Subscription, null=True, on_delete=models.SET_NULL, related_name="+")
    account = models.ForeignKey(AcmeAccount, on_delete=models.CASCADE, related_name="orders")
    name = models.CharField(max_length=253)  # as HostName.name
    key = EncryptedTextField()  # the certificate's, PEM; emptied at the end
    placed = models.JSONField(default=dict)  # sites.acme.authority.Placed, as data
    has_record = models.BooleanField(default=False)  # a TXT record of it may stand in DNS
    tries = models.PositiveSmallIntegerField(default=0)  # that came to nothing, in its state
    due_at = models.DateTimeField(db_default=Now(), db_index=True, null=True)  # when to look; None: never again
    placed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now(), db_index=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["automatic"],
                condition=models.Q(state__in=("requested", "placed", "proving")),
                name="one_open_order_of_a_certificate",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def proofs(self) -> list[dict[str, str]]:
        """What the authority wants to see: name, token and value of each; empty before it was placed."""
        return list(self.placed.get("proofs", ()))
