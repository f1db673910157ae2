"""The page on which the API is tried is ours whole, and for people who have signed in."""

import re

import pytest
from django.test import Client


def test_the_page_and_all_its_files_are_served_here(alice: Client) -> None:
    answer = alice.get("/api/try/")
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy
    files = re.findall(r'(?:href|src)="(/api/try/[^"]+)"', page)
    assert len(files) == 3 and "//" not in re.sub(r"<!--.*?-->", "", page).replace("http://www.w3.org", "")
    for file in files:
        answer = alice.get(file)
        assert answer.status_code == 200 and len(answer.content) > 500
        assert answer["Content-Type"].startswith(("text/css", "text/javascript"))


@pytest.mark.parametrize("file", ["redoc.standalone.js", "..%2f__init__.py", "nowhere"])
def test_no_other_file_is_served(alice: Client, file: str) -> None:
    assert alice.get(f"/api/try/{file}").status_code == 404


def test_a_stranger_is_sent_to_the_door(domain: object) -> None:
    for path in ("/api/try/", "/api/try/swagger-ui.css"):
        assert Client(SERVER_NAME="localhost").get(path).status_code == 302


def test_the_description_is_for_everybody(domain: object) -> None:
    answer = Client(SERVER_NAME="localhost").get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.json()["openapi"].startswith("3.")
