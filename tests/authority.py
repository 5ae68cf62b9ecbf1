"""A time-stamping authority on loopback: its certificates are made by OpenSSL, which also stamps."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """[tsa]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


class Authority:
    """An authority in a folder: `root` is its root certificate, in PEM."""

    def __init__(self, folder: Path, name: str, days: int = 30) -> None:
        folder.mkdir()
        self.folder, self.root = folder, folder / "root.pem"
        key, signed = folder / "key.pem", ["-days", str(days), "-extfile", folder / "use"]
        _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "root.key", "-out", self.root,
                 "-subj", f"/CN={name} root")  # fmt: skip
        _openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", folder / "csr", "-subj", f"/CN={name}")
        (folder / "use").write_text("extendedKeyUsage=critical,timeStamping\n")
        _openssl("x509", "-req", "-in", folder / "csr", "-CA", self.root, "-CAkey", folder / "root.key",
                 "-CAcreateserial", "-out", folder / "tsa.pem", *signed)  # fmt: skip
        (folder / "serial").write_text("01\n")
        (folder / "config").write_text(_CONFIG.format(folder=folder))

    def stamp(self, query: bytes) -> bytes:
        """The answer to a query, both in DER."""
        (self.folder / "query").write_bytes(query)
        _openssl("ts", "-reply", "-config", self.folder / "config", "-section", "tsa", "-queryfile",
                 self.folder / "query", "-signer", self.folder / "tsa.pem", "-inkey", self.folder / "key.pem", "-out",
                 self.folder / "answer")  # fmt: skip
        return (self.folder / "answer").read_bytes()

    def query(self, text: str) -> bytes:
        """A query for the stamp of a text, as OpenSSL makes it."""
        (self.folder / "text").write_text(text)
        _openssl("ts", "-query", "-data", self.folder / "text", "-sha256", "-cert", "-out", self.folder / "query")
        return (self.folder / "query").read_bytes()


def verified_by_openssl(text: str, stamp: Path, root: Path) -> bool:
    """Whether OpenSSL takes a file for the stamp of a text."""
    data = stamp.parent.parent / "text"
    data.write_text(text)
    command = ["openssl", "ts", "-verify", "-data", data, "-in", stamp, "-CAfile", root]
    done = subprocess.run(command, capture_output=True, check=False)
    data.unlink()
    return done.returncode == 0


@contextmanager
def serving(
    answer: Callable[[bytes], bytes | Iterator[bytes]], status: int = 200, credentials: str | None = None
) -> Iterator[str]:
    """An HTTP server that answers a query with what a function returns, whole or block by block; gives its URL.

    credentials: what has to be sent as `Authorization`.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            said = answer(query)
            self.send_response(status if self.headers["Authorization"] == credentials else 401)
            self.end_headers()
            for block in [said] if isinstance(said, bytes) else said:
                self.wfile.write(block)

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # it hung up, which some tests are about
                super().handle()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/tsa"
        finally:
            server.shutdown()
            thread.join()


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
