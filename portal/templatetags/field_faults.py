"""What a template says of a field whose value was refused."""

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.field_faults import FieldFaults

register = template.Library()


@register.simple_tag
def refused_at(faults: FieldFaults | None, field_id: str) -> SafeString | str:
    """The attributes of a field that has a fault; the first one gets the focus."""
    if not faults or not faults.at(field_id):
        return ""
    focus = " autofocus" if faults.first == field_id else ""
    return format_html(' aria-invalid="true" aria-describedby="{}-fault"{}', field_id, focus)


@register.simple_tag
def fault_of(faults: FieldFaults | None, field_id: str, is_long: bool = False) -> SafeString | str:
    """The sentences below the field; one of several lines has them with what each is about."""
    found = faults.at(field_id) if faults else []
    if not found:
        return ""
    said = [(f"{fault.title}: {fault.said}" if is_long else fault.said,) for fault in found]
    lines = format_html_join("", "<span>{}</span>", said)
    return format_html('<span class="fault" id="{}-fault">{}</span>', field_id, lines)


@register.inclusion_tag("frame/_field_faults.html")
def fault_summary(faults: FieldFaults | None) -> dict[str, object]:
    """All of them, each with a link to its field."""
    return {"faults": faults}
