"""How operations and their steps are worded in templates."""

from django import template
from django.utils import timezone

from portal import notifications
from sites.models import Operation, OperationStep

register = template.Library()


@register.filter
def sentence(operation: Operation) -> str:
    """What the bar says of it."""
    return notifications.sentence(operation)


@register.filter
def mood(operation: Operation) -> str:
    """Which of the three bars: progress, success or failure."""
    if operation.is_open:
        return "progress"
    return "failure" if notifications.has_failed(operation) else "success"


@register.filter
def first_line(text: str) -> str:
    """A sentence without the log lines that may follow it."""
    return text.partition("\n")[0]


@register.filter
def last_lines(text: str) -> str:
    """The log lines after a sentence, if there are any."""
    return text.partition("\n")[2].strip("\n")


@register.filter
def seconds(span: OperationStep | Operation) -> str:
    """How long a step or an operation took, or takes so far."""
    began = span.started_at if isinstance(span, OperationStep) else span.created_at
    spent = ((span.ended_at or timezone.now()) - began).total_seconds()
    return f"{max(spent, 0):.1f} s" if spent < 60 else f"{int(spent // 60)} min {int(spent % 60)} s"
