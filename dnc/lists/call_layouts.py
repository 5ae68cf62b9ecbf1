"""Call records as telephone systems write them, as `call_layouts.toml` describes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec

from dnc.cache import shipped_toml
from dnc.files.open_table import open_table
from dnc.files.table import Table, folded

_TIME = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")


class CallLayout(msgspec.Struct, frozen=True):
    """A layout of call records; what its fields mean is said in `call_layouts.toml`."""

    name: str
    maps: Mapping[str, str]
    results: Mapping[str, str]
    columns: Sequence[str] = ()
    texts: Sequence[str] = ()
    least: int = 0
    open: bool = False
    times: Sequence[int] = ()
    outbound: Sequence[str] | None = None
    complete: bool = False

    def fits(self, header: Sequence[str], *, has_header: bool) -> bool:
        """Whether a file is of this layout, by its header, or by its first row where it has none."""
        if has_header:
            return {folded(self.maps[ours]) for ours in ("number", "at", "result")} <= set(map(folded, header))
        most = len(header) if self.open else len(self.columns)
        is_wide = bool(self.times) and self.least <= len(header) <= most
        return is_wide and all(_TIME.match(header[at].strip()) for at in self.times)


@cache
def call_layouts() -> list[CallLayout]:
    """All layouts."""
    return [CallLayout(name, **entry) for name, entry in shipped_toml("dnc.lists", "call_layouts.toml").items()]


def in_layout(path: Path, sheet: str | None = None) -> tuple[Table, CallLayout | None]:
    """A file of calls as a table with names of columns, and its layout; None if it is none of these.

    Raises InputError as `open_table`.
    """
    table = open_table(path, sheet=sheet)
    if "number" in map(folded, table.header):
        return table, None
    has_header = not any(_TIME.match(cell.strip()) for cell in table.header)
    found = next((layout for layout in call_layouts() if layout.fits(table.header, has_header=has_header)), None)
    if found is None or has_header:
        return table, found
    table = open_table(path, header=False)
    names = [*found.columns, *(f"more {at}" for at in range(len(table.columns)))][: len(table.columns)]
    of_names = dict(zip(table.columns, names, strict=True))
    return replace(table, header=names, batches=(rows.rename(of_names) for rows in table.batches)), found
