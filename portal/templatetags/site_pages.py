"""What the templates of a slot's pages ask for."""

from django import forms, template

register = template.Library()

CAPTIONS = {
    "app_settings": ("App settings", "KEY", "VALUE"),
    "connection_strings": ("Connection strings", "NAME", "VALUE"),
    "mounts": ("Persistent folders", "FOLDER", "SHOWN AT, FOR EXAMPLE /data"),
}


@register.filter
def in_bytes(size: int) -> str:
    """512 MB, 20 KB: a limit in the largest unit that leaves it whole."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1024 or size % 1024:
            return f"{size:,} {unit}"
        size //= 1024
    return f"{size:,} GB"


@register.inclusion_tag("site/_entry_rows.html")
def entry_rows(rows: forms.BaseFormSet, kind: str) -> dict[str, object]:
    """The KEY / VALUE rows of a category, with an empty one at the end."""
    caption, key, value = CAPTIONS[kind]
    return {"rows": rows, "kind": kind, "caption": caption, "key": key, "value": value}
