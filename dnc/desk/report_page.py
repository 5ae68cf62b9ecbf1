"""Pages of `dnc.reports`, shown at the desk as they are written to files."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from starlette.responses import HTMLResponse, Response

from dnc.desk.guard import HEADERS, POLICY

_STYLE = re.compile(r"<style[^<>]*>([^<]*)</style>")


def as_page(text: str) -> Response:
    """A page that contains its style: its policy allows this style and no other."""
    hashes = (b64encode(sha256(style.encode()).digest()).decode() for style in _STYLE.findall(text))
    styles = " ".join(f"'sha256-{hash_}'" for hash_ in hashes) or "'none'"
    return HTMLResponse(text, headers={POLICY: HEADERS[POLICY].replace("style-src 'self'", f"style-src {styles}")})
