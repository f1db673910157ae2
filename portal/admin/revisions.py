"""What was published, and what was made runnable of it."""

from django.contrib import admin

from portal.admin.base import RecordInline, ServiceRecordAdmin
from sites.models import Deployment, Instance, Revision


@admin.register(Deployment)
class DeploymentAdmin(ServiceRecordAdmin):
    """Every publication of content."""

    list_display = ["short_id", "message", "site", "state", "author", "deployer", "received_at", "ended_at"]
    list_filter = ["state", "deployer", "kind"]
    list_select_related = ["workload__site"]
    search_fields = ["message", "author", "workload__site__name"]
    date_hierarchy = "received_at"

    @admin.display(description="ID")
    def short_id(self, deployment: Deployment) -> str:
        """Ten characters."""
        return deployment.short_id

    @admin.display(ordering="workload__site__name")
    def site(self, deployment: Deployment) -> str:
        """The site of its workload."""
        return deployment.workload.site.name


class InstanceInline(RecordInline):
    """The processes of a revision."""

    model = Instance
    fields = [
        "ordinal",
        "observed_state",
        "address",
        "port",
        "restarts",
        "exit_code",
        "is_warm",
        "warmup_answer",
    ]


@admin.register(Revision)
class RevisionAdmin(ServiceRecordAdmin):
    """Every revision with its instances."""

    list_display = ["cluster", "site", "slot", "deployment", "state", "wanted_count", "routed_count", "created_at"]
    list_filter = ["state"]
    list_select_related = ["site", "slot__site", "deployment"]
    search_fields = ["site__name", "fingerprint"]
    inlines = [InstanceInline]

    @admin.display(ordering="pk")
    def cluster(self, revision: Revision) -> str:
        """Its name at the routers."""
        return revision.cluster
