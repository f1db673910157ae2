"""What the pages of NEW, web site, custom create take."""

from collections.abc import Mapping

from django import forms
from django.db.models import QuerySet
from django.utils.datastructures import MultiValueDict

from portal.forms import QuickCreateForm
from sites.models import Subscription
from sites.services.custom_sites import Beginning

BEGINNINGS = (
    (Beginning.EMPTY, "No content yet: a page that says so"),
    (Beginning.SAMPLE, "The sample web site"),
    (Beginning.UPLOAD, "A zip file of your own"),
)


class CustomCreateForm(QuickCreateForm):
    """Both pages together; the first one brings `name`, `mode`, `subscription` and `instance_count` alone."""

    instance_count = forms.IntegerField(min_value=1, max_value=10, required=False)
    beginning = forms.ChoiceField(choices=BEGINNINGS, required=False)
    archive = forms.FileField(max_length=255, required=False)
    has_staging = forms.BooleanField(required=False)

    def __init__(
        self, data: Mapping[str, str], files: MultiValueDict, *, subscriptions: QuerySet[Subscription]
    ) -> None:
        super().__init__(data, subscriptions=subscriptions)
        self.files = files

    def clean_instance_count(self) -> int:
        """One where nothing was chosen."""
        return self.cleaned_data["instance_count"] or 1

    def clean_beginning(self) -> Beginning:
        """Without content where nothing was chosen."""
        return Beginning(self.cleaned_data["beginning"] or Beginning.EMPTY)
