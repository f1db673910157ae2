"""Which identities a web site trusts: jobs of a pipeline that show an OpenID Connect token in place of a secret."""

from django.conf import settings
from django.db import models

from sites.models.site import Site


class Trust(models.Model):
    """One rule: tokens of this issuer for this audience, whose claims are these, act for this person on this site."""

    MOST = 20  # of one web site

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="trusts")
    name = models.CharField(max_length=64)
    issuer = models.CharField(max_length=300)
    audience = models.CharField(max_length=300)
    claims = models.JSONField()  # name → the text that it must have
    scopes = models.JSONField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trusts")
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)  # to the minute
    refusal = models.CharField(max_length=300, blank=True)  # of the last genuine token whose claims were others
    refused_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["site", "name"], name="trust_once_per_site")]

    def __str__(self) -> str:
        return self.name


class SpentIdentity(models.Model):
    """An identity token that was exchanged; it is not taken again. Kept until it would have expired anyway."""

    digest = models.CharField(max_length=64, unique=True)  # SHA-256 in hex
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest[:8]
