"""Who is signed in at a desk: a cookie, the token of forms, the language, and the files of one browser."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnc.store.store import Store

IDLE_SECONDS = 30 * 60.0
MOST_OF_ONE = 50  # sessions of one user: behind a proxy, each request without a cookie begins one


@dataclass
class Session:
    """One browser that is signed in.

    Attributes:
        language: one of `dnc.messages.LANGUAGES`.
        user: as a reverse proxy named it, or None.
        form_token: has to be sent with each form.
        kept: what a group of pages keeps between requests, under its own name, until the session ends.
        busy: how many jobs and uploads run; a session with one does not end.
    """

    language: str
    user: str | None = None
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    kept: dict[str, Any] = field(default_factory=dict, repr=False)
    busy: int = 0
    used: float = field(default_factory=time.monotonic)
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)
    _work: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def folder(self, store: Store) -> Path:
        """A new folder for files, in the work folder of the store; removed when the session ends, or earlier.

        Raises StoreError if the store cannot be written.
        """
        with self._lock:
            if self._work is None:
                self._work = self._stack.enter_context(store.work("desk"))
            return Path(tempfile.mkdtemp(dir=self._work))

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep the session and its files while something runs for it."""
        with self._lock:
            self.busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1
            self.used = time.monotonic()

    def owns_form(self, token: str) -> bool:
        """Whether a form was made for this session."""
        return hmac.compare_digest(token.encode(), self.form_token.encode())

    def close(self) -> None:
        """Remove its files."""
        self.kept.clear()
        self._stack.close()


class Sessions:
    """The sessions of a desk. One that was not used for `IDLE_SECONDS` ends."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        # By the hash of the cookie, so that the time of a look-up reveals nothing.
        self._sessions: dict[str, Session] = {}

    def open(self, language: str, user: str | None = None) -> tuple[str, Session]:
        """Start a session; returns the value of its cookie. Of many of one user the longest unused end."""
        mine = [(one.used, key) for key, one in self._sessions.items() if one.user == user and not one.busy]
        for _, key in sorted(mine)[: 1 - MOST_OF_ONE]:
            self._sessions.pop(key).close()
        cookie, session = secrets.token_urlsafe(32), Session(language, user)
        self._sessions[_hash(cookie)] = session
        return cookie, session

    def find(self, cookie: str, user: str | None = None) -> Session | None:
        """The session of a cookie, for the user to whom it was given; None if it has ended."""
        self.sweep()
        session = self._sessions.get(_hash(cookie))
        if session is None or session.user != user:
            return None
        session.used = time.monotonic()
        return session

    def sweep(self) -> None:
        """End the sessions that were not used for too long."""
        oldest = time.monotonic() - self._idle_seconds
        for key, session in list(self._sessions.items()):
            if session.used < oldest and not session.busy:
                self._sessions.pop(key, session).close()

    def end(self, session: Session) -> None:
        """End one session."""
        for key, other in list(self._sessions.items()):
            if other is session:
                self._sessions.pop(key).close()

    def close(self) -> None:
        """End all."""
        while self._sessions:
            self._sessions.popitem()[1].close()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
