"""The table of all applications at the end of the run."""

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each application, in the order in which they were tried."""
    rows = [  # of the calls alone: a report of setting up or tearing down repeats the row
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in getattr(report, "user_properties", ())
        if name == "application"
    ]
    if rows:
        terminalreporter.write_line(
            "| application | start command | right | publication, s | failed / requests of a swap | what was said |"
        )
        terminalreporter.write_line("| --- | --- | --- | --- | --- | --- |")
        for row in rows:
            terminalreporter.write_line(row)
