"""What people may send to the portal."""

from collections.abc import Mapping
from typing import cast

from django import forms
from django.conf import settings
from django.db.models import QuerySet

from sites.models import Mode, Role, Subscription


class QuickCreateForm(forms.Form):
    """NEW, web site, quick create. The name is checked by the service, which words its refusals."""

    name = forms.CharField(max_length=100)
    mode = forms.ChoiceField(choices=Mode.choices, required=False)
    subscription = forms.ModelChoiceField(queryset=Subscription.objects.none(), required=False)

    def __init__(self, data: Mapping[str, str], *, subscriptions: QuerySet[Subscription]) -> None:
        super().__init__(data)
        self.subscriptions = subscriptions
        cast(forms.ModelChoiceField, self.fields["subscription"]).queryset = subscriptions

    def clean_mode(self) -> str:
        """The installation's own mode where none was chosen."""
        return self.cleaned_data["mode"] or settings.DEFAULT_MODE

    def clean_subscription(self) -> Subscription | None:
        """The only subscription there is, where none was chosen."""
        return self.cleaned_data["subscription"] or self.subscriptions.first()


class PersonForm(forms.Form):
    """Settings, people: somebody with an account, or a new person. Names are checked by the service."""

    name = forms.CharField(max_length=200)
    account = forms.ChoiceField(choices=[("existing", "Existing"), ("new", "New")])
    role = forms.ChoiceField(choices=Role.choices)
