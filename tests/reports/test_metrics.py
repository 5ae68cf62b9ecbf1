"""The state of a store as metrics."""

from __future__ import annotations

import json
import re

import pytest

_SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="[^"]*")*)\})? (?P<value>[0-9.e+]+)'
)


def samples(text: str) -> dict[tuple[str, str], float]:
    """The values by name and labels; every line has the form of OpenMetrics, each family begins with its type."""
    *lines, last, nothing = text.split("\n")
    assert (last, nothing) == ("# EOF", "")
    found, family = {}, ""
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert kind == "gauge"
        elif line.startswith("# UNIT "):
            assert family.endswith(f"_{line.rpartition(' ')[2]}")
        elif not line.startswith(f"# HELP {family} "):
            sample = _SAMPLE.fullmatch(line)
            assert sample and sample["name"] == family, line
            found[family, sample["labels"] or ""] = float(sample["value"])
    return found


@pytest.mark.parametrize("today", ["2026-11-24", "2027-11-24"])
def test_metrics_say_what_the_json_says(dnc, store, write_file, monkeypatch, tmp_path, today):
    """Ages, counts and what is due; a registry that is missing, and one with an odd name for its campaign."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-20")
    own = write_file("own.csv", "number\n0199000001\n0199000002\n")
    assert (
        dnc("load", own, "--registry", "own", "--as-of", "2026-11-20", "--region", "FR", "--store", store.path)[0] == 0
    )
    monkeypatch.setenv("DNC_TODAY", today)
    words = ("--store", store.path, "--json", "--metrics", tmp_path / "dnc.prom", "--max-age", "gb-tps=21")
    code, out, _ = dnc("status", *words)
    told, found = json.loads(out), samples((tmp_path / "dnc.prom").read_text())
    assert code == 1 == found["dnc_due", ""]
    assert found["dnc_registry_missing", 'registry="gb-tps"'] == 1
    [loaded] = told["registries"]
    labels = 'registry="own",covers="",campaign=""'
    for name, value in (("age_days", loaded["age_days"]), ("numbers", loaded["numbers"]), ("due", loaded["due"])):
        assert found[f"dnc_registry_{name}", labels] == value
    assert found["dnc_own_numbers", ""] == told["own_numbers"] == 2
    for rules in told["rules"]:
        assert found["dnc_rules_due", f'jurisdiction="{rules["jurisdiction"]}"'] == rules["due"]
    assert (tmp_path / "dnc.prom").stat().st_mode & 0o777 == 0o644
    assert "199000001" not in (tmp_path / "dnc.prom").read_text()
