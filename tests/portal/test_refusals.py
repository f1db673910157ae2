"""Every refusal has a status, a bar and a page."""

import pytest

from portal.refusals import TITLES, status_of
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
    errors.RuntimeUnreachable: 503,
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_class_decides_the_status(kind: type[errors.GreenroomError]) -> None:
    status = status_of(kind("A sentence."))
    assert status == EXPECTED[kind]
    assert status in TITLES
