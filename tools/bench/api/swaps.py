"""Swaps as a careful program asks for them: of what it compared, and only once however often it asks."""

import secrets
from http import HTTPStatus

from sites.models import Operation
from tools.bench.api.program import PREFIX, Program, expect
from tools.demo.operations import OperationFailed
from tools.demo.staged_site import StagedSite
from tools.prober.clock import now

SITE = f"{PREFIX}/sites/{{site_name}}"
OPERATION = f"{PREFIX}/operations/{{operation_id}}"
WAIT_SECONDS = 30
ROUNDS = 10
"""So often the program goes on waiting."""
SUCCEEDED = "succeeded"


def swap(program: Program, site: StagedSite) -> None:
    """One swap, recorded in `site`; it is asked for twice with one key. Raises OperationFailed."""
    names = {"site_name": site.name}
    compared = program.get(f"{SITE}/compare", names)
    headers = {"If-Match": compared.headers["etag"], "Idempotency-Key": secrets.token_hex(16)}
    requested_at = now()
    asked, again = (
        expect(program.ask("POST", f"{SITE}/swap", names, body={}, headers=headers), HTTPStatus.ACCEPTED)
        for _ in range(2)
    )
    if again.headers["location"] != asked.headers["location"]:
        raise OperationFailed("A request that was sent twice with one Idempotency-Key began two swaps.")
    operation = asked.data["id"]
    wait(program, operation)
    site.note_swap(Operation.objects.get(public_id=operation), requested_at)


def wait(program: Program, operation: str) -> None:
    """Until the operation with this id has succeeded. Raises OperationFailed."""
    for _ in range(ROUNDS):
        shown = program.get(OPERATION, {"operation_id": operation}, {"wait": WAIT_SECONDS}).data
        if not shown["is_open"]:
            break
    if shown["state"] != SUCCEEDED:
        raise OperationFailed(f"The API says of '{shown['title']}': {shown['state']}. {shown['message']}")
