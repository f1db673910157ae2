"""What the portal itself keeps: the browsers that people signed in with, and how they want the portal."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class KnownBrowser(models.Model):
    """A browser in which a person has signed in; its cookie is kept as a digest."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="known_browsers")
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"of {self.user}"


class Preference(models.Model):
    """How one person wants the portal; there is a row only for whoever wants it otherwise than it comes."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preference")
    has_shortcuts = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"of {self.user}"
