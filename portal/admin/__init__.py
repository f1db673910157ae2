"""Django admin: everything can be looked up here, what is changed goes through the services."""

from django.contrib import admin

from portal.admin import events, operations, people, places, revisions, settings, subscriptions

__all__ = ["events", "operations", "people", "places", "revisions", "settings", "subscriptions"]

admin.site.site_header = "Greenroom administration"
admin.site.site_title = "Greenroom"
admin.site.index_title = "All records"
