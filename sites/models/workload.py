"""What occupies a slot and travels on a swap: content, history and the settings that are not sticky."""

from django.db import models

from sites.models.site import Site


class Workload(models.Model):
    """The deployed content with its history; in at most one slot (I1)."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="workloads")
    active_deployment = models.ForeignKey("Deployment", null=True, on_delete=models.SET_NULL, related_name="+")
    restarts = models.PositiveIntegerField(default=0)  # part of the fingerprint, so a restart makes new instances

    def __str__(self) -> str:
        return f"workload {self.pk} of {self.site}"

    def travelling_settings(self) -> list[list[str]]:
        """The settings that travel with it, as [category, name, value], in order."""
        return sorted([row.category, row.name, row.value] for row in self.settings.order_by())

    def still_travelling(self, former: list[list[str]]) -> list[list[str]]:
        """What `travelling_settings` gave once, without the names that were made sticky since."""
        if not former:
            return []
        sticky = set(self.site.sticky_names.values_list("category", "name"))
        return [[category, name, value] for category, name, value in former if (category, name) not in sticky]

    def replace_settings(self, former: list[list[str]]) -> None:
        """Put back what `travelling_settings` gave once, but for names made sticky since; belongs in a transaction."""
        kept = self.still_travelling(former)
        self.settings.all().delete()
        for category, name, value in kept:
            self.settings.create(site=self.site, category=category, name=name, value=value)
