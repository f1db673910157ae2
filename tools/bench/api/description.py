"""The description of the API, by which answers are judged."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

try:
    from jsonschema_rs import Draft202012Validator
except ImportError:  # of the packages for tests, which a measurement may lack
    Draft202012Validator = None  # type: ignore[assignment,misc]

JSON = "application/json"
HAS_VALIDATOR = Draft202012Validator is not None
WITHOUT_VALIDATOR = "not measured here: `./greenroom test` installs the validator, then measure again"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered. `headers` have small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def data(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


class Description:
    """An OpenAPI document, version 3.1: its schemas are JSON Schema of 2020-12."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._paths: Mapping[str, Any] = document["paths"]
        self._components = document.get("components", {})

    def reads(self) -> Iterator[str]:
        """The addresses of all GETs that end by themselves, with {names} in them."""
        for path, methods in self._paths.items():
            kinds = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
            if kinds and "text/event-stream" not in kinds:
                yield path

    def faults(self, method: str, path: str, answer: Answer) -> list[str]:
        """What differs from the description: the status, the media type, the body; and every answer of 500 or more.

        Bodies are looked at where the validator is installed (HAS_VALIDATOR).
        """
        asked = f"{method} {path}: {answer.status}"
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return [f"{asked} is a fault of the server"]
        described = self._paths.get(path, {}).get(method.lower(), {}).get("responses", {}).get(str(answer.status))
        if described is None:
            return [f"{asked} is not described"]
        kinds = described.get("content", {})
        if not kinds:
            return [f"{asked} has a body, and none is described"] if answer.body else []
        if answer.kind not in kinds:
            return [f"{asked} is '{answer.kind}'"]
        if answer.kind != JSON:
            return []
        return [f"{asked} {fault}" for fault in self._faults_of_body(kinds[JSON]["schema"], answer)]

    def _faults_of_body(self, schema: Mapping[str, Any], answer: Answer) -> list[str]:
        try:
            data = answer.data
        except ValueError:
            return ["is not JSON"]
        if not HAS_VALIDATOR:
            return []
        validator = Draft202012Validator({**schema, "components": self._components}, validate_formats=True)
        return [
            f"at '{'/'.join(map(str, error.instance_path))}': {error.message}" for error in validator.iter_errors(data)
        ]
