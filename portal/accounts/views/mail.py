"""The mail address of an account, and a password that was forgotten; both only where mails are sent."""

from typing import Any, cast

from allauth.account.decorators import reauthentication_required
from allauth.account.views import (
    ConfirmEmailView,
    EmailView,
    PasswordResetDoneView,
    PasswordResetFromKeyView,
    PasswordResetView,
)
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.generic import View

from portal import security_log
from portal.accounts import attempts
from portal.accounts.views.sheet import OnSheet
from sites.errors import NotFound
from sites.services import mails


class WhereMailsAreSent(View):
    """These pages exist only there."""

    def dispatch(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponseBase:
        """Raises NotFound elsewhere."""
        if not mails.are_sent():
            raise NotFound
        return super().dispatch(request, *args, **more)


@method_decorator(reauthentication_required(app="allauth.account"), name="dispatch")
class Address(WhereMailsAreSent, OnSheet, EmailView):
    """Another mail address, which counts once a link that is sent to it was followed."""

    template_name = "account/mail.html"
    success_url = reverse_lazy("account")

    def post(self, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        """Add, send the link once more, or remove."""
        if "action_add" in request.POST or "action_send" in request.POST:
            attempts.ensure_few(request, attempts.MAILS, f"user {request.user.pk}")
        return cast(HttpResponse, super().post(request, *args, **more))


class Confirm(WhereMailsAreSent, ConfirmEmailView):
    """The link that was sent: only whoever is signed in to that account confirms its address."""

    http_method_names = ["get", "head", "post"]
    template_name = "account/mail_confirm.html"

    def get_object(self, queryset: Any = None) -> Any:
        """The address. Raises Http404 for a link that is too old or not for this person."""
        confirmation = super().get_object(queryset)
        if confirmation.email_address.user_id != self.request.user.pk:
            raise Http404
        return confirmation

    def get_redirect_url(self) -> str:
        """Back to the account."""
        return str(reverse_lazy("account"))


@method_decorator(login_not_required, name="dispatch")
class Forgotten(WhereMailsAreSent, PasswordResetView):
    """A mail address, to which a link is sent if it belongs to somebody; the answer is the same in any case."""

    http_method_names = ["get", "head", "post"]
    template_name = "account/forgotten.html"

    def form_valid(self, form: Any) -> HttpResponse:
        """Raises SignInLimited after many mails to one address, or asked for from one."""
        attempts.ensure_few(self.request, attempts.MAILS, f"to {form.cleaned_data['email'].lower()}")
        return cast(HttpResponse, super().form_valid(form))


@method_decorator(login_not_required, name="dispatch")
class Sent(WhereMailsAreSent, PasswordResetDoneView):
    """It was sent, or there was nobody to send it to."""

    template_name = "account/forgotten_sent.html"


@method_decorator(login_not_required, name="dispatch")
class Choose(WhereMailsAreSent, PasswordResetFromKeyView):
    """The link that was sent: choose a password, and sign in with it."""

    http_method_names = ["get", "head", "post"]
    template_name = "account/reset_password.html"
    success_url = reverse_lazy("account_login")

    def render_to_response(self, context: dict[str, Any], **more: Any) -> HttpResponse:
        """410 for a link that was used or is too old; those are counted."""
        if context.get("token_fail"):
            security_log.note_refusal(self.request, "A link for a forgotten password")
            attempts.ensure_few(self.request, attempts.LINKS)
            more["status"] = 410
        return super().render_to_response(context, **more)
