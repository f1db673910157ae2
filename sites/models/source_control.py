"""The repository elsewhere from which a slot is published."""

from django.db import models
from django.db.models.functions import Now

from sites.models.fields import EncryptedTextField
from sites.models.operation import Operation
from sites.models.slot import Slot


class Provider(models.TextChoices):
    """Who keeps the repository: for people, and for the history. Nothing is decided by it."""

    GITHUB = "github", "GitHub"
    GITLAB = "gitlab", "GitLab"
    GITEA = "gitea", "Gitea"
    BITBUCKET = "bitbucket", "Bitbucket"
    EXTERNAL = "external", "External repository"


class SourceControl(models.Model):
    """One branch of one repository. It belongs to the slot, so it stays there on a swap."""

    slot = models.OneToOneField(Slot, on_delete=models.CASCADE, related_name="source_control")
    provider = models.CharField(max_length=16, choices=Provider.choices)
    url = models.CharField(max_length=500)  # without user and password
    branch = models.CharField(max_length=100)
    user = models.CharField(max_length=100, blank=True)
    password = EncryptedTextField(blank=True)  # or a token; shown to nobody
    webhook_secret = EncryptedTextField()
    connected_at = models.DateTimeField(db_default=Now())
    last_fetch = models.ForeignKey(Operation, null=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return f"{self.branch} of {self.url}"

    @property
    def deployer(self) -> str:
        """In the history: by what way a deployment came."""
        return self.get_provider_display()
