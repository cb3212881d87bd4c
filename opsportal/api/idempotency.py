"""`Idempotency-Key`: the same request twice has one effect and one answer, also after a crash.

The work is done first and the answer's row is inserted last, in the same transaction; whoever loses
the race for the row (or comes later) is rolled back whole and gets the winner's answer. So a first
request costs one statement more, and a twin that runs at the same moment waits at the unique index.
A secret that an answer shows once is not kept: the same answer comes again without it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from opsportal.api.models import IdempotencyRecord
from opsportal.core.actor import Actor
from opsportal.core.clock import edge_now
from opsportal.core.errors import Conflict, InvalidInput, Refusal
from opsportal.core.secrecy import shortened, without_secrets
from opsportal.core.writes import edge_transaction

HEADER: Final = "Idempotency-Key"
KEPT: Final = timedelta(days=7)
KEPT_HEADERS: Final = ("Location", "Retry-After", "ETag")
_BATCH = 1000
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def answer_once(request: Request, actor: Actor, handler: Callable[[], Response]) -> Response:
    """Run `handler` and keep its answer under the request's key, or give the kept answer again.

    An answer that is raised (a refusal, bad input) wrote nothing and is not kept. Raises
    `InvalidInput` for a malformed key and `Conflict` (`idempotency_conflict`) where the key was used
    with another body.
    """
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise InvalidInput.of("", "idempotency_key", f"{HEADER} must be 1 to 255 visible ASCII characters.")
    fingerprint = _fingerprint(request)
    try:
        with edge_transaction():
            response = handler()
            _keep(request, actor, key, fingerprint, response)
            return response
    except (IntegrityError, Refusal, APIException):
        kept = _kept(request, actor, key)
        if kept is None:
            raise
    if kept.fingerprint != fingerprint:
        raise Conflict("This key was used with another body.", code="idempotency_conflict")
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    return Response(json.loads(kept.body), status=kept.status, headers=headers)


def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(request.META.get("QUERY_STRING", "").encode())
    request.data  # noqa: B018 - parsing keeps the raw body, and refuses a bad one before any work is done
    digest.update(b"\n" + getattr(request, "raw_body", b""))
    # A form has other separators between its parts each time: what stands between them counts.
    for name in sorted(request.POST) if request.FILES else ():
        digest.update(f"\n{name}\n{request.POST.getlist(name)}".encode())
    for name, uploads in sorted(request.FILES.lists()):
        for upload in uploads:
            digest.update(f"\n{name}\n{upload.name}\n".encode())
            for chunk in upload.chunks():
                digest.update(chunk)
    return digest.hexdigest()


def _keep(request: Request, actor: Actor, key: str, fingerprint: str, response: Response) -> None:
    IdempotencyRecord.objects.create(
        actor=str(actor),
        method=str(request.method),
        path=_path_of(request),
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        body=JSONRenderer().render(without_secrets(response.data)).decode(),
        headers={name: response[name] for name in KEPT_HEADERS if name in response},
        created_at=edge_now(),
    )


def _kept(request: Request, actor: Actor, key: str) -> IdempotencyRecord | None:
    return IdempotencyRecord.objects.filter(
        actor=str(actor), method=str(request.method), path=_path_of(request), key=key
    ).first()


def _path_of(request: Request) -> str:
    return shortened(request.path.rstrip("/"))[:200]


def answers_prune(*, now: datetime) -> int:
    """Delete the answers that were kept for longer than `KEPT` at `now` (aware UTC); return how many.

    In batches, each a transaction of its own, so that no request waits for it.
    """
    pruned = 0
    while True:
        old = IdempotencyRecord.objects.filter(created_at__lt=now - KEPT).order_by("created_at")
        batch = list(old.values_list("pk", flat=True)[:_BATCH])
        pruned += IdempotencyRecord.objects.filter(pk__in=batch).delete()[0]
        if len(batch) < _BATCH:
            return pruned
