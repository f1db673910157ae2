"""What the measurement asks is answered as described, refusals among it."""

import pytest

from sites.models import Scope, Stay
from sites.services import access_tokens
from tests.domain import Domain
from tests.tools.bench.api.in_process import InProcess
from tools.bench.api import walk
from tools.bench.api.program import Seen
from tools.bench.api.reading import reader


@pytest.mark.django_db
def test_every_address_and_every_refusal_is_as_described(domain: Domain, seen: Seen) -> None:
    production, staging = domain.swapped()
    text = access_tokens.create(acting_user=domain.alice, name="t", scopes=[Scope.ADMINISTER], days=1)[1]
    tokens = text, "wrong", reader("reader", [domain.subscription])
    program, stranger, few = (InProcess(domain, token, seen) for token in tokens)
    names = {
        "site_name": production.site.name,
        "slot_name": "staging",
        "release_id": str(Stay.objects.filter(slot=staging).latest("pk").pk),
    }
    count = walk.read_everything(program, seen.description, names)
    walk.be_refused(program, stranger, few, production.site.name)
    assert count > 20
    assert (seen.answers, seen.faults) == (count + 6, [])
