"""Addresses that publishing clients call, on a slot's publishing host name."""

from django.urls import path

from sites.publishing import logstream, views

urlpatterns = [
    path("api/zipdeploy", views.zip_deploy, name="zip-deploy"),
    path("api/deployments", views.deployment_list, name="deployment-list"),
    path("api/deployments/<str:public_id>", views.deployment_detail, name="deployment-detail"),
    path("api/deployments/<str:public_id>/log", views.deployment_log, name="deployment-log"),
    path("logstream", logstream.log_stream, name="log-stream"),
    path("api/logstream", logstream.log_stream, name="api-log-stream"),
]
