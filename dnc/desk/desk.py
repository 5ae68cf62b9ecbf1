"""What one running desk shares between its requests: the store, its settings, tokens and sessions."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from starlette.responses import JSONResponse, Response

from dnc.desk.jobs import Jobs
from dnc.desk.sessions import Session, Sessions
from dnc.errors import DncError, StoreError
from dnc.files.signing import Signer
from dnc.law.rulebook import Rulebook
from dnc.messages import messages
from dnc.store.store import Store

MAX_UPLOAD = 4 * 10**9  # bytes
UPLOADS_AT_ONCE, UPLOADS_OF_ONE = 8, 2


class RefusedError(DncError):
    """A request that is refused; the message is one sentence for the person who made it.

    Attributes:
        status: of the HTTP response.
    """

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass
class Desk:
    """One running desk.

    Attributes:
        store: the store that it shows and changes.
        hosts: allowed values of the header `Host`, each with its port.
        language: one of `dnc.messages.LANGUAGES`, for people who have not chosen one.
        rules: folder of more rule files, or None.
        user_header: the header in which a reverse proxy names the user; None if people sign in with the token.
        max_upload: bytes of one upload.
        signer: signs folders for an authority; None if no key was given.
        given: the list with which the desk was started, or None.
        token: opens a session for as long as the desk runs.
        sessions, jobs: the people who are signed in, and what runs for them.
    """

    store: Store
    hosts: frozenset[str]
    language: str = "en"
    rules: str | None = None
    user_header: str | None = None
    max_upload: int = MAX_UPLOAD
    signer: Signer | None = None
    given: Path | None = None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    sessions: Sessions = field(default_factory=Sessions, repr=False)
    jobs: Jobs = field(default_factory=Jobs, repr=False)
    _once: set[str] = field(default_factory=set, repr=False)
    _uploads: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def book(self) -> Rulebook:
        """The law as the store has it now: the rules that ship, its rules pack, and the folder `rules`."""
        return Rulebook.load(self.rules)

    @property
    def greeting(self) -> str:
        """The language of new sessions: that of the office, if the store says one."""
        with suppress(StoreError):  # what is wrong with the store is said on the page
            return self.store.office().get("language", self.language)
        return self.language

    @property
    def cookie(self) -> str:
        """Name of the cookie: browsers send cookies to every port of a host, so each desk needs its own."""
        return "dnc-" + min(self.hosts).rpartition(":")[2]

    def token_for_once(self) -> str:
        """A token that opens one session: other users of the machine may see the arguments of a browser."""
        token = secrets.token_urlsafe(32)
        self._once.add(token)
        return token

    def opens(self, token: str) -> bool:
        """Whether a token opens a session."""
        for once in tuple(self._once):
            if _equal(token, once):
                self._once.discard(once)
                return True
        return _equal(token, self.token)

    @contextmanager
    def upload(self, session: Session) -> Iterator[None]:
        """Take one of the places for uploads at the same time, of which nobody gets all.

        Raises RefusedError if all are taken, or all that one user may have.
        """
        owner = session.user or session.form_token
        with self._lock:
            if len(self._uploads) >= UPLOADS_AT_ONCE or self._uploads.count(owner) >= UPLOADS_OF_ONE:
                raise RefusedError(503, messages("desk", self.language)["too_many_uploads"])
            self._uploads.append(owner)
        try:
            yield
        finally:
            with self._lock:
                self._uploads.remove(owner)

    def close(self) -> None:
        """Stop all jobs, and remove the files of all sessions."""
        self.jobs.close()
        self.sessions.close()


def _equal(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode(), expected.encode())


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}


def problem(status: int, detail: str) -> Response:
    """An error: its title is that of the HTTP status, its detail says what is wrong and what to do."""
    title = HTTPStatus(status).phrase
    content = {"title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, _HEADERS.get(status), "application/problem+json")
