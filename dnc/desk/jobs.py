"""Jobs that take longer than a request: each runs in a thread, reports its progress, and can be stopped."""

from __future__ import annotations

import contextvars
import gc
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from dnc.desk.sessions import Session
from dnc.errors import DncError, shortage
from dnc.messages import localized

JOBS_AT_ONCE = 2  # a check uses all cores already


class StoppedError(DncError):
    """Somebody stopped the job."""

    def __init__(self) -> None:
        super().__init__("stopped")


@dataclass
class Job:
    """A function that runs in a thread.

    Attributes:
        id: part of the address of its page.
        total: rows that it will process, or None if that is not known.
        rows: those processed so far.
        state: `waiting`, `running`, `done`, `failed` or `stopped`.
        result: what the function returned. error: why it failed, in one sentence.
    """

    total: int | None = None
    id: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    rows: int = 0
    state: str = "waiting"
    result: Any = None
    error: str = ""
    _began: float = 0.0
    _ended: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _end: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def ended(self) -> bool:
        """Whether it has ended."""
        return self.state in ("done", "failed", "stopped")

    @property
    def seconds(self) -> float:
        """How long it has run."""
        return (self._ended or time.monotonic()) - self._began if self._began else 0.0

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def seconds_left(self) -> float | None:
        """An estimate of the time left; None if nothing is known."""
        return max(self.total - self.rows, 0) / self.rate if self.total and self.rate else None

    def advance(self, rows: int) -> None:
        """Report that more rows are done; this is the `progress` of a check. Raises StoppedError to end it."""
        if self._stop.is_set():
            raise StoppedError
        self.rows += rows

    def stop(self) -> None:
        """End the job at its next `advance`; what it wrote until then is removed."""
        self._stop.set()

    def run(self, function: Callable[[Job], Any]) -> None:
        """Call the function; whatever it raises becomes a sentence."""
        self._began, self.state = time.monotonic(), "running"
        try:
            self.advance(0)
            self.result, state = function(self), "done"
        except StoppedError:
            state = "stopped"
        except DncError as error:
            self.error, state = error.message, "failed"
        except BaseException as error:  # a panic in Polars is a BaseException; its message may quote data
            short = shortage(error)
            self.error = short.message if short else localized("desk", "job_failed", kind=type(error).__name__)
            state = "failed"
        self._ended, self.state = time.monotonic(), state
        self._end.set()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, at most for so long."""
        self._end.wait(seconds)


class Jobs:
    """The jobs of a desk."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(JOBS_AT_ONCE, thread_name_prefix="job")
        self._jobs: dict[str, tuple[Session, Job]] = {}

    def start(self, session: Session, function: Callable[[Job], Any]) -> Job:
        """Run `function(job)` for a session, whose files stay until the job has ended, even if the tab is closed."""
        job, context = Job(), contextvars.copy_context()  # the context has the name for the log
        using = ExitStack()
        using.enter_context(session.in_use())
        self._jobs[job.id] = session, job

        def run() -> None:
            with using:
                context.run(job.run, function)
                self._jobs.pop(job.id, None)
            gc.collect()  # frames lie in cycles, and the collector counts objects, not bytes

        self._pool.submit(run)
        return job

    def stop(self, session: Session) -> None:
        """Stop the jobs of one session."""
        for owner, job in list(self._jobs.values()):
            if owner is session:
                job.stop()

    def close(self) -> None:
        """Stop all, and wait until they have ended."""
        for _, job in list(self._jobs.values()):
            job.stop()
        self._pool.shutdown(wait=True)
