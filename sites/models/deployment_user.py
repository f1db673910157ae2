"""A person's own user and password for publishing, valid for every web site that the person may change."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now


class DeploymentUser(models.Model):
    """At most one per person. The password is kept as Django keeps passwords."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deployment_user")
    name = models.CharField(max_length=40)
    password = models.CharField(max_length=256)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="deployment_user_name_unique")]

    def __str__(self) -> str:
        return self.name
