"""People: their accounts can be looked up and changed; by what they sign in is for them alone."""

from typing import cast

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from sites.errors import SettingRefused

for _model in (User, EmailAddress, Authenticator, SocialAccount, SocialApp, SocialToken, UserSession):
    admin.site.unregister(_model)


class NewPersonForm(forms.ModelForm):
    """A name; the password is chosen by whoever gets the link."""

    class Meta:
        model = User
        fields = ("username",)

    def save(self, commit: bool = True) -> User:
        """Without a password."""
        self.instance.set_unusable_password()
        return cast(User, super().save(commit))


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Django's own, except that nobody types a password for somebody else."""

    add_form = NewPersonForm
    add_fieldsets = ((None, {"fields": ("username",)}),)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """A password that somebody else knows is none; a link is made on the server (ASVS 5.0, 6.4.6)."""
        user = self.get_object(request, id)
        if user is None or not self.has_change_permission(request, user):
            return HttpResponseRedirect(reverse("admin:auth_user_changelist"))
        name = user.get_username()
        raise SettingRefused(
            f"A password that you type is known to two, so that of {name} was not changed. Make a link, by which "
            f"{name} chooses one, on the server: ./greenroom password --user {name} --link"
        )
