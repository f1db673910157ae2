"""A visitor by HTTPS who checks the certificate, asks without a pause and never tries twice."""

import http.client
import socket
import ssl
import threading

from cryptography import x509


def connect(port: int, host: str, authority: str) -> ssl.SSLSocket:
    """A connection whose certificate is checked against `authority` (PEM) and the host name."""
    context = ssl.create_default_context(cadata=authority)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the test's own authority has no key identifiers
    plain = socket.create_connection(("127.0.0.1", port), 15)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def fingerprint(port: int, host: str, authority: str) -> bytes:
    """Of the certificate that is given for `host`."""
    with connect(port, host, authority) as connection:
        return connection.getpeercert(binary_form=True) or b""


def names_of(certificate: bytes) -> list[str]:
    """The host names in a certificate (DER)."""
    leaf = x509.load_der_x509_certificate(certificate)
    found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return found.get_values_for_type(x509.DNSName)


class TlsVisitor(threading.Thread):
    """Every tenth request is on a new connection, with a new handshake."""

    def __init__(self, port: int, host: str, authority: str) -> None:
        super().__init__()
        self._port, self._host, self._authority = port, host, authority
        self._ended = threading.Event()
        self.versions: list[str] = []
        """X-Version of each answer."""
        self.failures: list[str] = []

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._host, timeout=15)
        while not self._ended.is_set():
            try:
                if connection.sock is None or len(self.versions) % 10 == 0:
                    connection.close()
                    connection.sock = connect(self._port, self._host, self._authority)
                connection.request("GET", "/")
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                self.versions.append(answer.headers["X-Version"])
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()

    def stop(self) -> None:
        """End after the present request."""
        self._ended.set()
        self.join()
