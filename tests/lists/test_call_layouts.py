"""Call records as telephone systems write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dnc import InputError, OptionError, Rulebook
from dnc.lists import own_records
from dnc.lists.call_layouts import call_layouts
from dnc.lists.own_records import RecordReading
from tests.lists.test_own_records import rows

ASTERISK = (
    '"","100","0199000001","out","""A"" <100>","SIP/100-1","SIP/t-2","Dial","SIP/t/0199000001","2026-11-02 10:00:00",{answer},'
    '"2026-11-02 10:00:30",30,{bill},"{result}","DOCUMENTATION","1700.{id}","",{rest}\n'
)
ANSWERED = ASTERISK.format(answer='"2026-11-02 10:00:05"', bill=25, result="ANSWERED", id=1, rest='"","1700.1",7')
MISSED = ASTERISK.format(answer="", bill=0, result="NO ANSWER", id=2, rest='"","1700.2",8')
INCOMING = ANSWERED.replace('"out"', '"in"').replace("0199000001", "100")
CUSTOM = (
    '"""A"" <100>","100","0199000001","out","SIP/100-1","SIP/t-2","Dial","x","2026-11-02 10:00:00","","2026-11-02 10:00:30",'
    '"30","0","BUSY","3","","1700.3",""\n'
)
FREESWITCH = (
    '"A","100","0199000001","out","2026-11-02 10:00:00","2026-11-02 10:00:05","2026-11-02 10:00:30","30","25",'
    '"NORMAL_CLEARING","u-1","u-2","","PCMA","PCMA"\n'
)
VICIDIAL = "\t".join(["2026-11-02 10:00:00", "0199000001", "NI", "agent", "A B", "C7", *[""] * 30]) + "\n"
TWILIO = '{"sid":"CA1","from":"+33199000099","to":"+33199000001","status":"no-answer","start_time":"2026-11-02T09:00:00Z","direction":"outbound-api","duration":"0","flags":0}\n'
TWILIO += TWILIO.replace("CA1", "CA2").replace("outbound-api", "inbound")
OUT = {"outbound": ("dcontext", "out")}
FREEPBX = "calldate,clid,src,dst,dcontext,disposition,billsec,cnam,linkedid\n"
FREEPBX += '2026-11-02 10:00:00,"""A"" <100>",100,0199000001,out,NO ANSWER,0,A,1700.1\n'
GENESYS = "Home,CallRecordLastAttempt-Home,CallRecordLastResult-Home\n0199000001,2026-11-02T10:00:00Z,busy\n"
LAST = {"columns": {"number": "Home", "at": "CallRecordLastAttempt-Home", "result": "CallRecordLastResult-Home"}}
COVERED = {"covers_days": (date(2026, 11, 1), date(2026, 11, 3))}


@pytest.mark.parametrize(
    ("name", "text", "said", "found"),
    [
        ("cdr.csv", ANSWERED + INCOMING + MISSED, OUT, [("1700.1", "answered", 10), ("1700.2", "no_answer", 10)]),
        ("custom.csv", CUSTOM, OUT, [("1700.3", "busy", 10)]),
        ("pbx.csv", FREEPBX + FREEPBX.partition("\n")[2].replace(",out,", ",in,"), OUT, [("1700.1", "no_answer", 10)]),
        ("switch.csv", FREESWITCH, {"outbound": ("context", "out")}, [("u-1", "answered", 10)]),
        ("vici.txt", VICIDIAL, {"values": {"result": {"NI": "refused"}}}, [(None, "refused", 10)]),
        ("twilio.jsonl", TWILIO, {}, [("CA1", "no_answer", 10)]),
    ],
)
def test_a_layout_is_recognised(store, write_file, name, text, said, found):
    """Only calls that went out; words and times are ours, at the clock of the person."""
    reading = RecordReading(region="FR", zone="Europe/Paris", **said)
    own_records.load(store, "calls", [write_file(name, text)], Rulebook.load(), reading)
    assert rows(store, "calls", "call_id", "result") == [row[:2] for row in found]
    assert rows(store, "calls", "at") == [(datetime(2026, 11, 2, row[2]),) for row in found]


@pytest.mark.parametrize(
    ("text", "said", "says"),
    [
        (ANSWERED, {}, "--outbound"),
        (ANSWERED, OUT | COVERED, "--complete"),
        (FREEPBX, {}, "--outbound"),
        (FREEPBX, OUT | COVERED, "--complete"),
        (GENESYS, LAST | COVERED | {"complete": "all of it"}, "CallRecordLastAttempt-Home"),
        (ANSWERED, {"outbound": ("queue", "out")}, "queue"),
        (ANSWERED, {"outbound": ("dcontext", "sortant")}, "sortant"),
        (TWILIO.replace('"duration"', '"dnc":true,"duration"'), {}, "dnc"),
        (TWILIO.replace('"duration"', '"tag":"do not call","duration"'), {}, "tag"),
        (ANSWERED + INCOMING, {"outbound": ("amaflags", "DOCUMENTATION")}, "number"),
        (VICIDIAL, {}, "result"),
        (
            VICIDIAL + VICIDIAL.replace("NI", "DNC").replace("C7", "IN"),
            {"outbound": ("campaign_id", "C7")},
            "txt:2: tells an objection",
        ),
        (
            VICIDIAL.replace("NI", "DNC") + VICIDIAL.replace("NI", "STOPS").replace("C7", "IN"),
            {"outbound": ("campaign_id", "C7")},
            "txt:2: the result",
        ),
    ],
)
def test_what_a_layout_does_not_tell_somebody_has_to(store, write_file, text, said, says):
    """Which calls went out, that none is missing, and what a word of a campaign means."""
    with pytest.raises((InputError, OptionError), match=says):
        own_records.load(
            store, "calls", [write_file("cdr.txt", text)], Rulebook.load(), RecordReading(region="FR", **said)
        )


