"""By what a receiver knows that a request comes from here, and when: Standard Webhooks (standardwebhooks.com), v1."""

import base64
import hashlib
import hmac
import secrets

BEGINS = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """256 random bits as the scheme writes them."""
    return f"{BEGINS}{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def signed(body: bytes, *, message_id: str, seconds: int, secret: str) -> dict[str, str]:
    """The three headers of a request that is sent at `seconds` since 1970. The id stays the same at each attempt."""
    key = base64.b64decode(secret.removeprefix(BEGINS))
    digest = hmac.new(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
