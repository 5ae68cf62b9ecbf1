"""A dialler and a trunk on loopback: enough of SIP to place a call, and to count what arrives."""

from __future__ import annotations

import re
import socket
import threading
import time
from itertools import count
from typing import ClassVar

_BRANCH = count(1)


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that nobody uses."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def headers(message: str) -> dict[str, list[str]]:
    """The headers of a message by name, in lower case."""
    found: dict[str, list[str]] = {}
    for line in message.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if value:
            found.setdefault(name.strip().lower(), []).append(value.strip())
    return found


class Trunk:
    """Takes every call, and keeps the numbers of the INVITEs that arrive, each call once, and all other methods."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.invited: dict[str, str] = {}
        self.methods: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Trunk:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(1 << 16)
            except OSError:
                return
            message = data.decode()
            method, uri, _ = message.split(" ", 2)
            told = headers(message)
            self.methods.append(method)
            if method == "INVITE":
                self.invited[told["call-id"][0]] = re.search(r"sip:([^@]*)@", uri)[1]
            if method == "ACK":
                continue
            lines = [f"Via: {via}" for via in told["via"]] + [
                f"Record-Route: {one}" for one in told.get("record-route", [])
            ]
            to = told["to"][0] if "tag=" in told["to"][0] else f"{told['to'][0]};tag=trunk"
            lines += [
                f"From: {told['from'][0]}",
                f"To: {to}",
                f"Call-ID: {told['call-id'][0]}",
                f"CSeq: {told['cseq'][0]}",
            ]
            lines += [f"Contact: <sip:trunk@127.0.0.1:{self.port}>", "Content-Length: 0", "", ""]
            self._socket.sendto("\r\n".join(["SIP/2.0 200 OK", *lines]).encode(), sender)


class Dialler:
    """Sends requests of one call to the proxy, and reads the answers."""

    opened: ClassVar[list[Dialler]] = []

    def __init__(self, proxy: int) -> None:
        self.opened.append(self)
        self._proxy = ("127.0.0.1", proxy)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        self._id = f"{next(_BRANCH)}-{self._port}@dialler"
        self.branch = ""

    def send(self, method: str, number: str, *more: str, to_tag: str = "", branch: str = "") -> None:
        """Send a request; more headers may follow. branch: that of an earlier request, for CANCEL and ACK."""
        self.branch = branch or f"z9hG4bK{next(_BRANCH)}-{self._port}"
        to = f"<sip:{number}@127.0.0.1>" + (f";tag={to_tag}" if to_tag else "")
        lines = [
            f"{method} sip:{number}@127.0.0.1:{self._proxy[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};branch={self.branch}",
            "Max-Forwards: 70", f"From: <sip:dialler@127.0.0.1>;tag=d{self._port}", f"To: {to}",
            f"Call-ID: {self._id}", f"CSeq: 1 {method}", f"Contact: <sip:dialler@127.0.0.1:{self._port}>",
            *more, "Content-Length: 0", "", "",
        ]  # fmt: skip
        self._socket.sendto("\r\n".join(lines).encode(), self._proxy)

    def answers(self, seconds: float = 8) -> list[tuple[int, str, float]]:
        """All answers up to a final one to an INVITE, or for some seconds: status, message, seconds after the start."""
        began, found = time.monotonic(), list[tuple[int, str, float]]()
        while (left := began + seconds - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = self._socket.recv(1 << 16).decode()
            except TimeoutError:
                break
            found.append((int(message.split(" ", 2)[1]), message, time.monotonic() - began))
            if found[-1][0] >= 200 and "INVITE" in headers(message)["cseq"][0]:
                break
        return found

    def call(self, number: str, *more: str, to_tag: str = "") -> tuple[int, str, float]:
        """The final answer to a call, which is acknowledged."""
        self.send("INVITE", number, *more, to_tag=to_tag)
        branch = self.branch
        final = self.answers()[-1]
        tag = re.search(r"tag=([^;\r\n]+)", headers(final[1])["to"][0])
        self.send("ACK", number, to_tag=tag[1] if tag else "", branch=branch if final[0] >= 300 else "")
        return final

    @classmethod
    def close_all(cls) -> None:
        """Close the sockets of all diallers."""
        while cls.opened:
            cls.opened.pop()._socket.close()
