"""`dnc explain LIST --row N`: a row of a list, decided as the check of the whole list does."""

from __future__ import annotations


def test_a_row_is_explained(dnc, write_file, monkeypatch):
    """With the brief, and with what other rows say of its number."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    write_file("list.csv", "Tel;Stop\n+33 6 39 98 00 01;non\n+33 6 39 98 00 02;oui\n+33 6 39 98 00 01;oui\n")
    brief = write_file("b.toml", '[columns]\nnumber = "Tel"\nobjected_on = "Stop"\n[facts]\ncaller = "commercial"\n')
    for row in (1, 2):
        code, out, _ = dnc("explain", "list.csv", "--row", row, "--brief", brief)
        assert (
            code == 1
            and "Opt-out from this caller's calls (GDPR): forbids the call" in out
            and "+3363998000" + str(row) in out
        )
    code, out, err = dnc("explain", "list.csv", "--row", 4, "--brief", brief)
    assert code == 2 and "--row 4: list.csv has 3 rows" in err
    code, out, err = dnc("explain", "list.csv", "--brief", brief)
    assert (code, out) == (2, "") and "list.csv is a file; say with --row which of its rows to explain" in err


def test_the_options_of_a_list_tell_how_its_row_is_read(dnc, write_file, monkeypatch):
    """A check that was run with options is explained with the same ones; a single number has no columns."""
    monkeypatch.setenv("DNC_TODAY", "2026-11-24")
    write_file("list.csv", "Tel,Stop\n+33 6 39 98 00 01,non\n+33 6 39 98 00 02,oui\n")
    told = ("--map", "number=Tel", "--set", "caller=commercial")
    _, out, _ = dnc("explain", "list.csv", "--row", 2, *told, "--map", "objected_on=Stop")
    assert "Opt-out from this caller's calls (GDPR): forbids the call" in out
    code, out, err = dnc("explain", "list.csv", "--row", 2, *told)
    assert (code, out) == (2, "") and "Stop: 2 different texts" in err and '[texts."Stop"]' in err
    consents = write_file("consents.csv", "number,consent,day\n+33639980002,none,2026-08-01\n")
    ignored = ("--ignore", "Stop", "--consents", consents, "--set", "recipient=consumer")
    _, before, _ = dnc("explain", "list.csv", "--row", 1, *told, *ignored)
    _, after, _ = dnc("explain", "list.csv", "--row", 2, *told, *ignored)
    assert before.replace("80001", "") != after.replace("80002", "")
    code, _, err = dnc("explain", "+33 6 39 98 00 01", *told)
    assert code == 2 and "require --row" in err
