"""Forms of a slot's pages."""

from django import forms

from sites.errors import Fault
from sites.models import ChosenSize, InstanceSize, Mode, Site, Slot
from sites.models.instance_size import LEAST, MOST
from sites.plain_text import control_fault
from sites.services.sizes import wanted_size


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


WRONG = {
    "mode": ("Web site mode", "it is Free, Shared or Standard"),
    "count": ("Instance count", "it is a whole number from 1 to 10"),
    "size": ("Instance size", "it is one of those that the page shows"),
    "cpu_percent": ("Processor", f"own figures are {LEAST.cpu_percent} to {MOST.cpu_percent:,} % of a core"),
    "memory_mb": ("Memory", f"own figures are {LEAST.memory_mb} to {MOST.memory_mb:,} MB"),
}
"""The words beside each field of Scale, and what it takes."""


class ScaleForm(forms.Form):
    """The mode of the site, the size of its instances, and the instance count of one slot."""

    mode = forms.ChoiceField(choices=Mode.choices)
    count = forms.IntegerField(min_value=1, max_value=10)
    size = forms.ChoiceField(choices=InstanceSize.choices, required=False)
    cpu_percent = forms.IntegerField(min_value=LEAST.cpu_percent, max_value=MOST.cpu_percent, required=False)
    memory_mb = forms.IntegerField(min_value=LEAST.memory_mb, max_value=MOST.memory_mb, required=False)

    def size_of(self, site: Site) -> ChosenSize:
        """The size that is chosen; the site's own where none is."""
        figures = {name: self.cleaned_data[name] for name in ("cpu_percent", "memory_mb")}
        return wanted_size(site, self.cleaned_data["size"] or site.instance_size, **figures)

    @property
    def faults(self) -> list[Fault]:
        """What was not taken, field by field."""
        return [Fault((name,), *WRONG[name]) for name in self.fields if name in self.errors]
