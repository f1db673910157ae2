"""What the templates of a slot's pages ask for."""

from collections.abc import Mapping

from django import template

from portal.entry_rows import EntryRows
from portal.field_faults import FieldFaults
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


@register.inclusion_tag("site/_entry_rows.html", takes_context=True)
def entry_rows(context: Mapping[str, object], rows: EntryRows, reveal: str = "") -> dict[str, object]:
    """The rows of a category, with an empty one at the end. `reveal` is where hidden values are asked for."""
    return rows_context(rows, reveal, _faults(context))


def _faults(context: Mapping[str, object]) -> FieldFaults | None:
    """What was refused of the page."""
    return getattr(context.get("page"), "faults", None)


def rows_context(rows: EntryRows, reveal: str, faults: FieldFaults | None = None) -> dict[str, object]:
    """What the rows of a category show."""
    kind = rows.category.value
    caption, key, value = CAPTIONS[kind]
    return {
        "faults": faults,
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


@register.inclusion_tag("site/_field.html", takes_context=True)
def text_field(
    context: Mapping[str, object], field: Field, caption: str, explanation: str = "", **more: object
) -> dict[str, object]:
    """A line, a number (`unit`, `most`) or several lines (`is_long`)."""
    shown = {"field": field, "caption": caption, "explanation": explanation, "faults": _faults(context)}
    return {**shown, "id": f"setting-{field.name}", **more}
