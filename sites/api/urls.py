"""The API's addresses, below /api/v1/."""

from sites.api.application import api

urlpatterns = api.urls[0]
