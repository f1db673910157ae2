"""What a template says of a field whose value was refused."""

from django import template

from portal.field_faults import FieldFaults

register = template.Library()


@register.inclusion_tag("frame/_refused_at.html")
def refused_at(faults: FieldFaults | None, field_id: str, note_id: str = "") -> dict[str, object]:
    """The attributes of a field that has a fault; the first one gets the focus. `note_id` describes it in any case."""
    is_refused = bool(faults and faults.at(field_id))
    described = [f"{field_id}-fault"] * is_refused + [note_id] * bool(note_id)
    is_first = bool(faults and faults.first == field_id)
    return {"is_refused": is_refused, "described": " ".join(described), "is_first": is_first}


@register.inclusion_tag("frame/_fault.html")
def fault_of(faults: FieldFaults | None, field_id: str, is_long: bool = False) -> dict[str, object]:
    """The sentences below the field; one of several lines has them with what each is about."""
    return {"found": faults.at(field_id) if faults else [], "id": field_id, "is_long": is_long}


@register.inclusion_tag("frame/_field_faults.html")
def refusal_or_faults(
    refusal: Exception | str | None, faults: FieldFaults | None, style: str = "strip strip--refused"
) -> dict[str, object]:
    """All faults, each with a link to its field; the sentence of a refusal that is about no field."""
    return {"refusal": refusal, "faults": faults, "style": style}
