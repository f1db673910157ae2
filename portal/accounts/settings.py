"""Settings of django-allauth that are the same for every installation; portal.settings takes them over."""

ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "portal.accounts.forms.SignInForm",
    "change_password": "portal.accounts.forms.PasswordForm",
    "reauthenticate": "portal.accounts.forms.ConfirmationForm",
    "add_email": "portal.accounts.forms.MailForm",
    "reset_password": "portal.accounts.forms.ForgottenForm",
    "reset_password_from_key": "portal.accounts.forms.ResetForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_LOGIN_TIMEOUT = 600
ACCOUNT_SIGNUP_ENABLED = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"  # an address is verified when it is added; nobody needs one
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = False  # allauth's keep a person out whose name a stranger types; see sites.throttling
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_METHODS = {"password", "mfa"}
MFA_ADAPTER = "portal.accounts.factors.FactorAdapter"
MFA_FORMS = {
    "authenticate": "portal.accounts.codes.SignInCodeForm",
    "reauthenticate": "portal.accounts.codes.ConfirmationCodeForm",
    "activate_totp": "portal.accounts.codes.AppForm",
    "add_webauthn": "portal.accounts.passkeys.AddForm",
    "authenticate_webauthn": "portal.accounts.passkeys.SecondStepForm",
    "login_webauthn": "portal.accounts.passkeys.SignInForm",
    "reauthenticate_webauthn": "portal.accounts.passkeys.ConfirmationForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False
MFA_RECOVERY_CODE_DIGITS = 16
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Greenroom"
MFA_TOTP_TOLERANCE = 1
SOCIALACCOUNT_ADAPTER = "portal.accounts.sso.SingleSignOnAdapter"
