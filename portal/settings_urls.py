"""Addresses below settings/: subscriptions and their people, the filter, the keys, one's own account."""

from django.urls import path

from portal.views import account, people, shortcuts, subscriptions

urlpatterns = [
    path("", subscriptions.subscription_list, name="settings"),
    path("shown/", subscriptions.filter_shown, name="subscription-filter"),
    path("shortcuts/", shortcuts.switch_shortcuts, name="shortcuts"),
    path("account/app/", account.app, name="app-setup"),
    path("account/app/remove/", account.remove_app, name="app-remove"),
    path("account/codes/", account.new_codes, name="codes-new"),
    path("account/passkeys/options/", account.passkey_options, name="passkey-options"),
    path("account/passkeys/", account.add_passkey, name="passkey-add"),
    path("account/passkeys/<int:number>/remove/", account.remove_passkey, name="passkey-remove"),
    path("subscriptions/", subscriptions.create, name="subscription-create"),
    path("subscriptions/<uuid:public_id>/", people.people, name="people"),
    path("subscriptions/<uuid:public_id>/name/", subscriptions.rename, name="subscription-rename"),
    path("subscriptions/<uuid:public_id>/people/", people.add, name="person-add"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/role/", people.change_role, name="person-role"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/remove/", people.remove, name="person-remove"),
    path("subscriptions/<uuid:public_id>/people/<int:number>/link/", people.new_link, name="person-link"),
]
