"""Sites, their slots, host names and the routers."""

from django.contrib import admin

from portal.admin.actions import enable_staged_publishing, swap_sites, swap_slots
from portal.admin.base import ServiceRecordAdmin
from sites.models import AutomaticCertificate, Certificate, CustomDomain, HostName, RouterNode, Site, SiteMember, Slot


@admin.register(Site)
class SiteAdmin(ServiceRecordAdmin):
    """Every web site of the installation."""

    list_display = ["name", "mode", "subscription", "instance_size", "location", "is_sample", "created_at"]
    list_filter = ["mode", "is_sample", "subscription"]
    list_select_related = ["subscription"]
    search_fields = ["name", "subscription__name"]
    actions = [enable_staged_publishing, swap_sites]


@admin.register(SiteMember)
class SiteMemberAdmin(ServiceRecordAdmin):
    """Who has a role in one web site alone."""

    list_display = ["user", "site", "role"]
    list_filter = ["role"]
    list_select_related = ["user", "site"]
    search_fields = ["user__username", "site__name"]


@admin.register(Slot)
class SlotAdmin(ServiceRecordAdmin):
    """Production and staging slots."""

    list_display = ["title", "label", "instance_count", "is_running", "content", "publishing_user", "created_at"]
    list_filter = ["is_production", "is_running", "name"]
    list_select_related = ["site", "workload__active_deployment"]
    search_fields = ["site__name", "name"]
    actions = [swap_slots]

    @admin.display(ordering="site__name")
    def title(self, slot: Slot) -> str:
        """hello, hello (staging)."""
        return slot.title

    @admin.display(ordering="name")
    def label(self, slot: Slot) -> str:
        """Production, Staging."""
        return slot.label

    @admin.display(empty_value="placeholder")
    def content(self, slot: Slot) -> str | None:
        """The deployment that it serves."""
        deployment = slot.workload.active_deployment if slot.workload else None
        return str(deployment) if deployment else None


@admin.register(HostName)
class HostNameAdmin(ServiceRecordAdmin):
    """Which slot answers at which name."""

    list_display = ["name", "kind", "slot"]
    list_filter = ["kind"]
    list_select_related = ["slot__site"]
    search_fields = ["name", "slot__site__name"]


@admin.register(CustomDomain)
class CustomDomainAdmin(ServiceRecordAdmin):
    """Which slot claims which domain name."""

    list_display = ["name", "state", "slot", "finding", "checked_at"]
    list_filter = ["state"]
    list_select_related = ["slot__site"]
    search_fields = ["name", "slot__site__name"]


@admin.register(Certificate)
class CertificateAdmin(ServiceRecordAdmin):
    """Which slot has which certificate; the key is shown to nobody."""

    list_display = ["title", "issuer", "slot", "not_after"]
    list_select_related = ["slot__site"]
    search_fields = ["slot__site__name", "issuer"]
    exclude = ["key", "chain"]


@admin.register(AutomaticCertificate)
class AutomaticCertificateAdmin(ServiceRecordAdmin):
    """For which names an authority issues certificates, also the installation's own, and what came of it."""

    list_display = ["name", "slot", "certificate", "due_at", "failures", "last_error"]
    list_select_related = ["host_name__slot__site", "certificate"]
    search_fields = ["own_name", "host_name__name"]


@admin.register(RouterNode)
class RouterNodeAdmin(ServiceRecordAdmin):
    """The registered routers."""

    list_display = ["node_id", "last_seen_at", "retired_at", "certificate_expires_at"]
    search_fields = ["node_id"]
