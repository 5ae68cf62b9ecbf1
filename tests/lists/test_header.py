"""The header of a list: what is used of it, and at what a check stops."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl
import pytest
import xlsxwriter
from dnc.files.hints import _phrase, has_objection, hints, is_objection

from dnc import Brief, Decider, Rulebook, check, decide
from dnc.errors import OptionError
from dnc.files import table
from dnc.files.table import folded
from dnc.lists import unused_columns
from tests import some


@pytest.mark.parametrize(
    ("column", "cells", "stops"),
    some([
        ("Statut", ["Client", "Ne pas appeler"], True),
        ("Status", ["active", "DNC"], True),
        ("Statut", ["Client", "Opposition"], True),
        ("Qualification", ["Répondeur", "Refus définitif"], True),
        ("Call status", ["ok", "Do not call!"], True),
        ("Bemerkung", ["nicht mehr anrufen", ""], True),
        ("Bemerkung", ["Bitte nicht mehr anrufen!", ""], True),
        ("Estado", ["no llamar más", "cliente"], True),
        ("Stato", ["non chiamare più", "cliente"], True),
        ("Estado", ["não ligar", "cliente"], True),
        ("Statut", ["à ne pas appeler", "client"], True),
        ("Statut", ["exclues", "clientes"], True),
        ("Bemerkung", ["", "möchte keine Werbung per Post"], False),
        ("Statut", ["Client", "Retiré"], True),
        ("Statut", ["Client", "DÃ©sinscrit"], True),
        ("Statut", ["Client", "D&eacute;sinscrit"], True),
        ("tags", ["vip;ne pas appeler", "vip"], True),
        ("Statut", ["OK", "STOP"], True),
        ("Status", ["ok", "Don’t call"], True),
        ("Status", ["ok", "optout"], True),
        ("tags", ["vip;blacklisted", "vip"], True),
        ("Status", ["ok", "D.N.C."], True),
        ("Phone", ["Allow", "Do Not Allow"], True),
        ("CATEGORIES", ["DO NOT CALL,VIP", ""], True),
        ("preferences", ['{""email"": true, ""doNotCall"": false}'], True),
        ("preferences", ['{""email"": true, ""note"": ""do call""}'], False),
        ("preferences", ["{'email': True, 'doNotCall': True}"], True),
        ("tags", ["['vip', 'ne pas appeler']"], True),
        ("notes", ["""{'a': ""Il dit 'STOP' aux taxes"", 'stopover': 'Lyon'}"""], False),
        ("contact", ['{""a"": [{""name"": ""ne pas appeler""}]}'], True),
        ("contact", ['{""' + "x" * 99 + '"": ""y"", ""statut"": ""Ne pas appeler""}'], True),
        ("contact", ['{""note"": ""Elle dit \\""STOP\\"" aux taxes"", ""stopover"": ""Lyon""}'], False),
        ("Contact par téléphone", ["Oui", "Non"], True),
        ("Appels autorisés", ["oui", "non"], True),
        ("Phone permission", ["granted", "Denied"], True),
        ("Anruf erlaubt", ["ja", "nein"], True),
        ("Peut être contacté", ["Oui", "Non"], True),
        ("permissions", ['{""phone"": false, ""email"": true}'], True),
        ("rgpd", ["{'phone': False, 'email': True}"], True),
        ("profile", ['{""channels"": {""phone"": ""no""}}'], True),
        ("contact", ['{""phone"": {""allowed"": false}}'], True),
        ("preferences", ['[{""channel"": ""Téléphone"", ""granted"": false}]'], True),
        ("permissions", ['{""phone_pro"": false}'], True),
        ("contact", ['{""phone"": {""verified"": true, ""landline"": false}}'], False),
        ("Marketing channel", ["Email", "Event"], False),
        ("permissions", ['{""phone"": true, ""email"": false}'], False),
        ("profile", ['{""phone"": ""01 99 00 08 10"", ""primary"": false, ""city"": ""Lyon""}'], False),
        ("profile", ['{""phone"": null, ""email"": ""a@example.org""}'], False),
        ("permissions", ["phone=no,email=yes"], True),
        ("Préférences de contact", ["Tél : non / Mail : oui"], True),
        ("contact_policy", ["email only", "all channels"], True),
        ("Préférences", ["contact par mail uniquement", "téléphone"], True),
        ("rgpd_telephone", ["OUI", "NON"], True),
        ("tags", ["DNC requested", "vip"], True),
        ("Esito", ["Iscritto RPO", "Occupato"], True),
        ("Statut", ["client inscrit", "demande"], False),
        ("Notes", ["client: non, heure: 10:30, https://example.org/tel=1"], False),
        ("consent_channel", ["sms", "phone"], True),
        ("Canaux autorisés", ["e-mail et SMS", "téléphone"], True),
        ("permissions", ['[""email"", ""sms""]'], True),
        ("permissions", ['[""email"", ""phone""]'], False),
        ("consent_source", ["email", "web"], False),
        ("Preuve consentement", ["email", "web"], False),
        ("verified", ['{""email"": true, ""phone"": false}'], False),
        ("Appel abouti", ["oui", "non"], False),
        ("Canal", ["email", "salon"], False),
        ("Téléphone", ["Oui", "Non"], True),
        ("Téléphone", ["01 99 00 08 20", "0"], False),
        ("Phone marketing", ["Yes", "No"], True),
        ("Prospection téléphonique", ["Oui", "Non"], True),
        ("Telefonwerbung", ["Ja", "Nein"], True),
        ("Publicidad telefónica", ["Sí", "No"], True),
        ("Email marketing", ["Yes", "No"], False),
        ("Marketing phone", ["+33199000001", "+33199000002"], False),
        ("statut", ["Désinscrit (le 12/03/2025)", "actif"], True),
        ("statut", ["6 - Refus définitif", "1 - OK"], True),
        ("infos", ["Statut : opposition depuis le 12/03/2025", "actif"], True),
        ("infos", ["Opposition : non", "actif"], False),
        ("statut", ["Opposition depuis le 12/03/2025", "actif"], True),
        ("Valid phone consent", ["yes", "no"], True),
        ("Phone contact made", ["yes", "no"], False),
        ("statut", ["A contacter : NON", "A contacter : OUI"], True),
        ("Labels", ["* myContacts ::: Ne pas appeler", "* myContacts"], True),
        ("tags", ["VIP, DNC", "VIP"], True),
        ("tags", ["#vip #dnc"], True),
        ("tags", ["VIP / STOP"], True),
        ("statut", ["sans opposition", "aucune opposition"], False),
        ("statut", ["Opposé au démarchage", "actif"], True),
        ("statut", ["Consent withdrawn", "active"], True),
        ("statut", ["Droit d'opposition RGPD", "actif"], True),
        ("statut", ["accord du client", "export"], False),
        ("Accepts Marketing", ["yes", "no"], True),
        ("Accepts Email Marketing", ["yes", "no"], False),
        ("Livraison", ["Retrait magasin", "Domicile"], False),
        ("statut_commande", ["expédiée", "bloquée"], False),
        ("statut_commande", ["expédiée", "ne plus appeler"], True),
        ("statut_commande", ["expédiée", "opposition"], True),
        ("Statut de la demande", ["acceptée", "refusée"], True),
        ("Statut mandat SEPA", ["Actif", "Révoqué"], False),
        ("Résultat appel commande", ["ok", "refus"], True),
        ("Gift Aid Status", ["Valid", "Withdrawn"], False),
        ("Vertragsstatus", ["aktiv", "widerrufen"], False),
        ("email_status", ["ok", "unsubscribed"], False),
        ("email_status", ["ok", "do not call"], True),
        ("sms_status", ["ok", "unsubscribed"], True),
        ("Newsletter", ["inscrit", "désinscrit"], False),
        ("profile", ['{""hs_email_optout"": true, ""order_status"": {""code"": 5}}'], False),
        ("profile", ['{""hs_email_optout"": true, ""status"": ""refused""}'], True),
        ("Envoi facture", ["mail uniquement", "courrier"], False),
        ("Campagne", ["Stop Tabac 2026"], False),
        ("Contact par téléphone", ["Oui", "oui"], False),
        ("Contact par e-mail", ["Oui", "Non"], False),
        ("Appel effectué", ["Oui", "Non"], False),
        ("Commentaire", ["rappeler lundi", "Mme X., ne veut plus être appelée"], False),
        ("Ville", ["Baja", "Lyon"], False),
        ("Comment", ["do call on Monday", "called in May"], False),
        ("Société", ["Rouge et Or", "Opposition Conseil"], False),
        ("Nom", ["Robinson", "Dupont"], False),
    ], 9),
)  # fmt: skip
def test_an_unused_column_whose_cells_tell_objections_stops_the_check(dnc, write_file, column, cells, stops):
    """Whatever its name; it has to be read or left out on purpose."""
    rows = "".join(f'+3319900000{at},"{cell}"\n' for at, cell in enumerate(cells))
    path = write_file("calls.csv", f"number,{column}\n{rows}")
    code, _, err = dnc("check", path, "--quiet")
    assert (code == 2, "cells that may record objections" in err) == (stops, stops)
    assert dnc("check", path, "--quiet", "--ignore", column)[0] != 2


@pytest.mark.parametrize(
    ("name", "stops"),
    some([
        ("Dossier : ne pas rappeler", True),
        ("Opposition mail/voix", True),
        ("Opposition reçue par courrier", True),
        ("Désinscrit (tous canaux, mail)", True),
        ("Fax DNC", True),
        ("Consentement retiré (commande)", True),
        ("E-Mail-/Telefonwiderspruch", True),
        ("Telefonwerbesperre", True),
        ("Nicht mehr anrufen", True),
        ("Werbesperre E-Mail", False),
        ("Do not allow Bulk Emails", False),
        ("hs_email_optout_12345", False),
        ("Unsubscribed from all email", False),
        ("Opted out of email: Customer Service Communication", False),
        ("Opted out of email and calls: Marketing Information", True),
        ("Date désinscription newsletter", False),
        ("Motif refus devis", False),
        ("Telefonnummer", False),
    ], 4),
)  # fmt: skip
def test_a_name_that_is_not_wholly_about_something_else_stops_the_check(dnc, write_file, name, stops):
    """A word beside that of e-mails or of an order may say that the objection is one to calls."""
    path = write_file("calls.csv", f'number,"{name}"\n+33199000001,\n')
    code, _, err = dnc("check", path, "--quiet")
    assert (code == 2, "columns that may record objections are not used" in err) == (stops, stops)


@pytest.mark.parametrize("batch", [3, 100])
def test_objections_far_down_an_unused_column_stop_the_check_too(dnc, write_file, monkeypatch, batch):
    """In a list that is sorted by status they come last; texts that all differ are searched in the first rows only."""
    monkeypatch.setattr(unused_columns, "LOOKED_AT", 3)
    monkeypatch.setattr(table, "FIRST_ROWS", batch)
    rows = [f"+331990000{at:02},note {at},{'client' if at < 40 else 'Ne pas appeler'}\n" for at in range(50)]
    path = write_file("calls.csv", "number,Remarques,Statut\n" + "".join(rows))
    code, _, err = dnc("check", path, "--quiet")
    assert (code, "cells that may record objections are not used: 'Statut'" in err) == (2, True)
    assert dnc("check", path, "--quiet", "--ignore", "Statut")[0] == 3


@pytest.mark.parametrize(
    "column", some(["Contact par téléphone", "Phone permission", "Peut être contacté", "mobile_opt_in"], 2)
)
def test_no_column_of_objections_is_proposed_for_numbers(dnc, write_file, column):
    """Although their names speak of telephones; its cells would be numbers that cannot be read."""
    path = write_file("calls.csv", f"Tel,{column},Phone blacklisted\n+33199000001,Oui,no\n")
    assert "is it --map number='Tel'?" in dnc("check", path)[2]


@pytest.mark.parametrize("column", some(["Contact par téléphone", "Phone permission", "Peut être contacté"], 2))
def test_a_column_that_says_whom_one_may_call(dnc, write_file, column):
    """Mapped as it is, its noes would be read as "no objection"; so its words have to be given a meaning.

    A no that is given none stays an objection.
    """
    path = write_file("calls.csv", f"number,{column}\n+33199000001,Oui\n+33199000002,Non\n+33199000003,no\n")
    code, _, err = dnc("check", path, "--map", f"objected_on={column}")
    assert code == 2 and "[values.objected_on]" in err
    sale = ("--set", "caller=commercial", "--set", "purpose=sale")
    for words, blocked in (
        ('Oui = "none"\nNon = "yes"\n', [False, True, True]),
        ('Oui = "none"\n', [False, True, True]),
        ('Oui = "none"\nno = "none"\n', [False, True, False]),
    ):
        brief = write_file("b.toml", f'[columns]\nobjected_on = "{column}"\n[values.objected_on]\n{words}')
        _, out, _ = dnc("check", path, "--brief", brief, *sale, "--columns", "outcome")
        assert ["blocked" in line for line in out.splitlines()[1:]] == blocked


@pytest.mark.parametrize("column", some(["Opt-in", "Consentement", "RGPD", "Einwilligung"], 2))
def test_a_no_in_an_unused_column_of_consents_stops_a_check_that_declares_one(dnc, write_file, column):
    """A consent that is declared for all rows fills in none for a person whose row says no."""
    path = write_file("calls.csv", f"number,{column}\n+33199000001,oui\n+33199000002,Non\n")
    code, _, err = dnc("check", path, "--set", "consent=named_caller")
    assert (code, f"that may record consents: '{column}'" in err) == (2, True)
    for told in ((), ("--set", "consent=none"), ("--set", "consent=named_caller", "--ignore", column)):
        assert dnc("check", path, *told)[0] == 3
    path = write_file("calls.csv", f"number,{column}\n+33199000001,oui\n+33199000002,\n")
    assert dnc("check", path, "--set", "consent=named_caller")[0] == 3


@pytest.mark.parametrize(
    ("column", "stops"),
    some(
        [("Opt-in", True), ("RGPD", True), ("Opt-in tél", True), ("Opt-in SMS", False), ("Einwilligung E-Mail", False)],
        3,
    ),
)
def test_a_no_in_an_unused_column_of_consents_stops_a_check_beside_a_consent(dnc, write_file, column, stops):
    """Not beside the word that there is none, and not in a column about e-mails or messages."""
    given, none = (f"number,consent,{column}\n+33199000001,{told},non\n" for told in ("named_caller", "none"))
    assert (dnc("check", write_file("calls.csv", given))[0] == 2) == stops
    if column != "Opt-in tél":  # a no to calls is an objection
        assert dnc("check", write_file("calls.csv", none))[0] == 3


@pytest.mark.parametrize("word", some(["expired", "Expiré", "annulée", "Abgelaufen", "closed"], 2))
def test_an_ended_consent_in_an_unused_column_stops_a_check_beside_a_consent(dnc, write_file, word):
    """A consent that is still to come, or of which nothing is known, is told by its own column."""
    text = "number,consent,Consent status\n+33199000001,{},{}\n"
    code, _, err = dnc("check", write_file("calls.csv", text.format("named_caller", word)))
    assert (code, "rows with a consent have cells" in err) == (2, True)
    for told, other in (("named_caller", "active"), ("named_caller", "pending"), ("none", word)):
        assert dnc("check", write_file("calls.csv", text.format(told, other)))[0] == 3


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("consent_withdrawn_on,2026-05-01", "no"),
        ("objected_on,2026-05-01", "no"),
        ("consent_until,2026-05-01", "expired"),
    ],
)
def test_a_no_that_agrees_with_the_row_stops_no_check(dnc, write_file, told, word):
    """Its consent does not hold any more."""
    ours, day = told.split(",")
    path = write_file("calls.csv", f"number,consent,{ours},Opt-in\n+33199000001,named_caller,{day},{word}\n")
    assert "may record consents" not in dnc("check", path, "--at", "2026-12-01")[2]


def test_columns_about_consents_with_many_words_are_no_answers(dnc, write_file):
    """Such as times and addresses; nobody waits for each to be looked at."""
    rows = "".join(f"+331990000{at},named_caller,2026-05-01 10:{at},no {at}\n" for at in range(10, 50))
    path = write_file(
        "calls.csv", f"number,consent,optin_timestamp,consent_text\n{rows}+33199000051,named_caller,,no\n"
    )
    assert dnc("check", path)[0] == 3


def test_cells_that_tell_objections_stop_more_than_checks(dnc, write_file, store):
    """An explained row of a list, and a batch, are decided as a check of the list does."""
    path = write_file("calls.csv", "number,statut\n+33199000001,client\n+33199000002,Ne pas appeler\n")
    code, _, err = dnc("explain", path, "--row", "1")
    assert (code, "cells that may record objections are not used: 'statut'" in err) == (2, True)
    brief = write_file("b.toml", 'ignore = ["statut"]\n')
    assert dnc("explain", path, "--row", "1", "--brief", brief)[0] == 3
    frame = pl.read_csv(path, infer_schema=False)
    store.object(["+33199000499"], date(2026, 1, 1))
    with Decider(store) as decider:
        with pytest.raises(OptionError, match="are not used: 'statut'"):
            decider(frame)
        assert decider(frame.with_columns(statut=pl.lit("client"))).height == 2


READ_AS = 'region = "FR"\n[facts]\ncaller = "charity"\n[columns]\n'


@pytest.mark.parametrize(
    ("brief", "word", "code"),
    some([
        ('relationship = "Statut"\n', "Ne plus appeler", 2),
        ('relationship = "Statut"\n', "Mme X. ne veut plus être appelée", 2),
        ('attempts = "Statut"\n', "ne plus appeler svp", 2),
        ('relationship = "Statut"\n', "inconnu", 3),
        ('appointment_at = "Statut"\n', "ne plus rappeler", 2),
        ('consent = "Statut"\n', "Ne plus appeler", 2),
        ('consent = "Statut"\n', "refus", 3),
        ('relationship = "Statut"\n[values.relationship]\n"Ne plus appeler" = "former_contract"\n', "Ne plus appeler", 3),
        ('relationship = "Statut"\nobjected_on = "Statut"\n', "Ne plus appeler", 1),
    ], 3),
)  # fmt: skip
def test_an_objection_in_a_column_that_is_read_as_something_else_stops_the_check(dnc, write_file, brief, word, code):
    """What it is read as may not matter for the call: to a charity it is all the same who is a customer."""
    path = write_file("calls.csv", f"number,Statut\n+33199000001,{word}\n")
    options = ("--brief", write_file("b.toml", READ_AS + brief))
    found, out, err = dnc("check", path, *options)
    assert (found == 2, "has cells that may record objections, and is read as" in err) == (code == 2, code == 2)
    assert (",blocked," in out) == (code == 1)
    assert (dnc("explain", path, "--row", "1", *options)[0] == 2) == (code == 2)


def test_a_free_text_under_our_own_name_stops_no_batch(store):
    """The interface over HTTP decides the calls of several senders together."""
    calls = pl.DataFrame({"number": ["+33199000001"], "campaign": ["stop"], "place": ["ne pas appeler"]})
    store.object(["+33199000499"], date(2026, 1, 1))
    with Decider(store) as decider:
        assert decider(calls)["dnc_outcome"].to_list() == ["undecided"]
        with pytest.raises(OptionError, match="'line' has cells that may record objections, and is read as line"):
            decider(calls.with_columns(line=pl.lit("liste rouge")))


@pytest.mark.parametrize(
    ("row", "stops"),
    [
        ("NE PLUS APPELER;", True),
        (";Ne pas appeler :", True),
        ("Opposition", True),
        ("Ne pas appeler;Ne pas appeler", True),
        ("Total;", False),
        (";Dupont", False),
        ("Ne pas appeler;Dupont", False),
    ],
)
def test_a_heading_about_objections_stops_the_check(dnc, write_file, row, stops):
    """The rows below it look like any others."""
    names = "".join(f"+331990000{at};Nom {at}\n" for at in range(10, 40))
    path = write_file("calls.csv", f"number;nom\n{names}{row}\n+33199000041;Martin\n")
    code, _, err = dnc("check", path, "--region", "FR")
    assert (code, "calls.csv:32: has nothing but a text that people are not to be called" in err) == (
        (4, True) if stops else (3, False)
    )


def test_a_sheet_with_a_name_for_objections_is_not_passed_over(dnc, tmp_path):
    """Unless the sheet of the calls is named."""
    with xlsxwriter.Workbook(tmp_path / "calls.xlsx") as book:
        for name in ("Appels", "Ne pas appeler", "Notes"):
            book.add_worksheet(name).write_column(0, 0, ["number", "+33199000001"])
    code, _, err = dnc("check", tmp_path / "calls.xlsx")
    assert (code, "sheets that may record objections are not read: 'Ne pas appeler'" in err) == (2, True)
    assert dnc("check", tmp_path / "calls.xlsx", "--sheet", "Appels")[0] == 3


def test_marks_of_a_directory_are_loaded_as_its_registry(dnc, write_file, tmp_path):
    """The error names the registry; with the file loaded, the list is checked without its marks, and they count."""
    path = write_file("calls.csv", "Téléphone;Liste rouge;Liste orange\n01 99 00 04 18;non;oui\n")
    code, _, err = dnc("check", path, "--map", "number=Téléphone")
    assert code == 2 and "columns with marks of a directory are not used: 'Liste rouge', 'Liste orange'" in err
    assert "load the file as one of the registry fr-directory (dnc load FILE --registry fr-directory" in err
    assert dnc("load", path, "--registry", "fr-directory", "--as-of", "2026-08-01")[0] == 0
    facts = ("caller=commercial", "source=directory", "objected_on=none", "recipient=consumer", "relationship=none")
    options = [part for fact in facts for part in ("--set", fact)]
    ignored = ("--ignore", "Liste rouge", "--ignore", "Liste orange", "--region", "FR", "--at", "2026-08-05")
    code, out, _ = dnc("check", path, "--map", "number=Téléphone", *ignored, *options)
    assert code == 1 and ";blocked;fr-dir-liste-orange;" in out


@pytest.mark.parametrize(
    ("title", "stops"),
    some([
        ("Liste des personnes à ne pas appeler;", True),
        ("Opposition;\nExport du 05/10/2026;", True),
        ("DNC", True),
        ("Prospects hors Bloctel;", False),
        ("Prospects (hors liste rouge et désinscrits)", False),
        ("Prospects hors liste rouge : ne plus appeler", True),
        ("Hors cible : liste rouge", True),
        ("Export du 05/10/2026", False),
    ], 2),
)  # fmt: skip
def test_a_title_about_objections_stops_the_check(dnc, write_file, title, stops):
    """The people below it must not be called, also if the file is one of several."""
    rows = "Téléphone;nom\n+33199000001;Martin\n"
    path = write_file("titled.csv", f"{title}\n\n{rows}")
    plain = write_file("plain.csv", rows)
    for paths in ([path], [plain, path]):
        code, _, err = dnc("check", *paths, "--map", "number=Téléphone")
        assert (code, "titled.csv: its title or sheet" in err) == ((4, True) if stops else (3, False))


def test_a_sheet_about_objections_is_not_read_as_calls_unless_it_is_named(dnc, tmp_path):
    """It comes first or is the only one; and a sheet of a later file counts too."""
    cells = ["number", "+33199000001"]
    for file, names in {
        "a": ["STOP", "Appels"],
        "b": ["Ne pas appeler"],
        "c": ["Appels"],
        "d": ["Appels", "STOP"],
    }.items():
        with xlsxwriter.Workbook(tmp_path / f"{file}.xlsx") as book:
            for name in names:
                book.add_worksheet(name).write_column(0, 0, cells)
    for files, sheet, code, said in (
        ("a", "STOP", 4, "a.xlsx: its title or sheet 'STOP'"),
        ("b", "Ne pas appeler", 4, "b.xlsx: its title or sheet 'Ne pas appeler'"),
        ("cb", "Appels", 4, "b.xlsx: its title or sheet 'Ne pas appeler'"),
        ("cd", "Appels", 2, "sheets that may record objections are not read: 'STOP'"),
    ):
        paths = [tmp_path / f"{file}.xlsx" for file in files]
        found, _, err = dnc("check", *paths)
        assert (found, said in err) == (code, True)
        if files != "cb":
            assert dnc("check", *paths, "--sheet", sheet)[0] == 3


def test_rows_that_are_struck_through_or_have_a_note_that_says_not_to_call_are_undecided(dnc, tmp_path):
    """A note about something else changes nothing, nor does one on the header."""
    with xlsxwriter.Workbook(path := tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", "+33199000001"])
        sheet.write_row(2, 0, ["+33199000002", "x"], book.add_format({"font_strikeout": True}))
        sheet.write_column(3, 0, ["+33199000003"])
        for cell, note in (("A1", "Ne pas appeler"), ("A2", "Rappeler mardi"), ("A4", "Marie:\nne plus appeler")):
            sheet.write_comment(cell, note)
    code, out, err = dnc("check", path, "--columns", "missing")
    assert code == 3
    assert [line.endswith(",objected_on") for line in out.splitlines()[1:]] == [False, True, True]
    assert "Rows with cells that are struck through, left undecided: 1" in err
    assert "or a note on it, says not to call: 1" in err


@pytest.mark.parametrize("text", some(["Mme X., ne veut plus être appelée", "Frau X. möchte nicht, s. Brief"], 1))
def test_a_row_with_a_text_that_says_not_to_call_is_undecided(dnc, write_file, text):
    """In a column that is not used; the other rows are decided, and another row with its number is not clear."""
    rows = f'+33199000001,"{text}",none\n+33199000002,,none\n+33199000001,rappeler,none\n'
    path = write_file("calls.csv", f"number,Commentaire,objected_on\n{rows}")
    _, out, err = dnc("check", path, "--set", "caller=commercial")
    noted, other, same = csv.DictReader(io.StringIO(out))
    assert noted["dnc_why"] == "Undecided: the row has a text that says not to call."
    assert (noted["dnc_outcome"], other["dnc_outcome"], same["dnc_outcome"]) == ("undecided", "undecided", "blocked")
    assert "a text in their row, or a note on it, says not to call: 1" in err
    assert "says not to call" not in dnc("check", path, "--ignore", "Commentaire")[2]


def test_such_a_row_is_an_objection_of_its_number_in_a_list_without_columns_for_them(store, tmp_path):
    """Another row with the number is blocked, in a check and in a batch; so it is where the row is struck through."""
    numbers = ["+33199000001", "+33199000001", "+33199000002"]
    rows = pl.DataFrame({"number": numbers, "Commentaire": ["", "ne veut plus être appelée", ""]})
    with xlsxwriter.Workbook(path := tmp_path / "calls.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_column(0, 0, ["number", *numbers])
        sheet.write_string(2, 0, numbers[0], book.add_format({"font_strikeout": True}))
    given = {"caller": "charity"}
    found = [check(source, store, given=given).verdicts for source in (rows, path)]
    found += decide(rows, store, given=given)
    assert [frame["dnc_outcome"].to_list() for frame in found] == [["blocked", "undecided", "undecided"]] * 3


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum, pl.List, pl.Array, pl.Struct])
def test_such_a_text_counts_in_columns_of_other_types(store, tmp_path, kind):
    """As pandas and databases keep texts of few words, and JSON lists and objects of them."""
    texts = pl.Series("note", [f"note {at}" for at in range(30)])
    texts[7] = "Mme X., ne veut plus être appelée"
    cells = {
        pl.Enum: lambda: texts.cast(pl.Enum(texts)),
        pl.List: lambda: pl.Series("note", [[text, "b"] for text in texts]),
        pl.Array: lambda: pl.Series("note", [[text] for text in texts], dtype=pl.Array(pl.String, 1)),
        pl.Struct: lambda: texts.to_frame("a").to_struct("note"),
    }.get(kind, lambda: texts.cast(kind))()
    frame = pl.DataFrame({"number": [f"+331990000{at:02}" for at in range(30)], "note": cells})
    frame.write_parquet(tmp_path / "calls.parquet")
    for source in (frame, tmp_path / "calls.parquet"):
        assert check(source, store).verdicts["dnc_missing"].is_in(["objected_on"]).arg_true().to_list() == [7]


def test_such_a_text_hides_no_rule_that_blocks(dnc, write_file):
    """A row with an objection of its own, or of the own list, is blocked, whatever a note says of it."""
    dnc("load", write_file("own.csv", "number\n+33199000003\n"), "--registry", "own", "--as-of", "2026-01-01")
    texts = ["a demandé à ne plus être appelée", "", "ne plus appeler svp", "ne plus appeler svp"]
    objections = ["2026-01-01", "2026-01-01", "", ""]
    rows = "".join(f"+3319900000{at},{objections[at]},{text}\n" for at, text in enumerate(texts, 0))
    rows += "".join(f"+331990001{at},,{at}\n" for at in range(10, 40))
    path = write_file("calls.csv", f"number,objected_on,Note\n{rows}")
    _, out, said = dnc("check", path, "--columns", "number,outcome", "--set", "caller=political")
    found = [line.split(",")[-2:] for line in out.splitlines()[1:5]]
    assert found == [
        [f"+3319900000{at}", outcome] for at, outcome in enumerate(["blocked", "blocked", "undecided", "blocked"])
    ]
    assert "says not to call: 1" in said


def test_such_a_text_counts_in_a_column_with_a_rule(store):
    """It fills in no consent, and its row is undecided; where filled cells tell an objection it is one."""
    rows = pl.DataFrame(
        {"number": ["+33199000001", "+33199000002"], "Note": ["le 1er mai", "ne veut plus être appelée"]}
    )
    brief = Brief(when_filled={"Note": {"consent": "named_caller"}}, facts={"caller": "charity"})
    assert (check(rows, store, brief=brief).verdicts["dnc_missing"] == "objected_on").to_list() == [False, True]
    brief = Brief(when_filled={"Note": {"objected_on": "yes"}}, facts={"caller": "charity"})
    assert check(rows, store, brief=brief).verdicts["dnc_outcome"].to_list() == ["blocked", "blocked"]


@pytest.mark.parametrize(("text", "counts"), [
    ("Ne souhaite pas de facture papier", False),
    ("does not want paper bills", False),
    ("ne veut plus de courrier ni d'appels", True),
    ("ne veut plus de mail, ne plus contacter", True),
    ("möchte keine Rechnung auf Papier", False),
    ("ne souhaite plus être dérangée par courrier", True),
])  # fmt: skip
def test_a_wish_about_paper_is_no_objection_to_calls(text, counts):
    """Unless the text speaks of calls, or of every contact, too."""
    assert has_objection(text) == counts


@pytest.mark.parametrize(
    ("text", "counts"),
    some([
        ("A demandé à ne plus être démarchée par téléphone", True),
        ("a demandé de ne plus jamais l'appeler", True),
        ("ne plus appeller svp", True),
        ("refuse tout appel commercial", True),
        ("Merci de me retirer de vos fichiers", True),
        ("Abandon, demande RGPD de suppression", True),
        ("Please remove me from your list", True),
        ("told us never to ring again", True),
        ("not to be contacted by phone", True),
        ("No Telephone Solicitation", True),
        ("Registered with TPS", True),
        ("bitte nur per Mail, nicht telefonisch kontaktieren", True),
        ("Bitte aus dem Verteiler löschen", True),
        ("chiede di non essere più contattata", True),
        ("pide que no se le llame", True),
        ("wil niet meer gebeld worden", True),
        ("staat in bel-me-niet register", True),
        ("ne travaille plus ici, appeler le portable", False),
        ("ne pas hésiter à rappeler", False),
        ("n'a pas encore été appelée", False),
        ("a refusé le devis, rappeler en mai", False),
        ("retirer le colis avant lundi", False),
        ("never answers the phone", False),
        ("Open - Not Contacted", False),
        ("bus stop outside, call from there", False),
        ("nicht mehr erreichbar, erneut anrufen", False),
        ("no contesta, volver a llamar", False),
        ("geen gehoor, 2x gebeld", False),
        ("a retiré son consentement par mail", True),
        ("she withdrew her consent in May", True),
        ("hat die Einwilligung im Mai widerrufen", True),
        ("Opposition", True),
        ("DNC", True),
        ("Désinscrit le 12/03", True),
        ("bus stop", False),
        ("Exclusif", False),
    ], 4),
)  # fmt: skip
def test_a_sentence_that_says_not_to_call_leaves_its_row_undecided(dnc, write_file, text, counts):
    """In any of the languages; texts about calls that were not answered are none."""
    rows = "".join(f'+331990000{at},"{note}"\n' for at, note in enumerate([text, *range(10, 40)], 10))
    path = write_file("calls.csv", f"number,Note\n{rows}")
    assert ("says not to call: 1" in dnc("check", path)[2]) == counts


def test_texts_are_searched_in_later_rows_where_the_first_ones_have_such_a_text(dnc, write_file, monkeypatch):
    """In millions of rows only those columns, since to search names and addresses takes time."""
    monkeypatch.setattr("dnc.lists.intake.LOOKED_AT", 2)
    monkeypatch.setattr("dnc.files.table.FIRST_ROWS", 2)
    texts = ["rappeler", "ne plus appeler svp", "ne plus appeler merci", ""]
    rows = "".join(f"+3319900000{at},{text},{text[::-1]}{at}\n" for at, text in enumerate(texts))
    out = dnc("check", write_file("calls.csv", f"number,Commentaire,Nom\n{rows}"), "--columns", "missing")[1]
    assert [line.endswith(",objected_on") for line in out.splitlines()[1:]] == [False, True, True, False]


def test_such_a_text_counts_in_numbers_of_later_rows_too(dnc, write_file, monkeypatch):
    """In place of another number, or beside one."""
    monkeypatch.setattr("dnc.lists.intake.LOOKED_AT", 2)
    monkeypatch.setattr("dnc.files.table.FIRST_ROWS", 2)
    rows = "".join(f"+3319900000{at},\n" for at in range(4))
    brief = write_file("b.toml", '[columns]\nnumber = ["number", "mobile"]\n')
    for late in ("+33199000005,ne pas appeler", "+33199000005 ne pas appeler,"):
        path = write_file("calls.csv", f"number,mobile\n{rows}{late}\n")
        out = dnc("check", path, "--brief", brief, "--columns", "number,outcome,why")[1]
        [found] = (line for line in out.splitlines() if "+33199000005," in line.replace(late, ""))
        assert "says not to call" in found


def test_names_of_rules_and_registries_are_no_objections():
    """An office that puts the output of a check into a table of its own has them in columns of any name."""
    book = Rulebook.load()
    names = {*book.registries(), *(regime.id for _, regime in book.regimes())}
    said = [
        f"{before}{name}{behind}" for name in names for before in ("", "registry:", "stale:") for behind in ("", ";x")
    ]
    assert list(filter(is_objection, said)) == []


def test_no_phrase_of_cells_is_passed_over():
    """Only texts with one of the parts are searched for them."""
    against, sentences = hints()["against"], hints()["sentences"]

    def without(parts: list[str], phrases: list[str]) -> list[str]:
        texts = pl.Series(phrases)
        return texts.filter(~(" " + texts).str.contains_any(parts)).to_list()

    assert without(against["parts"], against["cells"] + against["wishes"]) == []
    words = [word for word in against["words"] if word not in against["not"]]
    assert without(against["parts"] + against["alone"], words) == []
    pairs = [[without(against["parts"], pair[key]) for key in ("before", "after")] for pair in sentences]
    assert [pair for pair in pairs if all(pair)] == []


def test_words_of_the_hints_are_written_as_those_of_a_list_are_read():
    """A word with an accent, a capital or an apostrophe would be found in no list, and a phrase of `cells` neither."""
    told = hints()
    tables = [told[name] for name in ("against", "permission", "consents", "nothing", "others")] + told["sentences"]
    groups = [words for table in tables for words in table.values()]
    words = [
        word for words in groups if words not in (told["against"]["parts"], told["against"]["alone"]) for word in words
    ]
    assert [word for word in words if word != _phrase(word)] == []
    names = [*told["mistyped"]["not"], *told["organisation"]["words"]]
    assert [name for name in names if name != folded(name)] == []
    assert [words for words in groups if len(set(words)) < len(words)] == []


def test_a_column_of_regions_that_names_no_countries_may_be_left_out(dnc, write_file):
    """The advice says how; the country that is declared then counts."""
    path = write_file("calls.csv", "number,Région\n01 99 00 00 01,Bretagne\n")
    err = dnc("check", path, "--region", "FR")[2]
    assert 'values.region."Bretagne" = "…"  # or ignore = ["Région"], if the column does not name countries' in err
    assert "country of the number" not in dnc("check", path, "--region", "FR", "--ignore", "Région")[2]


@pytest.mark.parametrize("mark", ["''", "-", "__", '"', "…"])
def test_a_name_of_nothing_but_marks_is_no_name(dnc, write_file, mark):
    """What is left of a damaged name could have told a withdrawal: text below it stops the check, anywhere."""
    quoted = mark.replace('"', '""')
    for header, row in (
        (f'number,"{quoted}",city', "+33199000001,2026-01-01,Lyon"),
        (f'number,"{quoted}"', "+33199000001,x"),
    ):
        path = write_file("calls.csv", f"{header}\n{row}\n")
        code, _, err = dnc("check", path, "--quiet")
        assert (code, "has no name, and text in it" in err) == (2, True)
