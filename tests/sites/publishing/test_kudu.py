"""The addresses, numbers and fields by which clients of Kudu publish."""

import hashlib
import io
import json
import zipfile

import pytest
from django.test import Client

from sites.content import store
from sites.models import Deployment, Slot
from sites.planning import build_log
from tests.domain import Domain
from tests.sites.publishing.test_views import basic

HOST = "contoso-staging.scm.localhost"


class Publisher:
    """Asks the staging slot's publishing host."""

    def __init__(self, domain: Domain, slot: Slot) -> None:
        self._domain = domain
        self.slot = slot
        self._headers = basic(slot)

    def ask(self, method: str, address: str, body: bytes = b"", **headers: str):
        """One answer, as it is at once."""
        return Client().generic(
            method,
            address,
            body,
            content_type=headers.pop("content_type", "application/octet-stream"),
            HTTP_HOST=HOST,
            **self._headers,
            **headers,
        )

    def publish(self, method: str, address: str, body: bytes = b"", **headers: str):
        """The answer when the publication has ended."""
        answer = self.ask(method, address, body, **headers)
        assert answer.status_code == 202, answer.content
        self._domain.work(Deployment.objects.first().operation)
        self.slot.refresh_from_db()
        return answer.door.answer()

    def content(self) -> dict[str, bytes]:
        """Every file that the slot serves."""
        deployment = self.slot.workload.active_deployment
        folder = store.path_of(deployment.content_digest)
        return {path: (folder / path).read_bytes() for path in store.files(deployment.content_digest)}


@pytest.fixture
def staging(domain: Domain) -> Publisher:
    """It serves index.html with 'two'."""
    return Publisher(domain, domain.staged()[1])


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("address", ["/api/zipdeploy", "/api/publish?type=zip"])
def test_a_zip_becomes_the_whole_content(staging: Publisher, method: str, address: str) -> None:
    answer = staging.publish(method, address, zipped(index__html="three", other__txt="x"))
    assert answer.status_code == 200
    assert set(staging.content()) == {"index.html", "other.txt"}
    assert answer["SCM-DEPLOYMENT-ID"] == Deployment.objects.first().public_id.hex


def test_a_body_is_compared_with_the_checksum_that_is_sent_along(staging: Publisher) -> None:
    body = zipped(index__html="three")
    wrong = staging.ask("POST", "/api/zipdeploy", body, HTTP_X_MS_ARTIFACT_CHECKSUM="0" * 64)
    assert wrong.status_code == 400
    assert "What arrived is not what was sent" in wrong.json()["message"]
    right = hashlib.sha256(body).hexdigest().upper()
    assert staging.publish("POST", "/api/publish?type=zip", body, HTTP_X_MS_ARTIFACT_CHECKSUM=right).status_code == 200


@pytest.mark.parametrize("address", ["/api/zipdeploy?isAsync=true", "/api/publish?type=zip&async=true"])
def test_whoever_does_not_wait_learns_where_to_look_and_when(staging: Publisher, address: str) -> None:
    answer = staging.ask("POST", address, zipped(index__html="three"))
    assert (answer.status_code, answer["Retry-After"]) == (202, "5")
    where = answer["Location"].removeprefix(f"http://{HOST}")
    found = staging.ask("GET", where)
    assert (found.status_code, found.json()["status"], found.json()["complete"]) == (202, 0, False)
    assert staging.ask("GET", "/api/isdeploying").json() == {"value": True}


