"""git clone, fetch and push at /NAME.git on the publishing host (gitprotocol-http(5)), with the slot's credentials."""

from collections.abc import AsyncGenerator
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from sites import kept_deployments
from sites.content.uploads import received
from sites.door.answer import Streamed, note
from sites.door.uploads import admission, file_of, takes_upload
from sites.errors import GitMissing, GreenroomError, NoSpaceLeft, NotFound, Refused, is_disk_full
from sites.models import HostNameKind, Slot
from sites.publishing import git_protocol
from sites.publishing.authentication import publisher_of, with_slot
from sites.publishing.conversation import Conversation
from sites.publishing.push import Push
from sites.repositories.commands import Question, Service
from sites.repositories.job import Job, is_installed
from sites.services.commits import served_commit

RECEIVE_PACK, UPLOAD_PACK = "git-receive-pack", "git-upload-pack"
REFS = {RECEIVE_PACK: Service.RECEIVE_PACK_REFS, UPLOAD_PACK: Service.UPLOAD_PACK_REFS}
NO_CACHE = {"Cache-Control": "no-cache, max-age=0, must-revalidate"}


@require_GET
@with_slot
def refs(request: HttpRequest, slot: Slot, name: str) -> HttpResponse:
    """The branches that the slot shows. A refusal is a line of the protocol, so that git shows its sentence."""
    service = request.GET.get("service", "")
    if name != slot.site.name:
        raise NotFound
    if service not in REFS:
        raise Refused("This address speaks git's smart protocol only; nothing was changed. Use git 1.6.6 or newer.")
    answer = _answer(f"application/x-{service}-advertisement")
    is_version_2 = service == UPLOAD_PACK and "version=2" in request.headers.get("Git-Protocol", "")
    opening = b"" if is_version_2 else git_protocol.service_line(service)
    try:
        job = _begin(request, slot, REFS[service])
    except GreenroomError as refusal:
        return note(answer, _said(git_protocol.service_line(service) + git_protocol.error(str(refusal))))
    return note(answer, Streamed(Conversation(job, git_protocol.error, opening).pieces))


@csrf_exempt
@require_POST
@takes_upload
@with_slot
def upload_pack(request: HttpRequest, slot: Slot, name: str) -> HttpResponse:
    """What a clone or fetch asks for."""
    if name != slot.site.name:
        raise NotFound
    answer = _answer(f"application/x-{UPLOAD_PACK}-result")
    is_packed = request.headers.get("Content-Encoding", "") in ("gzip", "x-gzip")
    service = Service.UPLOAD_PACK_GZIP if is_packed else Service.UPLOAD_PACK
    try:
        if (asked := admission(request, by=f"slot {slot.pk}")) is not None:
            return asked
        job = _begin(request, slot, service)
    except GreenroomError as refusal:
        return note(answer, _said(git_protocol.error(str(refusal))))
    return note(answer, Streamed(Conversation(job, git_protocol.error).pieces))


@csrf_exempt
@require_POST
@takes_upload
@with_slot
def receive_pack(request: HttpRequest, slot: Slot, name: str) -> HttpResponse:
    """A push: git keeps the commits, and the branch moves when what it holds is published."""
    if name != slot.site.name:
        raise NotFound
    answer = _answer(f"application/x-{RECEIVE_PACK}-result")
    try:
        if (asked := admission(request, by=f"slot {slot.pk}")) is not None:
            return asked
        job = _begin(request, slot, Service.RECEIVE_PACK)
    except GreenroomError as refusal:
        return note(answer, _said(git_protocol.fatal(str(refusal))))
    except OSError as error:
        if not is_disk_full(error):
            raise
        full = NoSpaceLeft(what="Your push", holds="Nothing was changed.")
        return note(answer, _said(git_protocol.fatal(str(full))))
    push = Push(slot, publisher_of(request), address=_visited(request, slot))
    return note(answer, Streamed(Conversation(job, git_protocol.fatal, attend=push.attend).pieces))


def _begin(request: HttpRequest, slot: Slot, service: Service) -> Job:
    """A job that runs. Raises GitMissing, ServerBusy, DiskFull, RuntimeUnreachable and Failed, with nothing left."""
    if not is_installed():
        raise GitMissing(name=slot.title)
    branch, commit = served_commit(slot)
    question = Question(
        service=service,
        site_id=slot.site_id,
        slot_id=slot.pk,
        name=slot.title,
        branches=slot.branches,
        served_branch=branch,
        served_commit=commit,
        protocol=request.headers.get("Git-Protocol", ""),
    )
    job = Job(question)
    try:
        if request.method == "POST":
            _take_body(request, job)
        job.start(most=kept_deployments.content_quota())
    except BaseException:
        job.close()
        raise
    return job


def _take_body(request: HttpRequest, job: Job) -> None:
    file = file_of(request)
    if file is not None:
        job.take_request(file)
        return
    with received(request, settings.MAX_UPLOAD) as small:
        job.take_request(Path(small).read_bytes())


def _visited(request: HttpRequest, slot: Slot) -> str:
    """The slot's own address, with scheme and port of the request."""
    name = slot.host_names.filter(kind=HostNameKind.DEFAULT).values_list("name", flat=True).first() or slot.title
    _, colon, port = request.get_host().rpartition(":")
    return f"{request.scheme}://{name}{colon}{port if colon else ''}/"


def _answer(content_type: str) -> HttpResponse:
    return HttpResponse(content_type=content_type, headers=NO_CACHE)


def _said(data: bytes) -> Streamed:
    """Only that."""

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield data

    return Streamed(pieces)
