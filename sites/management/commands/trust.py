"""`./greenroom trust`: which certificate to trust, so that browsers take the TLS of this installation."""

from typing import Any

from django.conf import settings

from sites.management.base import GreenroomCommand
from sites.services.authority import authority_file

STEPS = """\
Greenroom issues certificates for host names that have none from elsewhere. Trust its authority on machines of your own:

  {path}

  Debian, Ubuntu     sudo cp {path} /usr/local/share/ca-certificates/greenroom.crt && sudo update-ca-certificates
  Firefox, Chromium  Settings, Certificates, Authorities, Import
  curl               curl --cacert {path} https://{host}:{port}/
"""


class Command(GreenroomCommand):
    """Makes the authority if there is none yet; changes nothing of the machine."""

    help = "Say which certificate to trust for TLS of this installation."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the steps."""
        self.stdout.write(
            STEPS.format(path=authority_file(), host=settings.PORTAL_HOST, port=settings.TLS_PORT or "TLS-PORT")
        )
