"""What the database is asked for one request of a program."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from sites.models import Slot
from tests.sites.api.program import Program, operation_of

MAX_FOR_A_SWAP = 18
"""The portal's has 15; the others are the token and the answer."""


def test_a_swap_is_asked_for_with_few_queries(program: Program, slots: tuple[Slot, Slot]) -> None:
    program.get("/me")  # notes the first use of the token
    with CaptureQueriesContext(connection) as caught:
        operation = operation_of(program.post("/sites/contoso/swap"))
    assert len(caught) <= MAX_FOR_A_SWAP, "\n".join(one["sql"] for one in caught)
    with CaptureQueriesContext(connection) as caught:
        assert program.get(f"/operations/{operation.public_id}").status_code == 200
    assert len(caught) <= 5, "\n".join(one["sql"] for one in caught)
