"""Addresses that publishing clients call, on a slot's publishing host name."""

from django.urls import path

from sites.publishing import git_views, views

urlpatterns = [
    path("api/zipdeploy", views.zip_deploy, name="zip-deploy"),
    path("api/deployments", views.deployment_list, name="deployment-list"),
    path("api/deployments/<str:public_id>", views.deployment_detail, name="deployment-detail"),
    path("api/deployments/<str:public_id>/log", views.deployment_log, name="deployment-log"),
    path("<str:name>.git/info/refs", git_views.refs, name="git-refs"),
    path("<str:name>.git/git-upload-pack", git_views.upload_pack, name="git-upload-pack"),
    path("<str:name>.git/git-receive-pack", git_views.receive_pack, name="git-receive-pack"),
]
