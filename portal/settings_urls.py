"""Addresses below settings/: subscriptions and their people, the filter, the keys, one's own account."""

from django.urls import include, path

from portal.views import people, shortcuts, subscriptions

urlpatterns = [
    path("", subscriptions.subscription_list, name="settings"),
    path("shown/", subscriptions.filter_shown, name="subscription-filter"),
    path("shortcuts/", shortcuts.switch_shortcuts, name="shortcuts"),
    path("account/", include("portal.accounts.account_urls")),
    path("subscriptions/", subscriptions.create, name="subscription-create"),
    path("subscriptions/<uuid:public_id>/", people.people, name="people"),
    path("subscriptions/<uuid:public_id>/name/", subscriptions.rename, name="subscription-rename"),
    path("subscriptions/<uuid:public_id>/people/", people.add, name="person-add"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/role/", people.change_role, name="person-role"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/remove/", people.remove, name="person-remove"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/link/", people.new_link, name="person-link"),
]
