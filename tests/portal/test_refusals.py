"""Every refusal has a status, a bar and a page."""

import pytest

from portal.refusals import TITLES
from sites import errors

EXPECTED = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.NameTaken: 400,
    errors.WrongNameTyped: 400,
    errors.ArchiveRefused: 400,
    errors.UploadTooLarge: 413,
    errors.SignInLimited: 429,
    errors.NotStandard: 409,
    errors.SlotBusy: 409,
    errors.SwapPending: 409,
    errors.BuildFailed: 422,
    errors.NoSpaceLeft: 507,
    errors.InternalFault: 500,
    errors.RuntimeUnreachable: 503,
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_class_decides_the_status(kind: type[errors.GreenroomError]) -> None:
    assert kind("A sentence.").http_status == EXPECTED[kind] == errors.status_of(kind.code)
    assert kind.http_status in TITLES


def test_every_status_has_a_title_and_a_code_that_nobody_knows_is_a_fault_of_our_own() -> None:
    known = [getattr(errors, name) for name in errors.__all__]
    refusals = [one for one in known if isinstance(one, type) and issubclass(one, errors.GreenroomError)]
    assert len(refusals) > 50 and {refusal.http_status for refusal in refusals} <= TITLES.keys()
    assert errors.status_of("Gone") == 500
