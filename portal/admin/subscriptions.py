"""Subscriptions and who belongs to them."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from sites.models import Membership, Subscription


class MembershipInline(admin.TabularInline):
    """The people of a subscription with their roles."""

    model = Membership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Subscription)
class SubscriptionAdmin(admin.ModelAdmin):
    """Groups of sites; roles are given here."""

    list_display = ["name", "public_id", "people", "web_sites", "created_at"]
    readonly_fields = ["public_id", "created_at"]
    search_fields = ["name"]
    inlines = [MembershipInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        """With the two counts, in the one query of the list."""
        people = Count("memberships", distinct=True)
        return super().get_queryset(request).annotate(people=people, web_sites=Count("sites", distinct=True))

    @admin.display(ordering="people")
    def people(self, subscription: Subscription) -> int:
        """How many members it has."""
        return getattr(subscription, "people", 0)

    @admin.display(ordering="web_sites")
    def web_sites(self, subscription: Subscription) -> int:
        """How many sites it has."""
        return getattr(subscription, "web_sites", 0)
