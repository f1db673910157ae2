"""Addresses below settings/account/. The names are those by which allauth knows its own views."""

from django.urls import path

from portal.accounts.views import account, confirm, deployment, factors, mail, sessions, sso, tokens

urlpatterns = [
    path("", account.account, name="account"),
    # allauth leads to these after a change; here all is on one page
    path("", account.account, name="mfa_index"),
    path("", account.account, name="mfa_list_webauthn"),
    path("", account.account, name="socialaccount_connections"),
    path("password/", account.ChangePassword.as_view(), name="account_change_password"),
    path("confirm/", confirm.ByPassword.as_view(), name="account_reauthenticate"),
    path("confirm/code/", confirm.ByCode.as_view(), name="mfa_reauthenticate"),
    path("confirm/passkey/", confirm.ByPasskey.as_view(), name="mfa_reauthenticate_webauthn"),
    path("confirm/sso/", confirm.by_single_sign_on, name="sso-confirm"),
    path("app/", factors.SetUpApp.as_view(), name="mfa_activate_totp"),
    path("app/remove/", factors.RemoveApp.as_view(), name="mfa_deactivate_totp"),
    path("passkeys/", factors.AddPasskey.as_view(), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", factors.RemovePasskey.as_view(), name="mfa_remove_webauthn"),
    path("codes/", factors.ShowCodes.as_view(), name="mfa_view_recovery_codes"),
    path("codes/new/", factors.NewCodes.as_view(), name="mfa_generate_recovery_codes"),
    path("deployment/", deployment.credentials, name="deployment-credentials"),
    path("sessions/end/", sessions.end, name="session-end"),
    path("tokens/", tokens.tokens, name="access-tokens"),
    path("tokens/<int:number>/revoke/", tokens.revoke, name="access-token-revoke"),
    path("sso/connect/", sso.connect, name="sso-connect"),
    path("sso/disconnect/", sso.disconnect, name="sso-disconnect"),
    path("mail/", mail.Address.as_view(), name="account_email"),
    path("mail/<str:key>/", mail.Confirm.as_view(), name="account_confirm_email"),
]