def test_a_deployment_has_the_fields_that_clients_read(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy?message=three&deployer=GITHUB&author=ada", zipped(index__html="three"))
    found = staging.ask("GET", "/api/deployments/latest").json()
    wanted = {
        "status": 4,
        "complete": True,
        "active": True,
        "message": "three",
        "author": "ada",
        "deployer": "GITHUB",
        "site_name": "contoso",
        "provisioningState": "Succeeded",
        "progress": "",
    }
    assert wanted.items() <= found.items()
    assert found["log_url"] == f"{found['url']}/log"
    assert found["end_time"] == found["last_success_end_time"] is not None
    assert staging.ask("GET", "/api/isdeploying").json() == {"value": False}


def test_a_failed_one_has_the_number_of_failure_and_its_sentence(staging: Publisher, domain: Domain) -> None:
    domain.answer_everything("500")
    assert staging.publish("POST", "/api/zipdeploy", zipped(index__html="three")).status_code == 422
    found = staging.ask("GET", "/api/deployments/latest").json()
    assert (found["status"], found["complete"], found["active"]) == (3, True, False)
    assert "answered 500" in found["status_text"]


def test_a_log_lists_steps_and_the_lines_of_the_build(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy", zipped(index__html="three"))
    entries = staging.ask("GET", "/api/deployments/latest/log").json()
    assert {"log_time", "id", "message", "type", "details_url"} == set(entries[0])
    (building,) = [entry for entry in entries if entry["details_url"]]
    assert entries[-1]["message"].startswith("Published ")
    details = staging.ask("GET", building["details_url"].removeprefix(f"http://{HOST}"))
    assert [line["message"] for line in details.json()] == ["Recognised: static site, index.html"]
    assert staging.ask("GET", "/api/deployments/latest/log/other").status_code == 404


def test_a_deployment_in_progress_is_a_conflict_in_words_that_clients_know(staging: Publisher) -> None:
    staging.ask("POST", "/api/zipdeploy?isAsync=true", zipped(index__html="three"))
    answer = staging.ask("POST", "/api/publish?type=zip", zipped(index__html="four"))
    assert answer.status_code == 409
    assert answer.json()["message"].startswith("There is a deployment currently in progress. Please try again when")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/api/publish", "type='' not recognized"),
        ("/api/publish?type=war", "type='war' not recognized"),
        ("/api/publish?type=static", "type='static' needs a path"),
        ("/api/publish?type=startup&path=x.sh", "type='startup' takes no path"),
        ("/api/publish?type=static&path=/home/other/x", "is no part of the web site"),
        ("/api/publish?type=zip&clean=perhaps", "clean='perhaps' is neither true nor false"),
    ],
)
def test_what_is_not_published_here_is_refused_with_a_sentence(staging: Publisher, address: str, sentence: str) -> None:
    answer = staging.ask("POST", address, b"x")
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]
    assert Deployment.objects.count() == 2


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("POST", "/api/zipdeploy?isAsync=perhaps"),
        ("POST", "/api/publish?type=zip&restart=perhaps"),
        ("POST", "/api/publish?type=static&path=a&async=perhaps"),
        ("PUT", "/api/deployments/latest?isAsync=perhaps"),
    ],
)
def test_a_switch_that_is_neither_on_nor_off_is_refused_before_anything_begins(
    staging: Publisher, method: str, address: str
) -> None:
    answer = staging.ask(method, address, zipped(index__html="three"))
    assert answer.status_code == 400
    assert "is neither true nor false. Nothing was changed." in answer.json()["message"]
    assert Deployment.objects.count() == 2


def test_content_that_is_not_recognised_is_the_clients_mistake(staging: Publisher) -> None:
    for address in ("/api/zipdeploy", "/api/publish?type=zip"):
        answer = staging.ask("POST", address, zipped(notes__txt="x"))
        assert (answer.status_code, answer.json()["code"]) == (400, "ContentRefused")
    assert Deployment.objects.count() == 2


@pytest.mark.parametrize("service", ["", "?service=", "?service=git-upload-archive", "?service=x"])
def test_a_service_that_git_does_not_have_is_the_clients_mistake(staging: Publisher, service: str) -> None:
    answer = staging.ask("GET", f"/contoso.git/info/refs{service}")
    assert (answer.status_code, answer.json()["code"]) == (400, "PublicationRefused")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/home/site/wwwroot/../x", "a//b", "C:/x", "a\\b", "x" * 300])
