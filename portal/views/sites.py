"""The list of web sites as a tree, and the list of all items."""

from dataclasses import replace
from urllib.parse import urlsplit

from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.answers import back_address
from portal.command_bar import slot_commands, unselected_commands
from portal.http import PortalRequest
from portal.tree import NEWEST, ListState, close_branch, open_branch, read_tree
from sites.access import get_site


@require_safe
def site_list(request: PortalRequest) -> HttpResponse:
    """The list of web sites; a part of it for htmx."""
    state = ListState.read(reverse("site-list"), request.GET)
    if not state.selected and not request.htmx:
        state = replace(state, selected=request.session.get(NEWEST, ""))
    return _show(request, state, "sites")


@require_safe
def all_items(request: PortalRequest) -> HttpResponse:
    """Everything there is, which is web sites so far, with its type."""
    return _show(request, ListState.read(reverse("all-items"), request.GET), "all")


@require_POST
def toggle(request: PortalRequest) -> HttpResponse:
    """Open or close a site's branch; the session remembers it."""
    site = get_site(request.user, request.POST.get("open") or request.POST.get("close", ""))
    change = open_branch if "open" in request.POST else close_branch
    change(request, site)
    if not request.htmx:
        return HttpResponseRedirect(back_address(request), status=303)
    parts = urlsplit(back_address(request))
    section = "all" if parts.path == reverse("all-items") else "sites"
    return _show(request, ListState.read(parts.path, QueryDict(parts.query)), section)


def _show(request: PortalRequest, state: ListState, section: str) -> HttpResponse:
    tree = read_tree(request, state)
    commands = slot_commands(request.user, tree.selected) if tree.selected else unselected_commands(bool(tree.rows))
    context = {"tree": tree, "state": state, "section": section, "commands": commands}
    if not request.htmx:
        return render(request, "list/list.html", context)
    return render(request, "list/_answer.html", {**context, "oob": True})
