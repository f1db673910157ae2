"""Addresses below settings/: subscriptions and their people, the filter, the keys, one's own account."""

from django.urls import include, path

from portal.views import event_targets, people, shortcuts, subscriptions

OF_TARGET = "subscriptions/<uuid:public_id>/events/<uuid:target_id>/"

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
    path("subscriptions/<uuid:public_id>/events/", event_targets.targets, name="event-targets"),
    path(OF_TARGET, event_targets.target, name="event-target"),
    path(f"{OF_TARGET}test/", event_targets.send_test, name="event-target-test"),
    path(f"{OF_TARGET}secret/", event_targets.replace_secret, name="event-target-secret"),
    path(f"{OF_TARGET}remove/", event_targets.remove, name="event-target-remove"),
    path(f"{OF_TARGET}deliveries/<uuid:delivery_id>/", event_targets.redeliver, name="event-redeliver"),
]
