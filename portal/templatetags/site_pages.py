"""What the templates of a slot's pages ask for."""

from collections.abc import Mapping

from django import template

from portal.entry_rows import EntryRows
from portal.plain_fields import Field

register = template.Library()

CAPTIONS = {
    "app_settings": ("App settings", "KEY", "VALUE"),
    "connection_strings": ("Connection strings", "NAME", "VALUE"),
    "handler_mappings": ("Handler mappings", "EXTENSION", "SCRIPT PROCESSOR PATH"),
    "mounts": ("Persistent folders", "FOLDER", "SHOWN AT, FOR EXAMPLE /data"),
}
MAY_STICK = ("app_settings", "connection_strings", "mounts")


@register.filter
def in_bytes(size: int) -> str:
    """512 MB, 20 KB: a limit in the largest unit that leaves it whole."""
    for unit in ("bytes", "KB", "MB"):
        if size < 1024 or size % 1024:
            return f"{size:,} {unit}"
        size //= 1024
    return f"{size:,} GB"


@register.filter
def named(found: Mapping[str, list[str]], name: str) -> list[str]:
    """What a mapping has by a name that a template has in a variable; nothing where it has none."""
    return found.get(name, [])


@register.inclusion_tag("site/_entry_rows.html")
def entry_rows(rows: EntryRows, reveal: str = "") -> dict[str, object]:
    """The rows of a category, with an empty one at the end. `reveal` is where hidden values are asked for."""
    kind = rows.category.value
    caption, key, value = CAPTIONS[kind]
    return {
        "rows": rows,
        "reveal": reveal,
        "kind": kind,
        "caption": caption,
        "key": key,
        "value": value,
        "may_stick": kind in MAY_STICK,
        "is_string": kind == "connection_strings",
        "is_mapping": kind == "handler_mappings",
    }


@register.inclusion_tag("site/_switch.html")
def switch(field: Field, caption: str, explanation: str = "") -> dict[str, object]:
    """ON and OFF, the changed one magenta."""
    return {"field": field, "caption": caption, "explanation": explanation}


@register.inclusion_tag("site/_field.html")
def text_field(field: Field, caption: str, explanation: str = "", **more: object) -> dict[str, object]:
    """A line, a number (`unit`, `most`) or several lines (`is_long`)."""
    return {"field": field, "caption": caption, "explanation": explanation, **more}
