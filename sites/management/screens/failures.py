"""What goes wrong, and how it is said: a failed publication, refusals, and the pages of errors."""

from __future__ import annotations

from django.http import HttpRequest

from portal.views.errors import server_error
from sites.management.screens.walker import Walker


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


def refuse(steps: Walker, site: str) -> None:
    """The pages of errors; that of a broken portal is the portal's own answer, as nothing here breaks on request."""
    steps.go("/sites/nothing/production/dashboard/", "error-404")
    steps.show_at("error-404", 360)
    steps.go(f"/sites/{site}/production/enable/", "error-409")
    steps.publish_too_much(site, "staging")
    steps.show("error-413")
    broken = server_error(HttpRequest())
    steps.page.route(
        "**/broken/", lambda route: route.fulfill(status=500, body=broken.content, content_type="text/html")
    )
    steps.go("/broken/", "error-500")
