"""The API's addresses, below /api/v1/."""

from django.urls import path

from sites.api.application import api

urlpatterns = [path("", api.urls)]
