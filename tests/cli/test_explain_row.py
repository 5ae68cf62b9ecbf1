"""`dnc explain LIST --row N`: a row of a list, decided as the check of the whole list does."""

from __future__ import annotations


def test_a_row_is_explained(dnc, write_file, monkeypatch):
    """With the brief, and with what other rows say of its number."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    write_file("list.csv", "Tel;Stop\n+33 6 39 98 00 01;non\n+33 6 39 98 00 02;oui\n+33 6 39 98 00 01;oui\n")
    brief = write_file("b.toml", '[columns]\nnumber = "Tel"\nobjected_on = "Stop"\n[facts]\ncaller = "commercial"\n')
    for row in (1, 2):
        code, out, _ = dnc("explain", "list.csv", "--row", row, "--brief", brief)
        assert code == 1 and "(eu-gdpr-objection): forbids the call" in out and "+3363998000" + str(row) in out
    code, out, err = dnc("explain", "list.csv", "--row", 4, "--brief", brief)
    assert code == 2 and "--row 4: list.csv has 3 rows" in err