def test_no_path_leaves_the_web_site(staging: Publisher, path: str) -> None:
    answer = Client().post(
        "/api/publish", b"x", content_type="text/plain", query_params={"type": "static", "path": path},
        HTTP_HOST=HOST, **basic(staging.slot),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (400, "PublicationRefused")
    assert "is not a path inside a web site" in answer.json()["message"]


def test_a_package_that_lies_elsewhere_is_not_fetched(staging: Publisher) -> None:
    answer = staging.ask(
        "POST", "/api/publish?type=zip", b'{"packageUri": "http://x"}', content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "PublicationRefused")


@pytest.mark.parametrize("path", ["css/site.css", "/home/site/wwwroot/css/site.css", "site/wwwroot/css/site.css"])
def test_a_static_file_is_put_on_top(staging: Publisher, path: str) -> None:
    answer = staging.publish("POST", f"/api/publish?type=static&path={path}&restart=false", b"body {}")
    assert json.loads(answer.content)["remark"].startswith("restart=false has no effect")
    assert staging.content() == {"index.html": b"two", "css/site.css": b"body {}"}


def test_a_startup_file_starts_the_content_from_now_on(staging: Publisher) -> None:
    answer = staging.publish("POST", "/api/publish?type=startup", b"./serve\r\n")
    assert "part of the content" in json.loads(answer.content)["remark"]
    assert staging.content() == {"index.html": b"two", ".greenroom/startup.sh": b"./serve\r\n"}
    deployment = Deployment.objects.first()
    assert deployment.kind == "command"
    assert deployment.command[-1] == "exec sh .greenroom/startup.sh"
    assert "line ends of Windows are taken out of .greenroom/startup.sh" in build_log(deployment).read_text()


def test_names_in_a_query_are_read_in_any_case(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy?Deployer=az_cli&Author=ada", zipped(index__html="three"))
    found = staging.ask("GET", "/api/deployments/latest").json()
    assert (found["deployer"], found["author"]) == ("az_cli", "ada")


def test_the_list_is_answered_as_every_client_asks_for_it(staging: Publisher) -> None:
    lists = [staging.ask("GET", f"/api/deployments{end}").json() for end in ("", "/", "?warmup=true")]
    assert lists[0] == lists[1] == lists[2] != []


def test_the_report_of_a_client_publishes_nothing(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy", zipped(index__html="three"))
    latest = staging.ask("GET", "/api/deployments/latest").json()
    report = json.dumps({"id": latest["id"], "status": 3, "message": "{}", "author": "ada", "deployer": "GitHub"})
    answer = staging.ask("PUT", f"/api/deployments/{latest['id']}", report.encode(), content_type="application/json")
    assert (answer.status_code, answer.json()) == (200, latest)
    assert staging.ask("GET", "/api/deployments/latest").json() == latest


def test_a_client_learns_what_answers_and_on_which_system(staging: Publisher) -> None:
    found = staging.ask("GET", "/api/environment").json()
    assert found["version"] == "Greenroom"
    assert found["siteLastModified"] == staging.ask("GET", "/api/deployments/latest").json()["received_time"]
    assert staging.ask("GET", "/diagnostics/runtime").json()["system"]["os_name"] == "Linux"


def test_a_zip_is_unpacked_on_top_or_in_a_folder(staging: Publisher) -> None:
    staging.publish("POST", "/api/publish?type=zip&clean=false", zipped(a__txt="a", b__txt="b"))
    assert set(staging.content()) == {"index.html", "a.txt", "b.txt"}
    staging.publish("POST", "/api/publish?type=zip&path=sub", zipped(c__txt="c"))
    staging.publish("PUT", "/api/zip/site/wwwroot/sub/", zipped(d__txt="d"))
    assert set(staging.content()) == {"index.html", "a.txt", "b.txt", "sub/c.txt", "sub/d.txt"}
    staging.publish("POST", "/api/publish?type=zip&path=sub&clean=true", zipped(e__txt="e"))
    assert set(staging.content()) == {"index.html", "a.txt", "b.txt", "sub/e.txt"}
    assert staging.content()["index.html"] == b"two"


def test_files_are_listed_and_read(staging: Publisher) -> None:
    staging.publish("POST", "/api/publish?type=static&path=css/site.css", b"body {}")
    listed = staging.ask("GET", "/api/vfs/site/wwwroot/").json()
    assert [(one["name"], one["mime"], one["size"]) for one in listed] == [
        ("css", "inode/directory", 0),
        ("index.html", "text/html", 3),
    ]
    assert listed[0]["href"] == f"http://{HOST}/api/vfs/site/wwwroot/css/"
    assert set(listed[0]) == {"name", "size", "mtime", "crtime", "mime", "href", "path"}
    folder = staging.ask("GET", "/api/vfs/site/wwwroot/css")
    assert (folder.status_code, folder["Location"]) == (302, "/api/vfs/site/wwwroot/css/")
    file = staging.ask("GET", "/api/vfs/site/wwwroot/css/site.css")
    assert (file.getvalue(), file["Content-Type"]) == (b"body {}", "text/css")
    assert file["ETag"] == f'"{hashlib.sha256(b"body {}").hexdigest()}"'
    assert staging.ask("GET", "/api/vfs/site/wwwroot/css/site.css", HTTP_IF_NONE_MATCH=file["ETag"]).status_code == 304


@pytest.mark.parametrize(
    "path", ["site/wwwroot/none", "site/wwwroot/none/", "site/other/x", "etc/passwd", "site/wwwroot2/x", "site"]
)
def test_what_is_no_file_of_the_web_site_is_not_found(staging: Publisher, path: str) -> None:
    assert staging.ask("GET", f"/api/vfs/{path}").status_code == 404
    assert staging.ask("DELETE", f"/api/vfs/{path}", HTTP_IF_MATCH="*").status_code == 404


@pytest.mark.parametrize("path", ["..", "../../../etc/passwd", "%2e%2e/x", "a/%2e%2e/x"])
def test_no_address_of_a_file_leaves_the_web_site(staging: Publisher, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = staging.ask(method, f"/api/vfs/site/wwwroot/{path}", b"x", HTTP_IF_MATCH="*")
        assert answer.status_code in (400, 404), answer.content
    assert Deployment.objects.count() == 2


def test_a_new_file_is_created_and_one_that_was_seen_is_replaced(staging: Publisher) -> None:
    address = "/api/vfs/site/wwwroot/about.html"
    assert staging.publish("PUT", address, b"one").status_code == 201
    for headers in ({}, {"HTTP_IF_MATCH": '"other"'}):
        answer = staging.ask("PUT", address, b"two", **headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "FileChanged")
    seen = staging.ask("GET", address)
    tag = seen["ETag"]
    seen.close()
    assert staging.publish("PUT", address, b"two", HTTP_IF_MATCH=tag).status_code == 204
    assert staging.publish("PUT", address, b"three", HTTP_IF_MATCH="*").status_code == 204
    assert staging.content() == {"index.html": b"two", "about.html": b"three"}
    assert staging.ask("DELETE", address).status_code == 412
    assert staging.publish("DELETE", address, HTTP_IF_MATCH="*").status_code == 200
    assert staging.content() == {"index.html": b"two"}


def test_a_folder_is_removed_only_with_what_is_in_it_in_mind(staging: Publisher) -> None:
    staging.publish("PUT", "/api/vfs/site/wwwroot/a/b.txt", b"b")
    assert staging.ask("DELETE", "/api/vfs/site/wwwroot/a/").status_code == 400
    assert staging.publish("DELETE", "/api/vfs/site/wwwroot/a/?recursive=true").status_code == 200
    assert set(staging.content()) == {"index.html"}


@pytest.mark.parametrize("path", ["index.html/x", "INDEX.html"])
def test_a_file_takes_no_other_ones_place(staging: Publisher, path: str) -> None:
    answer = staging.ask("PUT", f"/api/vfs/site/wwwroot/{path}", b"x", HTTP_IF_MATCH="*")
    assert answer.status_code == 409
    assert "nothing was changed" in answer.json()["message"].lower()


def test_a_change_shares_the_files_that_it_leaves_alone(staging: Publisher) -> None:
    staging.publish("PUT", "/api/vfs/site/wwwroot/about.html", b"one")
    former, present = (
        store.path_of(deployment.content_digest) / "index.html"
        for deployment in Deployment.objects.filter(slot=staging.slot)
    )
    assert former.samefile(present)


def test_the_last_page_of_a_static_site_is_not_removed(staging: Publisher) -> None:
    answer = staging.ask("DELETE", "/api/vfs/site/wwwroot/index.html", HTTP_IF_MATCH="*")
    assert (answer.status_code, answer.json()["code"]) == (400, "ContentRefused")
    assert "is not recognised, so nothing was changed" in answer.json()["message"]


def test_a_former_deployment_is_published_again_without_a_build(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy?message=three", zipped(index__html="three"))
    former = Deployment.objects.filter(slot=staging.slot).last()
    answer = staging.publish("PUT", f"/api/deployments/{former.public_id.hex}")
    assert answer.status_code == 200
    assert staging.content() == {"index.html": b"two"}
    again = Deployment.objects.first()
    assert (again.message, again.deployer, again.content_digest) == ("two", "Redeploy", former.content_digest)
    assert staging.ask("PUT", f"/api/deployments/{'0' * 32}").status_code == 404


def test_a_deployment_whose_content_is_gone_is_not_published_again(staging: Publisher) -> None:
    staging.publish("POST", "/api/zipdeploy", zipped(index__html="three"))
    former = Deployment.objects.filter(slot=staging.slot).last()
    Deployment.objects.filter(pk=former.pk).update(content_removed_at=former.received_at)
    answer = staging.ask("PUT", f"/api/deployments/{former.public_id.hex}")
    assert answer.status_code == 409
    assert "was removed, because newer deployments took its place" in answer.json()["message"]


def test_the_branch_to_deploy_is_read_and_set(staging: Publisher) -> None:
    assert staging.ask("GET", "/api/settings").json()["deployment_branch"] == "main master"
    typed = {"content_type": "application/json"}
    assert staging.ask("POST", "/api/settings", b'{"deployment_branch": "release"}', **typed).status_code == 204
    assert staging.ask("GET", "/api/settings/deployment_branch").json() == "release"
    assert staging.ask("DELETE", "/api/settings/branch").status_code == 204
    assert staging.ask("GET", "/api/settings/branch").json() == "main master"
    for body in (b'{"APP": "x"}', b"[]", b"{", b'{"branch": "a..b"}'):
        assert staging.ask("POST", "/api/settings", body, **typed).status_code == 400, body
    assert staging.ask("GET", "/api/settings/APP").status_code == 404


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/api/deployments"),
        ("GET", "/api/deployments/"),
        ("GET", "/api/environment"),
        ("GET", "/diagnostics/runtime"),
        ("GET", "/api/settings"),
        ("POST", "/api/settings"),
        ("GET", "/api/vfs/site/wwwroot/"),
        ("PUT", "/api/vfs/site/wwwroot/x"),
        ("DELETE", "/api/vfs/site/wwwroot/index.html"),
        ("GET", "/api/zip/site/wwwroot/"),
        ("PUT", "/api/zip/site/wwwroot/"),
        ("POST", "/api/publish?type=zip"),
        ("PUT", "/api/deployments/latest"),
        ("GET", "/contoso.git/info/refs?service=git-upload-pack"),
        ("POST", "/contoso.git/git-upload-pack"),
        ("POST", "/contoso.git/git-receive-pack"),
    ],
)
def test_nothing_is_answered_without_the_slots_own_credentials(
    staging: Publisher, domain: Domain, method: str, address: str
) -> None:
    production = domain.subscription.sites.get().slots.get(is_production=True)
    for headers in ({}, basic(production)):
        answer = Client().generic(method, address, b"x", HTTP_HOST=HOST, **headers)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Basic ")
    assert Deployment.objects.count() == 2
