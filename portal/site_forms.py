"""Forms of a slot's pages."""

from django import forms

from sites.models import Mode, Slot
from sites.plain_text import control_fault


class PublishForm(forms.Form):
    """An archive, and what it brings."""

    archive = forms.FileField(max_length=255, widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}))
    message = forms.CharField(max_length=200, required=False)

    def clean_message(self) -> str:
        """What the person wrote, else the name of the file."""
        archive = self.cleaned_data.get("archive")
        return self.cleaned_data["message"] or (archive.name if archive else "")

    def sentence(self, slot: Slot) -> str:
        """Why it was not taken."""
        if "archive" in self.errors:
            return f"No zip file was chosen, so nothing was published to '{slot.title}'. Choose one and publish again."
        reason = control_fault(str(self.data.get("message", ""))) or "it is longer than 200 characters"
        return (
            f"The message cannot be taken: {reason}. Nothing was published to '{slot.title}'; change it and try again."
        )


class ScaleForm(forms.Form):
    """The mode of the site and the instance count of one slot."""

    mode = forms.ChoiceField(choices=Mode.choices)
    count = forms.IntegerField(min_value=1, max_value=10)

    def sentence(self, slot: Slot) -> str:
        """Why it was not taken."""
        return (
            f"The scale of '{slot.title}' was not changed: an instance count is a whole number from 1 to 10, a mode is "
            "Free, Shared or Standard. Correct it and save again."
        )
