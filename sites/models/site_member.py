"""Who may see or change one web site, whatever their role in its subscription is."""

from django.conf import settings
from django.db import models

from sites.models.site import Site
from sites.models.subscription import Role


class SiteMember(models.Model):
    """One person's role in one web site. It goes with the site, and counts for nothing else."""

    ROLES = (Role.CONTRIBUTOR, Role.READER)
    MOST = 100  # of one web site

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="site_memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.READER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["site", "user"], name="one_role_per_member_of_site")]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"
