"""The pages of a slot, the list's other states, and the menus of the frame."""

from __future__ import annotations

from tools.screens.walker import Walker


def configure(steps: Walker, site: str) -> None:
    """Settings of staging, edited and saved, and what a swap would make of them."""
    steps.go(f"/sites/{site}/staging/configure/", "configure")
    steps.page.fill("[name='app_settings-0-name']", "GREETING")
    steps.page.fill("[name='app_settings-0-value']", "hello")
    steps.page.check("[name=always_on][value=on]", force=True)
    steps.show("configure-unsaved")
    steps.page.locator("#app_settings").scroll_into_view_if_needed()
    steps.show("configure-unsaved-rows")
    steps.show_at("configure-unsaved-rows", 360)
    steps.follow("#command-save")
    steps.succeed()
    steps.go(f"/sites/{site}/compare/?with=staging", "compare")
    steps.show_at("compare", 360)


def of_a_staged_site(steps: Walker, site: str) -> None:
    """Quick start, dashboard, deployments and scale, and what their commands ask."""
    for slot in ("production", "staging"):
        steps.go(f"/sites/{site}/{slot}/dashboard/", f"dashboard-{slot}")
    steps.show_at("dashboard-staging", 360, 963, 2560)
    steps.go(f"/sites/{site}/production/quickstart/", "quickstart-sample")
    steps.show_at("quickstart-sample", 360)
    steps.go(f"/sites/{site}/staging/deployments/", "deployments-history")
    steps.show_at("deployments-history", 360)
    steps.follow("text=Build log")
    steps.show("deployment-log")
    steps.go(f"/sites/{site}/production/monitor/")
    steps.press("#alerts summary", then="#alert-name")
    steps.fill(alert_name="many errors", alert_number="20")
    steps.page.select_option("#alert-measure", "5xx")
    steps.follow("#alerts form:has(#alert-name) .button")
    steps.succeed()
    steps.go(f"/sites/{site}/production/monitor/?range=1h", "monitor")
    steps.go(f"/sites/{site}/production/releases/", "releases")
    steps.follow("section table a")
    steps.show("release-report")
    steps.show_at("release-report", 360)
    steps.go(f"/sites/{site}/production/logs/", "logs")
    steps.go(f"/sites/{site}/production/commands/")
    steps.fill(command_line="ls /app")
    steps.follow("#command-run")
    steps.see("#one-off-command:has-text('ended with')")
    steps.show("command", ".notification--success")
    steps.close_notification()
    steps.go(f"/sites/{site}/production/commands/", "commands")
    steps.go(f"/sites/{site}/production/linked/", "linked-resources")
    steps.go(f"/sites/{site}/production/linked/link/", "link-resource")
    steps.go(f"/sites/{site}/production/scale/", "scale")
    steps.fill(scale_count="3")
    steps.show("scale-unsaved")
    steps.show_at("scale-unsaved", 360)
    steps.press("#command-discard")
    steps.go(f"/sites/{site}/production/dashboard/")
    for command in ("stop", "publish"):
        steps.press(f"#command-{command}", then="#question")
        steps.show(f"{command}-question")
        steps.refuse()
    steps.press("#glance-reset", then="#question")
    steps.show("reset-credentials-question")
    steps.refuse()
    source(steps, site)


def source(steps: Walker, site: str) -> None:
    """Set up deployment from source control: both pages of its dialog, and a refusal."""
    steps.go(f"/sites/{site}/production/dashboard/")
    steps.press("#glance-source", then="#source-next")
    steps.show("source-where")
    steps.show_at("source-where", 360)
    steps.press("#source-next", then="#source-connect")
    steps.fill(source_url="ssh://git@git.example.org/team/site.git")
    steps.press("#source-connect", then=".sheet__fault")
    steps.show("source-repository")
    steps.press("#drawer-close")


def of_the_list(steps: Walker, staged: str, plain: str) -> None:
    """Stopped, searched for, all items; the menus; why a command is grey."""
    steps.go(f"/sites/?selected={plain}/staging")
    steps.press("#command-stop", then="#question")
    steps.press("#answer-yes")
    steps.succeed()
    steps.page.hover("#command-restart")
    steps.show("list-stopped")
    steps.go("/sites/?q=nothing-is-called-so", "list-search-empty")
    steps.go(f"/sites/?q={staged}", "list-search")
    steps.go("/all/", "all-items")
    steps.press("#subscription-filter summary")
    steps.show("subscription-filter", "#subscription-filter[open]")
    steps.go("/sites/")
    steps.press("#help")
    steps.show("help", ".menu--help[open]")
