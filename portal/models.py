"""What the portal itself keeps: wrong passwords, so that guessing is slow in every process, factors, and wishes."""

from django.conf import settings
from django.db import models

from sites.models.fields import EncryptedTextField


class SignInFailure(models.Model):
    """One wrong password. The name is kept as a digest: people type passwords into the wrong field."""

    name_digest = models.CharField(max_length=64)
    address = models.CharField(max_length=45)
    failed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["name_digest", "address", "failed_at"], name="failures_of_name")]

    def __str__(self) -> str:
        return f"from {self.address} at {self.failed_at}"


class TimeCode(models.Model):
    """The secret that a person shares with an authenticator app."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="time_code")
    secret = EncryptedTextField()
    last_step = models.BigIntegerField(default=0)  # a code is good once: later steps only
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"of {self.user}"


class RecoveryCode(models.Model):
    """One of the codes for the day when the device is lost; the row goes when it is used."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]

    def __str__(self) -> str:
        return f"of {self.user}"


class Passkey(models.Model):
    """A key pair on a device of the person; only its public half is here."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    name = models.CharField(max_length=64)
    credential = models.BinaryField()  # id and public key, as the authenticator gave them
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class Preference(models.Model):
    """How one person wants the portal; there is a row only for whoever wants it otherwise than it comes."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preference")
    has_shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"of {self.user}"
