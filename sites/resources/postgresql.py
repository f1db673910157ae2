"""Sign in to a PostgreSQL server, and leave."""

import ssl

import psycopg

from sites.resources.address import Address

NOWHERE = "/nonexistent"
"""In place of the files that libpq would look for in the home of whoever runs it."""
BUNDLE = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
"""The certificates that this machine trusts."""
VERIFIED = ("verify-ca", "verify-full")
SAID = (
    ("certificate", "The certificate of '{place}' is not trusted by this server."),
    ("does not support SSL", "'{place}' does not speak TLS as the connection string asks for it."),
    ("authentication failed", "'{place}' refuses the user or the password."),
    ("no password", "'{place}' wants a password, and the connection string has none."),
    ("pg_hba.conf", "'{place}' lets this user in from this server neither with nor without TLS."),
    ("does not exist", "'{place}' has no such user or no such database."),
    ("too many", "'{place}' has no connection free."),
    ("starting up", "'{place}' is starting."),
    ("shutting down", "'{place}' is shutting down."),
)
"""What libpq or the server says in English, and our sentence for it; the text itself may hold anything."""


async def fault_of(address: Address, at: str) -> str:
    """What keeps one from signing in at an IP address; empty when nothing does.

    Every parameter is given, so that neither the environment nor a file of this server adds any. No query is sent: a
    server that signs somebody in to a database answers. Raises ConnectionError where nothing takes the connection.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=address.host,
            hostaddr=at,
            port=address.port,
            user=address.user,
            password=address.password,
            dbname=address.database,
            sslmode="verify-full" if address.tls in VERIFIED else address.tls,
            sslrootcert=BUNDLE if address.tls in VERIFIED else NOWHERE,
            sslcertmode="disable",
            gssencmode="disable",
            passfile=NOWHERE,
            options="",
            application_name="greenroom",
            autocommit=True,
        )
    except psycopg.Error as error:
        return _sentence(address, str(error))
    await connection.close()
    return ""


def _sentence(address: Address, said: str) -> str:
    for words, sentence in SAID:
        if words in said:
            return sentence.format(place=address.place)
    raise ConnectionError
