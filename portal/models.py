"""What the portal itself keeps: wrong passwords, so that guessing is slow in every process."""

from django.db import models


class SignInFailure(models.Model):
    """One wrong password. The name is kept as a digest: people type passwords into the wrong field."""

    name_digest = models.CharField(max_length=64)
    address = models.CharField(max_length=45)
    failed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["name_digest", "address", "failed_at"], name="failures_of_name")]

    def __str__(self) -> str:
        return f"from {self.address} at {self.failed_at}"
