"""Addresses and column heads of the list."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.rows import Row
from portal.templatetags.frame import icon
from portal.tree import ListState
from sites.models.clock import reckoned

register = template.Library()

AGES = ((86400, "d"), (3600, "h"), (60, "min"))


@register.simple_tag
def here(state: ListState) -> str:
    """The list as it is."""
    return state.address()


@register.simple_tag
def selecting(state: ListState, row: Row) -> str:
    """The list with that row selected."""
    return state.address(selected=row.key)


@register.simple_tag
def at_page(state: ListState, number: int) -> str:
    """Another page of the list."""
    return state.address(page=str(number), selected="")


@register.simple_tag
def sort_header(state: ListState, key: str, caption: str) -> SafeString:
    """A column head that sorts, in the other direction when it sorts already."""
    is_sorted, is_down = state.sort.removeprefix("-") == key, state.sort == f"-{key}"
    address = state.address(sort=f"-{key}" if is_sorted and not is_down else key)
    order = ("descending" if is_down else "ascending") if is_sorted else "none"
    return format_html(
        '<th scope="col" class="table__{}" aria-sort="{}"><a id="sort-{}" href="{}" hx-get="{}" hx-target="#list" '
        'hx-swap="outerHTML" hx-replace-url="true">{}{}</a></th>',
        key,
        order,
        key,
        address,
        address,
        caption,
        icon("sorted-down" if is_down else "sorted-up") if is_sorted else "",
    )


@register.filter
def age(moment: datetime) -> str:
    """How long ago, in its largest unit."""
    spent = (reckoned() - moment).total_seconds()
    return next((f"{int(spent // size)} {unit} ago" for size, unit in AGES if spent >= size), "just now")
