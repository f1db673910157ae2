"""Forms of a slot's pages."""

from collections.abc import Iterable

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from sites.models import Category, Mode, Slot
from sites.services.settings import CONNECTION_KINDS, Entry


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
        return f"The message is longer than 200 characters; nothing was published to '{slot.title}'. Shorten it."


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


class EntryForm(forms.Form):
    """One KEY / VALUE row. An empty value of a connection string keeps the one that is hidden."""

    name = forms.CharField(required=False, max_length=128)
    value = forms.CharField(required=False, strip=False)
    kind = forms.ChoiceField(required=False, choices=[(kind, kind) for kind in CONNECTION_KINDS])
    is_sticky = forms.BooleanField(required=False)
    kept = forms.CharField(required=False, widget=forms.HiddenInput)  # the name whose hidden value stays

    @property
    def is_blank(self) -> bool:
        """The last row, as long as nothing was typed into it."""
        return not self.cleaned_data.get("name") and not self.cleaned_data.get("value")


EntryFormSet = forms.formset_factory(EntryForm, extra=1, can_delete=True)

SECTIONS = (Category.APP_SETTINGS, Category.CONNECTION_STRINGS, Category.MOUNTS)
HIDDEN = frozenset({Category.CONNECTION_STRINGS})


def entry_forms(category: Category, entries: Iterable[Entry], *, revealed: bool = False) -> forms.BaseFormSet:
    """The rows of a category, with an empty one at the end; hidden values stay on the server unless `revealed`."""
    is_hidden = category in HIDDEN and not revealed
    initial = [
        {
            "name": entry.name,
            "value": "" if is_hidden else entry.value,
            "kind": entry.kind,
            "is_sticky": entry.is_sticky,
            "kept": entry.name if is_hidden else "",
        }
        for entry in entries
    ]
    return EntryFormSet(prefix=category.value, initial=initial)


def typed_entries(data: QueryDict | MultiValueDict, category: Category, present: Iterable[Entry]) -> list[Entry] | None:
    """The entries that a submitted page has for a category, or None when its rows cannot be read."""
    rows = EntryFormSet(data, prefix=category.value)
    if not rows.is_valid():
        return None
    present = list(present)
    hidden = {entry.name: entry.value for entry in present}
    folders = {entry.name: entry.kind for entry in present if category == Category.MOUNTS}  # the page does not ask
    kept = [form for form in rows if not form.is_blank and not form.cleaned_data.get("DELETE")]
    return [
        Entry(
            name=form.cleaned_data["name"],
            value=form.cleaned_data["value"] or hidden.get(form.cleaned_data["kept"], ""),
            kind=folders.get(form.cleaned_data["name"], form.cleaned_data["kind"]),
            is_sticky=form.cleaned_data["is_sticky"],
        )
        for form in kept
    ]
