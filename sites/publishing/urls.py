"""Addresses that publishing clients call, on a slot's publishing host name."""

from django.urls import path

from sites.publishing import (
    branch_settings,
    environment,
    files,
    git_views,
    history,
    logstream,
    source_views,
    views,
)

urlpatterns = [
    path("api/zipdeploy", views.zip_deploy, name="zip-deploy"),
    path("api/publish", views.publish, name="publish"),
    path("api/deployments", history.deployment_list, name="deployment-list"),
    path("api/deployments/", history.deployment_list),  # as the command line of Azure asks
    path("api/deployments/<str:public_id>", history.deployment_detail, name="deployment-detail"),
    path("api/deployments/<str:public_id>/log", history.deployment_log, name="deployment-log"),
    path("api/deployments/<str:public_id>/log/<str:entry>", history.deployment_log_entry, name="deployment-log-entry"),
    path("api/isdeploying", history.is_deploying, name="is-deploying"),
    path("api/environment", environment.environment, name="environment"),
    path("diagnostics/runtime", environment.runtime, name="runtime"),
    path("api/settings", branch_settings.all_settings, name="deployment-settings"),
    path("api/settings/<str:name>", branch_settings.one_setting, name="deployment-setting"),
    path("api/vfs/<path:path>", files.file, name="file"),
    path("api/zip/<path:path>", files.folder, name="folder"),
    path("<str:name>.git/info/refs", git_views.refs, name="git-refs"),
    path("<str:name>.git/git-upload-pack", git_views.upload_pack, name="git-upload-pack"),
    path("<str:name>.git/git-receive-pack", git_views.receive_pack, name="git-receive-pack"),
    path("deploy", source_views.deploy, name="source-deploy"),
    path("logstream", logstream.log_stream, name="log-stream"),
    path("api/logstream", logstream.log_stream, name="api-log-stream"),
]
