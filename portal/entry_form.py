"""What a browser sends of the KEY / VALUE rows, and of many lines pasted at once."""

from django import forms

from sites.errors import SettingRefused
from sites.services.settings import CONNECTION_KINDS

LINES = "app_settings-lines"


class EntryForm(forms.Form):
    """One row. `was` is the name under which it was loaded, `base` the digest of what it had then.

    An empty value of a hidden row keeps that of the entry `kept`, or is the one that is `sealed`.
    """

    name = forms.CharField(required=False, max_length=128)
    value = forms.CharField(required=False, strip=False)
    arguments = forms.CharField(required=False)
    kind = forms.ChoiceField(required=False, choices=[(kind, kind) for kind in CONNECTION_KINDS])
    is_sticky = forms.BooleanField(required=False)
    kept = forms.CharField(required=False)
    sealed = forms.CharField(required=False)
    was = forms.CharField(required=False)
    base = forms.CharField(required=False)

    @property
    def is_blank(self) -> bool:
        """The last row, as long as nothing was typed into it."""
        return not any(self.cleaned_data.get(part) for part in ("name", "value", "sealed", "was"))


EntryFormSet = forms.formset_factory(EntryForm, extra=0, can_delete=True)


def pasted_lines(text: str) -> dict[str, str]:
    """Lines KEY=VALUE; blank ones and those that begin with # are left out. Raises SettingRefused for another one."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise SettingRefused(
                f"Line {number} of the pasted lines has no '='; nothing was saved. Write each line as KEY=VALUE."
            )
        found[name.strip()] = value.strip()
    return found