VICIDIAL_CELLS = dict(enumerate(VICIDIAL.rstrip("\n").split("\t"))) | {9: "1.00", 13: "X", 29: "", 30: "34", 33: "0"}
HEADER = "\t".join(next(layout.columns for layout in call_layouts() if layout.name == "vicidial"))


@pytest.mark.parametrize("header", ["", HEADER + "\n"])
def test_what_people_wrote_beside_a_call_has_to_be_read_or_left_out(store, write_file, header):
    """By its name, also where the file has no header; what the program wrote besides is left out."""
    path = write_file("vici.txt", header + "\t".join(VICIDIAL_CELLS.values()) + "\n")
    said = RecordReading(region="FR", values={"result": {"NI": "refused"}})
    with pytest.raises(InputError, match="first_name") as refused:
        own_records.load(store, "calls", [path], Rulebook.load(), said)
    assert "gmt_offset_now" not in str(refused.value) and "rank" not in str(refused.value)
    own_records.load(store, "calls", [path], Rulebook.load(), replace(said, ignore=["first_name"]))
    assert rows(store, "calls", "result", "campaign", "duration") == [("refused", "C7", "34")]
    noted = write_file("noted.txt", path.read_text().replace("\t34", "do not call\t34"))
    with pytest.raises(InputError, match="comments"):
        own_records.load(store, "calls", [noted], Rulebook.load(), replace(said, ignore=["first_name"]))


def test_a_call_of_which_nobody_knows_whether_it_went_out_counts(store, write_file):
    """It may be one attempt too many."""
    text = "number,at,result,way\n" + "".join(
        f"0199000001,2026-11-0{at},busy,{way}\n" for at, way in enumerate(("out", "", "in"), 1)
    )
    said = RecordReading(region="FR", outbound=("way", "out"), ignore=["way"])
    own_records.load(store, "calls", [write_file("made.csv", text)], Rulebook.load(), said)
    assert [at.day for (at,) in rows(store, "calls", "at")] == [1, 2]


def test_who_answers_for_a_whole_file_is_logged(store, write_file):
    """With the reason."""
    said = RecordReading(
        region="FR", covers_days=(date(2026, 11, 1), date(2026, 11, 3)), complete="one trunk, all of it", **OUT
    )
    own_records.load(store, "calls", [write_file("cdr.csv", ANSWERED)], Rulebook.load(), said)
    assert "one trunk, all of it" in store.log()["detail"][0]


def test_certificates_are_named_and_look_alikes_refused(store, write_file):
    """Nothing is fetched: an address or an id is what it looks like, or it stops the load."""
    address, lead = "https://cert.trustedform.com/" + "a1" * 20, "0FDA9E26-3C4A-4D1C-9C9B-0123456789AB"
    header, given = "number,consent,consent_on,proof\n", "+33199000001,written,2026-08-01,"
    path = write_file("c.csv", f"{header}{given}{address}\n{given}{lead}\n{given}page 12\n")
    own_records.load(store, "consents", [path], Rulebook.load())
    assert rows(store, "consents", "proof_kind") == [("trustedform",), ("leadid",), (None,)]
    for wrong in (address.replace(".com/", ".com.example/"), address.replace("https", "http"), address[:50]):
        with pytest.raises(InputError, match="TrustedForm"):
            own_records.load(store, "consents", [write_file("d.csv", f"{header}{given}{wrong}\n")], Rulebook.load())


def test_a_log_of_double_opt_ins_is_read_by_its_state(store, write_file):
    """Who never confirmed has not consented."""
    head = "email,phone,form,opt_in_time,opt_in_ip,confirm_time,state\n"
    given = "a@example.org,+3319900000{n},form-7,2026-08-05T10:12:00+02:00,192.0.2.1,{confirmed}\n"
    confirmed = given.format(n=1, confirmed="2026-08-05T10:20:00+02:00,confirmed")
    path = write_file("optins.csv", head + confirmed + given.format(n=2, confirmed=",pending"))
    columns = {"number": "phone", "consent": "state", "consent_on": "opt_in_time", "wording": "form"}
    columns |= {"confirmed_on": "confirm_time", "origin_ip": "opt_in_ip"}
    words = {"consent": {"confirmed": "named_caller", "pending": "none"}}
    said = RecordReading(columns=columns, values=words, ignore=["email"])
    own_records.load(store, "consents", [path], Rulebook.load(), said)
    assert rows(store, "consents", "consent", "wording", "confirmed_on") == [
        ("named_caller", "form-7", "2026-08-05T10:20:00+02:00"),
        ("none", "form-7", None),
    ]
