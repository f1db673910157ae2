"""Addresses below sign-in/. The names are those by which allauth knows its own views."""

from django.urls import path, re_path

from portal.accounts.views import mail, sign_in, sso

urlpatterns = [
    path("", sign_in.SignIn.as_view(), name="account_login"),
    path("code/", sign_in.SecondStep.as_view(), name="mfa_authenticate"),
    path("passkey/", sign_in.PasskeySignIn.as_view(), name="mfa_login_webauthn"),
    path("sso/", sso.begin, name="sso-begin"),
    path("sso/callback/", sso.callback, name="sso-callback"),
    path("forgotten/", mail.Forgotten.as_view(), name="account_reset_password"),
    path("forgotten/sent/", mail.Sent.as_view(), name="account_reset_password_done"),
    re_path(
        r"^forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[0-9A-Za-z-]+)/$",
        mail.Choose.as_view(),
        name="account_reset_password_from_key",
    ),
]
