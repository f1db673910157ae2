"""The xDS server's side of TLS: 1.3 only, with a certificate of its own that is renewed, and none but ours accepted."""

import os
import ssl
from datetime import UTC, datetime, timedelta

from sites.router.authority import SERVER_DAYS, Authority

RENEW_BEFORE = timedelta(days=SERVER_DAYS / 2)


class ServerTls:
    """Holds the context for handshakes. The server's key is in memory only, and is another one after each renewal."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(cadata=authority.pem.decode())
        self.context.set_alpn_protocols(["h2"])
        self.context.num_tickets = 0  # a session that is resumed would bring no certificate
        self._renew()

    def renew_if_due(self) -> None:
        """Take a new certificate for the handshakes to come when half of the present one's time is over."""
        if self._expires_at - datetime.now(UTC) < RENEW_BEFORE:
            self._renew()

    def _renew(self) -> None:
        issued = self._authority.issue_server()
        descriptor = os.memfd_create("certificate")  # it is read from a file, and must lie on no disk
        try:
            os.write(descriptor, issued.pem)
            self.context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        self._expires_at = issued.certificate.expires_at
