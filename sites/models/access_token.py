"""Access tokens of people, for programs that act for them, and the requests that such programs may send twice."""

from datetime import timedelta

from django.conf import settings
from django.db import models

from sites.models.operation import Operation
from sites.models.site import Site
from sites.models.trust import Trust


class Scope(models.TextChoices):
    """What a token allows beside looking; never more than its person may do."""

    READ = "read", "read"
    PUBLISH = "publish", "publish"
    SWAP = "swap", "swap"
    ADMINISTER = "administer", "administer"  # everything else, and all of the above


class AccessToken(models.Model):
    """One token. Its text is shown once and kept as a digest: 256 random bits need no slow hash."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 in hex
    site = models.ForeignKey(Site, null=True, on_delete=models.CASCADE, related_name="access_tokens")  # null: all
    trust = models.ForeignKey(Trust, null=True, on_delete=models.CASCADE, related_name="tokens")  # null: a person's
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)  # to the minute

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        """Whether it has the scope; every token may look."""
        return scope == Scope.READ or scope in self.scopes or Scope.ADMINISTER in self.scopes


class IdempotentRequest(models.Model):
    """A request that came with an Idempotency-Key, and the operation that it began or what else it made."""

    KEPT = timedelta(hours=24)

    token = models.ForeignKey(AccessToken, on_delete=models.CASCADE, related_name="idempotent_requests")
    key_digest = models.CharField(max_length=64)
    request_digest = models.CharField(max_length=64)
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, null=True, related_name="+")
    made = models.CharField(max_length=36, blank=True)
    """The id in the API of what the request made, where that is no operation."""
    secret_digest = models.CharField(max_length=64, blank=True, db_default="")
    """Of the secret that was in the answer, so that a repeated answer holds no later one."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key_digest"], name="key_once_per_token")]

    def __str__(self) -> str:
        return f"of {self.token}"
