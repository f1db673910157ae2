"""Files go only where somebody waits for them."""

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from portal.uploads import NoFiles


def test_a_file_that_nobody_waits_for_is_thrown_away() -> None:
    request = RequestFactory().post("/", {"name": "kept", "file": SimpleUploadedFile("x", b"x" * 1000)})
    request.upload_handlers = [NoFiles(request)]
    assert request.POST["name"] == "kept"
    assert not request.FILES


def test_no_address_takes_files_by_default() -> None:
    assert settings.FILE_UPLOAD_HANDLERS == ["portal.uploads.NoFiles"]
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("x", b"x" * 1000)})
    assert not request.FILES
