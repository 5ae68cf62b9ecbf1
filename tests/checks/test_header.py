"""The header of a list: what is used of it, and at what a check stops."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("column", "cells", "stops"),
    [
        ("Statut", ["Client", "Ne pas appeler"], True),
        ("Status", ["active", "DNC"], True),
        ("Statut", ["Client", "Opposition"], True),
        ("Commentaire", ["rappeler lundi", "Mme X., ne veut plus être appelée"], True),
        ("Call status", ["ok", "Do not call!"], True),
        ("Bemerkung", ["bitte nicht mehr anrufen", ""], True),
        ("Ville", ["Baja", "Lyon"], False),
        ("Comment", ["do call on Monday", "called in May"], False),
        ("Société", ["Rouge et Or", "Opposition Conseil"], False),
    ],
)
def test_an_unused_column_whose_cells_tell_objections_stops_the_check(dnc, write_file, column, cells, stops):
    """Whatever its name; it has to be read or left out on purpose."""
    rows = "".join(f'+3319900000{at},"{cell}"\n' for at, cell in enumerate(cells))
    path = write_file("calls.csv", f"number,{column}\n{rows}")
    code, _, err = dnc("check", path, "--quiet")
    assert (code == 2, "cells that may tell objections" in err) == (stops, stops)
    assert dnc("check", path, "--quiet", "--ignore", column)[0] != 2
