"""Addresses of one slot's pages, below sites/NAME/SLOT/."""

from django.urls import path

from portal.views import certificates, domains, maintenance, publish, site_people
from portal.views.site_pages import (
    configure,
    dashboard,
    deployments,
    logs,
    monitor,
    quickstart,
    redeploy,
    releases,
    scale,
    secrets,
    source,
    swaps,
)

urlpatterns = [
    path("quickstart/", quickstart.quickstart, name="site-quickstart"),
    path("look/", quickstart.look, name="site-look"),
    path("dashboard/", dashboard.dashboard, name="site-dashboard"),
    path("monitor/", monitor.monitor, name="site-monitor"),
    path("deployments/", deployments.history, name="site-deployments"),
    path("deployments/<uuid:public_id>/", deployments.log, name="site-deployment"),
    path("deployments/<uuid:public_id>/redeploy/", redeploy.redeploy, name="site-redeploy"),
    path("deployments/branches/", redeploy.branches, name="site-deploy-branches"),
    path("logs/", logs.logs, name="site-logs"),
    path("logs/more/", logs.more, name="site-logs-more"),
    path("logs/download/", logs.download, name="site-logs-download"),
    path("publish/", publish.publish, name="site-publish"),
    path("configure/", configure.configure, name="site-configure"),
    path("swaps/", swaps.history, name="site-swaps"),
    path("releases/", releases.history, name="site-releases"),
    path("releases/<int:number>/", releases.report, name="site-release"),
    path("scale/", scale.scale, name="site-scale"),
    path("domains/", domains.manage_domains, name="site-domains"),
    path("certificates/", certificates.manage_certificates, name="site-certificates"),
    path("people/", site_people.manage_people, name="site-people"),
    path("people/<int:number>/", site_people.change_role, name="site-person"),
    path("people/<int:number>/remove/", site_people.remove, name="site-person-remove"),
    path("maintenance/", maintenance.manage_maintenance, name="site-maintenance"),
    path("credentials/reset/", secrets.reset_credentials, name="site-credentials-reset"),
    path("credentials/reveal/", secrets.reveal_password, name="site-password-reveal"),
    path("credentials/profile/", secrets.download_profile, name="site-publish-profile"),
    path("source/", source.source, name="site-source"),
    path("source/sync/", source.sync, name="site-source-sync"),
    path("source/disconnect/", source.disconnect, name="site-source-disconnect"),
    path("source/secret/", source.reveal_secret, name="site-source-secret"),
    path("source/secret/reset/", source.reset_secret, name="site-source-secret-reset"),
    path("configure/reveal/", secrets.reveal_values, name="site-values-reveal"),
]
