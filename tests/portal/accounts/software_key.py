"""A passkey in memory, for tests: answers a server's options as an authenticator would."""

import hashlib
import json
import os
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

PRESENT, VERIFIED = 0x01, 0x04
WITH_CREDENTIAL = 0x45


class SoftwareKey:
    """One key pair on P-256, used from pages of `origin`."""

    def __init__(self, origin: str, user: str = "") -> None:
        """`user` is the handle that the server gave for the person, which the key tells when it signs in alone."""
        self.origin = origin
        self.user = user
        self.credential_id = os.urandom(16)
        self._private = ec.generate_private_key(ec.SECP256R1())

    def make(self, options: dict[str, Any], challenge: str = "") -> dict[str, Any]:
        """The answer to the options of an addition; `challenge` in place of the one that was asked."""
        public = ES256.from_cryptography_key(self._private.public_key())
        credential = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        data = AuthenticatorData.create(_digest(options["rp"]["id"]), WITH_CREDENTIAL, 0, credential)
        said = self._said("webauthn.create", challenge or options["challenge"])
        attestation = AttestationObject.create("none", data, {})
        return self._answer({"clientDataJSON": said, "attestationObject": bytes(attestation)})

    def prove(self, options: dict[str, Any], *, is_verified: bool = True) -> dict[str, Any]:
        """The answer to the options of a sign-in; `is_verified` when the owner has unlocked the key."""
        flags = PRESENT | (VERIFIED if is_verified else 0)
        data = bytes(AuthenticatorData.create(_digest(options["rpId"]), flags, 1))
        said = self._said("webauthn.get", options["challenge"])
        signature = self._private.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": said, "authenticatorData": data, "signature": signature}
        return self._answer({**parts, "userHandle": self.user.encode()})

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict[str, bytes]) -> dict[str, Any]:
        encoded = websafe_encode(self.credential_id)
        parts = {name: websafe_encode(value) for name, value in response.items()}
        return {"id": encoded, "rawId": encoded, "type": "public-key", "response": parts}


def _digest(relying_party: str) -> bytes:
    return hashlib.sha256(relying_party.encode()).digest()
