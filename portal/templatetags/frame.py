"""What the templates of the frame ask for: icons of the sprite, times, and addresses of a slot's pages."""

import functools
from datetime import UTC, datetime

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from sites.models import Slot
from sites.plain_text import one_line

register = template.Library()


@register.filter
def visible(text: str) -> str:
    """What strangers wrote, with the characters written out that turn or hide others; to stand in <bdi>."""
    return one_line(text)


@register.simple_tag
@functools.cache
def icon(name: str) -> SafeString:
    """One drawing of static/icons.svg, hidden from readers: its caption stands beside it."""
    return format_html(
        '<svg class="icon icon--{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        name,
        static("icons.svg"),
        name,
    )


@register.filter
def moment(at: datetime | None, form: str) -> str:
    """A time as a <time> in UTC, which it names; nothing where there is none. static/js/zone.js writes it in the
    browser's zone.

    `form` is of the letters l, F, M, Y, m, d, H, i and s, as Django's date formats mean them. A day alone names no
    zone.
    """
    if at is None:
        return ""
    here = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-form="{}">{}{}</time>',
        f"{here:%Y-%m-%dT%H:%M:%SZ}",
        form,
        date_format(here, form),
        " UTC" if "H" in form else "",
    )


@register.simple_tag
def slot_page(slot: Slot, tab: str = "dashboard") -> str:
    """The address of one of a slot's pages; `tab` is the part of its URL name after `site-`."""
    return reverse(f"site-{tab}", args=[slot.site.name, slot.name])
