"""What goes wrong, and how it is said: a failed publication, refusals, and the pages of errors."""

from __future__ import annotations

from tools.screens.walker import Walker

BROKEN_PAGE = """
from django.http import HttpRequest
from portal.views.errors import server_error
print(server_error(HttpRequest()).content.decode())
"""
"""For `manage.py shell` of the system that is walked through: its page of status 500, as nothing breaks on request."""


def publish_what_ends(steps: Walker, site: str) -> None:
    """A version that ends by itself is not taken."""
    steps.publish(site, "staging", {"Procfile": "web: python3 -c 'raise SystemExit(3)'\n"})
    steps.show("failure", ".notification--failure")
    steps.show_at("failure", 360)
    steps.press("#notification-details", then="#notification-back")
    steps.show("failure-steps")
    steps.press("#notification-back")
    steps.go("/sites/", "list-failure")
    steps.go(f"/sites/{site}/staging/deployments/", "deployments-failed")
    steps.close_notification()


def refuse(steps: Walker, site: str, broken_page: str) -> None:
    """The pages of errors; what `BROKEN_PAGE` printed is shown as it would be answered."""
    steps.go("/sites/nothing/production/dashboard/", "error-404")
    steps.show_at("error-404", 360)
    steps.go(f"/sites/{site}/production/enable/", "error-409")
    steps.publish_too_much(site, "staging")
    steps.show("error-413")
    steps.page.route("**/broken/", lambda route: route.fulfill(status=500, body=broken_page, content_type="text/html"))
    steps.go("/broken/", "error-500")
