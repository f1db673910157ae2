"""The forms for names, passwords and mail addresses."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.account.models import EmailAddress
from django import forms


class Labelled(forms.Form):
    """The portal's own words, and no grey ones inside the fields."""

    labels: dict[str, str] = {}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, field in self.fields.items():
            field.label = self.labels.get(name, field.label)
            field.help_text = ""
            field.widget.attrs.pop("placeholder", None)


class SignInForm(Labelled, LoginForm):
    """Name and password."""

    labels = {"login": "Name", "password": "Password"}


class NewPasswordForm(Labelled, SetPasswordForm):
    """A password for whoever came by a one-time link."""

    labels = {"password1": "New password", "password2": "New password again"}


class ResetForm(Labelled, ResetPasswordKeyForm):
    """The same by a link that came by mail."""

    labels = NewPasswordForm.labels


class PasswordForm(Labelled, ChangePasswordForm):
    """Another password for whoever knows the present one."""

    labels = {"oldpassword": "Current password", **NewPasswordForm.labels}

    def clean_oldpassword(self) -> str:
        """Counted like every other try at a password. Raises SignInLimited."""
        password = str(self.cleaned_data.get("oldpassword", ""))
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class ConfirmationForm(Labelled, ReauthenticateForm):
    """The password once more, before a change."""

    labels = {"password": "Your password"}


class MailForm(AddEmailForm):
    """A mail address, not longer than its column."""

    def clean_email(self) -> str:
        """The address, in lower case."""
        email = str(super().clean_email())
        if len(email) > (EmailAddress._meta.get_field("email").max_length or 0):
            raise forms.ValidationError("That mail address is too long, so nothing was changed. Use another one.")
        return email


class ForgottenForm(ResetPasswordForm):
    """The address of somebody who has forgotten the password.

    Only a verified one counts: somebody else may get the mail that goes to an address with a mistake in it.
    """

    def clean_email(self) -> str:
        """The address; whose it is stays here."""
        email = str(self.cleaned_data["email"]).lower()
        found = EmailAddress.objects.filter(email=email, verified=True, user__is_active=True).select_related("user")
        self.users = [address.user for address in found]
        return email
