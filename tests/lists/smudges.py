"""Smudges: one thing that is added to a list that is otherwise clear, and what must become of the row that it is on.

The list is a sale to consumers in France who consented, checked on 1 December 2026. `COLUMNS` are columns of which the
brief says nothing; `SMUDGES` is everything else; `HARMLESS` are neighbours that stay clear once each column has a role.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xlsxwriter

FACTS = {
    "caller": "commercial", "voice": "human", "dialler": "manual", "cli": "01 99 00 90 00", "recipient": "consumer",
    "sector": "general", "source": "opt_in_form", "relationship": "none", "attempts": "0", "objected_on": "none",
}  # fmt: skip
STOP = "stop"  # exit 2, before a row is decided
REFUSED = "refused"  # exit 2 or 4, before a row is decided
NEVER = "never"  # a stop, or any outcome but clear
NOT_CLEAR = "not clear"  # blocked or undecided
BLOCKED, UNDECIDED, CLEAR = "blocked", "undecided", "clear"


@dataclass(frozen=True)
class Smudge:
    """A list, its brief and the options of a check, and what is to come of it.

    Attributes:
        name: of the case.
        expects: one of the words above, of the smudged rows; all others are to be clear, except at a stop.
        cells: column → the cell of the smudged rows and that of all others, or a list with a cell for each row.
        brief: TOML that is added to the brief of the list.
        untold: facts of the brief that are left out.
        options: of the command line.
        own: an own list that is loaded before the check.
        before: command lines that are run before the check.
        missing: what `dnc_missing` of a smudged row has to name.
        rows, smudged: how many rows the list has, and which of them are smudged.
        others: whether the other rows have to be clear.
        at: day of the calls.
        file: name of the list; an .xlsx is written as a workbook.
        title: cells of a line above the header.
        sheet, sheets: name of the sheet of the list, and further sheets with their rows.
        notes: column → note on its header cell; or the address of a cell → note on it.
        hidden: rows of the sheet that are hidden, counted from 0.
    """

    name: str
    expects: str
    cells: Mapping[str, Any] = field(default_factory=dict)
    brief: str = ""
    untold: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    own: str = ""
    before: tuple[tuple[str, ...], ...] = ()
    missing: str = ""
    rows: int = 4
    smudged: tuple[int, ...] = (1,)
    others: bool = True
    at: str = "2026-12-01T10:30"
    file: str = "liste.csv"
    title: tuple[str, ...] = ()
    sheet: str = "Contacts"
    sheets: Mapping[str, list[list[str]]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[int, ...] = ()

    @property
    def entries(self) -> dict[str, Any]:
        """The brief of the list, with what the smudge adds."""
        told = tomllib.loads(self.brief)
        facts = {name: fact for name, fact in FACTS.items() if name not in self.untold}
        return {"region": "FR", **told, "facts": {**facts, **told.get("facts", {})}}

    @property
    def table(self) -> list[list[str]]:
        """Header and rows."""
        base = {
            "number": [f"06 39 98 {row // 100:02d} {row % 100:02d}" for row in range(self.rows)],
            "consent": ["named_caller"] * self.rows,
            "consent_on": ["2026-07-20"] * self.rows,
            "consent_for": ["live"] * self.rows,
        }
        for name, cells in self.cells.items():
            if cells is None:
                del base[name]
            elif isinstance(cells, list):
                base[name] = cells
            else:
                smudged, other = cells if isinstance(cells, tuple) else (cells, "")
                base[name] = [smudged if row in self.smudged else other for row in range(self.rows)]
        return [list(base), *(list(row) for row in zip(*base.values(), strict=True))]

    def write(self, folder: Path) -> Path:
        """Write the list into a folder."""
        rows = [[*self.title], *self.table] if self.title else self.table
        path = folder / self.file
        if path.suffix != ".xlsx":
            path.write_text("".join(",".join(map(_cell, row)) + "\r\n" for row in rows), encoding="utf-8")
            return path
        with xlsxwriter.Workbook(path) as book:
            for name, lines in {self.sheet: rows, **self.sheets}.items():
                sheet = book.add_worksheet(name.lstrip("."))
                for at, line in enumerate(lines):
                    sheet.write_row(at, 0, line)
                if name.startswith("."):
                    sheet.hide()
                for column, note in self.notes.items() if name == self.sheet else ():
                    is_column = column in self.table[0]
                    cell = (len(rows) - len(self.table), self.table[0].index(column)) if is_column else (column,)
                    sheet.write_comment(*cell, note)
                for at in self.hidden if name == self.sheet else ():
                    sheet.set_row(at, options={"hidden": True})
        return path


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# Name of a column without a role, the cell of the smudged row, the cell of the others.
COLUMNS = [
    ("status", "DNCC", "A"),
    ("Statut", "Ne plus appeler", "Client"),
    ("statut_fiche", "KO RGPD", "OK"),
    ("Code statut", "S9", "S1"),
    ("CUSTOM_DNC", "1", "0"),
    ("dnc_flag2", "Y", ""),
    ("deleted", "1", "0"),
    ("IsDeleted", "true", "false"),
    ("active", "no", "yes"),
    ("Actif", "FAUX", "VRAI"),
    ("Archivé", "x", ""),
    ("Prospectable", "non", "oui"),
    ("Joignable par téléphone", "0", "1"),
    ("Contactable", "N", "O"),
    ("OK TEL", "", "X"),
    ("Demande", "droit à l'oubli", ""),
    ("Exercice de droits", "effacement", ""),
    ("RGPD", "art. 21", "ok"),
    ("Consentement", "En attente", "Recueilli"),
    ("Statut du consentement", "Expiré", "Actif"),
    ("Double opt-in", "pending", "confirmed"),
    ("Pays", "Suisse", "France"),
    ("Country", "CH", "FR"),
    ("Langue", "de-CH", "fr-FR"),
    ("kundenstatus", "gekündigt", "aktiv"),
    ("Rufnummer gesperrt", "ja", "nein"),
    ("Werbesperre", "Telefon", ""),
    ("Estado", "baja", "alta"),
    ("Robinson", "sí", "no"),
    ("Stato", "disdetto", "attivo"),
    ("Chiamabile", "no", "sì"),
    ("Bel mij niet", "ja", "nee"),
    ("Notes", "ne veut plus entendre parler de nous", "à rappeler lundi"),
    ("Remarques", "Mme demande qu'on la laisse tranquille", ""),
    ("Commentaire", "tél le 12/03/2026 : stop", "tél le 13/03/2026 : absent"),
    ("comments", "asked to be taken off", "left a message"),
    ("Notiz", "möchte nicht mehr kontaktiert werden", ""),
    ("Description", "<p>Ne <b>plus</b> appeler</p>", "<p>RAS</p>"),
    ("Tags", "VIP;STOP", "VIP"),
    ("Étiquettes", "Rouge", "Vert"),
    ("Segments", "Exclusion 2026", "Base 2026"),
    ("Liste", "Liste noire", "Liste 1"),
    ("Couleur", "rouge", "vert"),
    ("Priorité", "-1", "1"),
    ("Score", "0", "75"),
    ("Rang", "999", "1"),
    ("type", "3", "1"),
    ("flag", "true", "false"),
    ("x1", "x", ""),
    ("Unnamed: 7", "X", ""),
    ("A", "B", "C"),
    ("attributes", '{"doNotCall": true}', '{"doNotCall": false}'),
    ("custom_fields", '[{"id": 7, "value": "opt-out"}]', "[]"),
    ("prefs", "phone=no;mail=yes", "phone=yes;mail=yes"),
    ("Canaux", "mail, courrier", "mail, téléphone"),
    ("Canal préféré", "Pas de téléphone", "Téléphone"),
    ("Dernier résultat", "Refus argumenté", "Absent"),
    ("Résultat appel", "NRP - raccroche", "NRP"),
    ("last_disposition", "NI", "NA"),
    ("Dernier contact", "2026-11-30", "2026-10-01"),
    ("Date de résiliation", "2026-05-01", ""),
    ("Date sortie", "01/06/2026", ""),
    ("removed_at", "2026-09-01 08:00:00", ""),
    ("Fin de validité", "2025-12-31", "2027-12-31"),
    ("Décès", "2026-01-04", ""),
    ("Âge", "14", "44"),
    ("Tutelle", "oui", "non"),
    ("Bloctel", "inscrit", "non inscrit"),
    ("INSCRIT_PACITEL", "1", "0"),
    ("liste rouge", "LR", ""),
    ("Liste orange", "LO", ""),
    ("Qualité", "Professionnel", "Particulier"),
    ("Type de ligne", "ligne d'un hôpital", "domicile"),
    ("Provenance", "annuaire aspiré", "formulaire"),
    ("Contrat", "concurrent", "aucun"),
    ("Horaires", "jamais", "10h-13h"),
    ("Prénom", "NE PAS APPELER", "Camille"),
    ("Nom", "Exemple (décédé)", "Exemple"),
    ("Ville", "Paris - stop", "Paris"),
    ("Adresse", "ne pas démarcher", "1 rue du Modèle"),
    ("Email", "refuse les appels", "a@example.org"),
    ("Site web", "opposition", "https://example.org"),
    ("Adresse IP", "désinscrit", "192.0.2.1"),
    ("Employé", "sur liste d'exclusion", "Camille"),
    ("Campagne d'origine", "Réfractaires", "Printemps"),
    ("Montant", "?", "12,50"),
    ("🛑", "🛑", ""),
    ("停止", "はい", ""),
    ("не звонить", "да", ""),
    ("purpse", "sale", "sale"),
    ("consentwithdrawn", "2026-11-01", ""),
]


def _texts(name: str, says: str) -> str:
    return f'[texts."{name}"]\n{says}\n'


STATUS = {"Statut": ("Ne plus appeler", "Client fidèle")}
OBJECTED = _texts("Statut", 'objected = ["Ne plus appeler"]\nnothing = ["Client fidèle"]')
PERSON = {"person": ["a", "b", "b", "c"]}
EVERY_CONSENT = {"consent": "named_caller", "consent_on": "2026-07-20", "consent_for": "live"}
EXPORTED = {"consent": None, "consent_on": None, "consent_for": None}
WHEN = '[when_filled."Opt-in tél"]\nconsent = "named_caller"\nconsent_for = "live"\nconsent_on = "2026-07-20"\n'
WHEN_READ = WHEN + _texts("Opt-in tél", 'rest = "nothing"')
_OBJECTIONS = [["Téléphone", "Date"], ["06 39 98 00 01", "2026-05-01"]]
_XLSX = {"file": "liste.xlsx"}

# What a tag, a code or a spelling of a text is worth: name, the table of [texts] under a column X, smudged, others.
READ = [
    ("case", 'objected = ["Ne plus appeler"]\nnothing = ["Client"]', "NE PLUS APPELER", "client", BLOCKED),
    ("accents", 'objected = ["Désinscrit"]\nnothing = ["Client"]', "desinscrit", "CLIENT", BLOCKED),
    ("blanks", 'objected = ["Ne plus appeler"]\nnothing = ["Client"]', "  Ne plus appeler\t", " Client ", BLOCKED),
    ("one and 1.0", 'objected = ["1"]\nnothing = ["0"]', "1.0", "0", BLOCKED),
    ("one and 1.00", 'objected = ["1"]\nrest = "nothing"', "1.00", "0.00", BLOCKED),
    ("1.0 and one", 'objected = ["1.0"]\nnothing = ["0"]', "1", "0.0", BLOCKED),
    ("true and VRAI", 'objected = ["true"]\nnothing = ["false"]', "VRAI", "FAUX", BLOCKED),
    ("TRUE", 'objected = ["VRAI"]\nnothing = ["FAUX"]', "TRUE", "False", BLOCKED),
    ("the only text of two", 'nothing = ["0"]', "1", "0", UNDECIDED),
    ("a list of another number", 'nothing = ["liste 3"]', "liste 12", "liste 3", UNDECIDED),
    ("day of a refusal", 'refused = ["Refus le #"]\nnothing = ["Vu le #"]', "Refus le 12/11/2026", "Vu le 12/11/2026", BLOCKED),
    ("ISO day", 'objected = ["opposition #"]\nnothing = ["vu #"]', "opposition 2026-11-12", "vu 2026-11-12", BLOCKED),
    ("hours", 'objected = ["stop à #"]\nnothing = ["vu à #"]', "stop à 14:30", "vu à 09:05", BLOCKED),
    ("reference", 'withdrawn = ["retrait n° #"]\nnothing = ["dossier #"]', "retrait n° 123456", "dossier 98765", BLOCKED),
    ("a text that is nearly one", 'nothing = ["Client", "Client fidèle"]', "Client infidèle", "Client", UNDECIDED),
    ("withdrawn", 'withdrawn = ["retrait"]\nnothing = ["ok"]', "retrait", "ok", BLOCKED),
    ("refused without a day", 'refused = ["pas intéressé"]\nnothing = ["ok"]', "pas intéressé", "ok", BLOCKED),
    ("unread on purpose", 'unread = ["KO"]\nnothing = ["ok"]', "KO", "ok", UNDECIDED),
    ("tags", 'objected = ["Stop"]\nnothing = ["VIP", "Lyon"]\nseparator = ","', "VIP, stop, Lyon", "VIP,Lyon", BLOCKED),
    ("an unknown tag", 'nothing = ["VIP", "Lyon"]\nseparator = ","', "VIP,S9", "Lyon", UNDECIDED),
    ("tags of Google", 'objected = ["Stop"]\nnothing = ["* myContacts"]\nseparator = " ::: "', "* myContacts ::: Stop", "* myContacts", BLOCKED),
    ("a tag objects and another is unread", 'objected = ["Stop"]\nunread = ["S9"]\nseparator = ";"\nnothing = ["VIP"]', "S9;Stop", "VIP", BLOCKED),
    ("tags without a separator", 'objected = ["Stop"]\nnothing = ["VIP"]', "VIP,Stop", "VIP", UNDECIDED),
    ("marked under rest", 'rest = "nothing"', "ne plus appeler", "absent", UNDECIDED),
    ("marked in German under rest", 'rest = "nothing"', "bitte nicht mehr anrufen", "nicht erreicht", UNDECIDED),
    ("marked in English under rest", 'rest = "nothing"', "do not call", "left a message", UNDECIDED),
    ("marked in a sentence under rest", 'rest = "nothing"', "Appel du 12/03 : Mme demande de ne plus appeler", "Appel du 13/03 : absente", UNDECIDED),
    ("in a wrong encoding", 'objected = ["Désinscrit"]\nrest = "nothing"', "DÃ©sinscrit", "absent", BLOCKED),
    ("in a wrong encoding, twice", 'objected = ["Désinscrit"]\nrest = "nothing"', "DÃƒÂ©sinscrit", "absent", BLOCKED),
    ("a tag, beside rest", 'objected = ["Décédé"]\nrest = "nothing"\nseparator = ","', "VIP,#décédé", "#VIP", UNDECIDED),
    ("with a lost zero, beside rest", 'objected = ["012"]\nrest = "nothing"', "12", "15", UNDECIDED),
    ("with a zero more, beside rest", 'objected = ["S9"]\nrest = "nothing"', "S09", "S1", UNDECIDED),
    *(
        (f"but for one letter, {text}, beside rest", 'objected = ["Client décédé"]\nrest = "nothing"', text, other, UNDECIDED)
        for text, other in (("Client décédée", "Client cédé"), ("clients décédé", "client"), ("Client décéd", "Client décidé à payer"),
                            ("Client dcédé", "Cliente dédiée"), ("Client décdéé", "client dé"))
    ),
    ("named beside rest", 'objected = ["S9"]\nrest = "nothing"', "S9", "S1", BLOCKED),
    ("with a hyphen, beside rest", 'objected = ["S9"]\nrest = "nothing"', "S-9", "S1", UNDECIDED),
    ("with a blank, beside rest", 'objected = ["S9"]\nrest = "nothing"', "s 9", "S1", UNDECIDED),
    ("with a full stop, beside rest", 'objected = ["S9"]\nrest = "nothing"', "S9.", "S1", UNDECIDED),
    ("in a list, beside rest", 'objected = ["S9"]\nrest = "nothing"', '["S1", "s9"]', '["S1"]', UNDECIDED),
    ("another yes, beside rest", 'objected = ["oui"]\nrest = "nothing"', "true", "false", UNDECIDED),
    ("in other letters, beside rest", 'objected = ["Große Sperre"]\nrest = "nothing"', "GROSSE SPERRE 2", "S1", UNDECIDED),
    ("angle brackets", 'nothing = ["Client"]', "Client <S9>", "Client", UNDECIDED),
    ("markup", 'objected = ["Stop"]\nnothing = ["Client"]', "<b>Stop</b>", "Client", UNDECIDED),
    ("struck through by its signs", 'nothing = ["Client"]', "C\u0336l\u0336i\u0336e\u0336n\u0336t\u0336", "Client", UNDECIDED),
    ("a sign that looks like another", 'nothing = ["1"]', "¹", "1", UNDECIDED),
    ("struck through by other signs", 'nothing = ["Client"]', "C\u20e5l\u20e5i\u20e5e\u20e5n\u20e5t\u20e5", "Client", UNDECIDED),
    ("a vowel that is a mark", 'nothing = ["มา"]', "ม\u0e31า", "มา", UNDECIDED),
    ("a number in full", 'nothing = ["Motif 00001"]', "Motif 00009", "Motif 00001", UNDECIDED),
    ("a number in full that objects", 'objected = ["Motif 00009"]\nnothing = ["Motif #"]', "Motif 00009", "Motif 00001", BLOCKED),
    ("an hour in full", 'nothing = ["zone 3h"]', "zone 4h", "zone 3h", UNDECIDED),
    ("a number in full, with a full stop, beside rest", 'objected = ["Motif 00009"]\nrest = "nothing"', "Motif 00009.", "Motif 00001", UNDECIDED),
    ("unread beside rest", 'unread = ["S9"]\nrest = "nothing"', "S9", "S1", UNDECIDED),
]  # fmt: skip

# Texts that say not to call, each alone in a column that is left out.
MARKED = [
    "Ne plus appeler", "ne pas appeler", "NE PLUS CONTACTER PAR TELEPHONE", "<p>Ne <b>plus</b> appeler</p>",
    "opposition démarchage reçue par courrier", "demande de désinscription", "demande de désincription",
    "Do not call", "DO NOT CALL - per customer", "opted out of calls", "please stop calling", "unsubscribed from calls",
    "Bitte nicht mehr anrufen", "Widerspruch gegen Telefonwerbung", "no volver a llamar", "non chiamare più",
    "niet meer bellen", "s'oppose à tout démarchage",
]  # fmt: skip


def _read(name: str, says: str, smudged: str, other: str, expects: str) -> Smudge:
    missing = "text:X" if expects == UNDECIDED else ""
    return Smudge(f"text, {name}", expects, {"X": (smudged, other)}, _texts("X", says), missing=missing)


def _used(ours: str, word: str, known: str, expects: str = UNDECIDED, **more: Any) -> Smudge:
    return Smudge(f"word in {ours}: {word}", expects, {ours: (word, known)}, **more)


def _when(name: str, cell: str, expects: str = NOT_CLEAR) -> Smudge:
    return Smudge(f"filled, {name}", expects, {**EXPORTED, "Opt-in tél": (cell, "oui")}, WHEN_READ)


SMUDGES = [
    *(_read(*case) for case in READ),
    *(
        Smudge(f"left out: {text}", UNDECIDED, {"Fiche": (text, "RAS")}, 'ignore = ["Fiche"]', missing="text:Fiche")
        for text in MARKED
    ),
    Smudge("left out by option", UNDECIDED, {"Fiche": ("Ne plus appeler", "RAS")}, options=("--ignore", "Fiche")),
    Smudge("left out by pattern", UNDECIDED, {"utm_memo": ("Ne plus appeler", "RAS")}, 'ignore = ["utm_*"]'),
    Smudge("left out, late in the list", UNDECIDED, {"Fiche": ("Ne plus appeler", "RAS")}, 'ignore = ["Fiche"]',
           rows=300, smudged=(299,)),
    Smudge("a name of one column of names", UNDECIDED, {"Nom": ("ne pas appeler", "Exemple")}, 'ignore = ["Nom"]'),
    Smudge("all left out, a marked name", UNDECIDED, {"Ne pas appeler": ("x", "")}, 'ignore = ["*"]'),
    Smudge("all left out, a marked cell", NEVER, {"f7": ("ne plus appeler", "RAS")}, 'ignore = ["*"]'),
    Smudge("a pattern that does not fit", STOP, {"utm_memo": ("a", "b")}, 'ignore = ["utm-*"]'),
    Smudge("a role for another column", STOP, {"Statut": ("S9", "S1")}, 'ignore = ["Statut2"]', rows=4),
    Smudge("a new column", UNDECIDED, {"Nouveau": "S9"}, 'new_columns = "undecided"', missing="text:Nouveau"),
    Smudge("a new column beside another", UNDECIDED, {"Nouveau": "S9", "Nom": ("Exemple", "Fictif")},
           'new_columns = "undecided"\nignore = ["Nom"]', missing="text:Nouveau"),
    # Words in columns that are used.
    _used("recipient", "Association", "consumer"),
    _used("recipient", "business?", "consumer"),
    _used("relationship", "résilié fâché", "none"),
    _used("relationship", "Ne plus appeler", "none", NOT_CLEAR),
    _used("relationship", "KO", "none"),
    _used("source", "fichier d'un confrère", "opt_in_form"),
    _used("caller", "autre", "commercial"),
    _used("voice", "mixte", "human"),
    _used("dialler", "S9", "manual"),
    _used("sector", "divers", "general"),
    _used("consent", "En attente", "named_caller"),
    _used("consent", "à valider", "named_caller"),
    _used("consent", "demandé", "named_caller"),
    _used("consent", "retiré le 12/11/2026", "named_caller", NOT_CLEAR),
    _used("consent", "none", "named_caller", BLOCKED),
    _used("consent_for", "sms", "live"),
    _used("consent_for", "mail uniquement", "live", NOT_CLEAR),
    _used("consent_on", "en attente", "2026-07-20"),
    _used("consent_on", "31/02/2026", "2026-07-20"),
    _used("consent_withdrawn_on", "oui", "", NOT_CLEAR),
    _used("consent_withdrawn_on", "date inconnue", "", NOT_CLEAR),
    _used("consent_withdrawn_on", "2026-11-15", "", BLOCKED),
    _used("objected_on", "oui", "non", BLOCKED),
    _used("objected_on", "par courrier", "non", BLOCKED),
    _used("objected_on", "2027-03-01", "non", BLOCKED),
    _used("objected_on", "2024-03-01", "", BLOCKED),
    _used("refused_on", "2026-11-25", "", NOT_CLEAR),
    _used("refused_on", "oui", "", NOT_CLEAR),
    _used("refused_on", "la semaine dernière", "", NOT_CLEAR),
    Smudge("word under another name", UNDECIDED, {"Qualité": ("Fondation", "Particulier")},
           '[columns]\nrecipient = "Qualité"\n[values.recipient]\nParticulier = "consumer"'),
    Smudge("a mapped column, its word objects", BLOCKED, {"Relation": ("Ne plus appeler", "Aucune")},
           '[columns]\nrelationship = "Relation"\n[values.relationship]\nAucune = "none"\n'
           + _texts("Relation", 'objected = ["Ne plus appeler"]')),
    Smudge("a mapped column, its word is unread", UNDECIDED, {"Relation": ("S9", "Aucune")},
           '[columns]\nrelationship = "Relation"\n[values.relationship]\nAucune = "none"\n'
           + _texts("Relation", 'unread = ["S9"]')),
    *(
        Smudge(f"a word in a column with a rule, beside one that contradicts it: {word}", UNDECIDED,
               {"consent": ["named_caller", word, "mail uniquement", "named_caller"], "consent_for": None},
               '[facts]\ncaller = "charity"\n[when_filled."consent"]\nconsent_for = "live"', smudged=(1, 2),
               missing="text:consent")
        for word in ("peut-être", "S9")
    ),
    # What is written where nobody reads: ids, and the part of a column that its facts leave open.
    *(
        Smudge(f"a text in {ours}: {text}", UNDECIDED, {ours: (text, "")}, missing=f"text:{ours}")
        for ours in ("call", "person", "campaign")
        for text in ("12 - ne plus appeler", "do not call")
    ),
    *(
        Smudge(f"an id among others that says {text}", UNDECIDED, {ours: (text, "")},
               missing=f"text:{ours}")
        for ours, text in (("call", "oui"), ("campaign", "Yes"), ("person", "VRAI"))
    ),
    Smudge("ids that are names", UNDECIDED, {"Nom": ("NE PAS APPELER", "Exemple")}, '[columns]\ncall = "Nom"',
           missing="text:Nom"),
    Smudge("ids that are names of lists", UNDECIDED, {"Base": ("Liste d'opposition", "Printemps")},
           '[columns]\ncampaign = "Base"', missing="text:Base"),
    *(
        Smudge(f"filled, where only an empty cell tells {ours}: {cell}", UNDECIDED, {"Colonne": (cell, "")},
               f'[when_empty."Colonne"]\n{ours} = "{word}"', missing="text:Colonne")
        for ours, word, cell in (
            ("objected_on", "none", "x"), ("objected_on", "none", "2026-05-01"), ("refused_on", "none", "2026-11-28"),
            ("consent_withdrawn_on", "none", "2026-11-28"), ("relationship", "none", "KO"),
            ("recipient", "consumer", "Hôtel"),
        )
    ),
    *(
        Smudge(f"a text among the days of refusals: {text}", UNDECIDED,
               {"Résultat": "Absent", "Dernier appel": (text, "2026-10-01")},
               _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"'),
               missing="text:Dernier appel")
        for text in ("NE PLUS APPELER", "S9", "2026-10-01 ne plus appeler")
    ),
    Smudge("an address that says so", UNDECIDED, {"Compte": ("u7@optout.example", "jean@exemple.example")},
           'ignore = ["Compte"]', missing="text:Compte"),
    Smudge("an address for mail that says so", UNDECIDED, {"Email": ("optout7@exemple.example", "jean@exemple.example")},
           'ignore = ["*"]'),
    Smudge("a page whose address says so", UNDECIDED, {"Fiche": ("https://crm.example/optout/7", "https://crm.example/7")},
           'ignore = ["Fiche"]', missing="text:Fiche"),
    Smudge("ids that say yes and no", UNDECIDED, {"Call": ("No", "Yes")}, missing="text:Call", others=False),
    *(
        Smudge(f"{text} under {name} and rest", UNDECIDED, {name: (text, other)}, _texts(name, 'rest = "nothing"'),
               missing=f"text:{name}")
        for name, text, other in (("Do Not Call", "1", "0"), ("Kontaktsperre", "ja", "nein"), ("BLOCTEL", "O", "N"),
                                  ("Opposition tél.", "VRAI", "FAUX"), ("Pas d'opposition", "non", "oui"))
    ),
    Smudge("a name with the star of a form", STOP, {"Nom *": "Exemple", "Nom opposé": ("S9", "")}, 'ignore = ["Nom *"]'),
    *(
        Smudge(f"a no under {name}, as an objection", BLOCKED, {name: ("non", "")}, f'[columns]\nobjected_on = "{name}"')
        for name in ("Contactable", "Pas d'opposition", "Not opted out", "Nie widersprochen", "Vérifié Bloctel",
                     "Hors Bloctel", "DNC exempt", "Robinson geprüft", "Fuera de Robinson", "Purgé Bloctel")
    ),
    *(
        Smudge(f"a text of the brief that its separator parts: {text}", REFUSED, {"X": (text, "S1")},
               _texts("X", f'objected = ["{text}"]\nrest = "nothing"\nseparator = "{separator}"'))
        for text, separator in (("S9, S10", ","), ("Retraité/parti", "/"), ("Client - S9", "-"))
    ),
    Smudge("a separator that is a letter", REFUSED, {"X": ("S9", "S1")}, _texts("X", 'rest = "nothing"\nseparator = "S"')),
    Smudge("texts of a column that the brief names twice", REFUSED, {"X": ("S9", "S1")},
           _texts("X", 'objected = ["S9"]') + _texts("x", 'nothing = ["S9", "S1"]')),
    Smudge("a column as an earlier check names it, in another list", STOP, {"dnc_why": ("S9", "S1")}),
    # Facts against what the list says.
    *(
        Smudge(f"a fact against a consent that says {cell}", UNDECIDED, {**EXPORTED, "Opt-in tél": (cell, "oui")},
               WHEN_READ + '[facts]\nconsent = "named_caller"', missing="consent")
        for cell in ("non", "0", "inconnu", "?")
    ),
    Smudge("a fact against an unknown word", UNDECIDED, {"relationship": ("S9", "none")},
           '[facts]\nrelationship = "none"'),
    Smudge("an option against an unknown word", UNDECIDED, {"recipient": ("Syndic", "consumer")},
           options=("--set", "recipient=consumer")),
    Smudge("a fact against a text that objects", BLOCKED, STATUS, OBJECTED + '[facts]\nobjected_on = "none"'),
    Smudge("a fact against an unread text", UNDECIDED, STATUS,
           _texts("Statut", 'nothing = ["Client fidèle"]') + '[facts]\nobjected_on = "none"', missing="text:Statut"),
    Smudge("an option against a text that objects", BLOCKED, STATUS, OBJECTED, options=("--set", "objected_on=none")),
    Smudge("a fact against the own list", BLOCKED, before=(("record", "objection", "0639980001", "--on", "2026-05-01"),)),
    Smudge("a fact against a refusal", NOT_CLEAR, {"Refus": ("x", "")},
           '[facts]\nrefused_on = "none"\n' + _texts("Refus", 'refused = ["x"]')),
    Smudge("a fact against a withdrawal", BLOCKED, {"Retrait": ("x", "")},
           '[facts]\nconsent_withdrawn_on = "none"\n' + _texts("Retrait", 'withdrawn = ["x"]')),
    Smudge("a fact against a pending consent", UNDECIDED, {"consent": ("En attente", "named_caller")},
           '[facts]\nconsent = "named_caller"'),
    Smudge("a fact against an unread consent", NEVER, {**EXPORTED, "Consentement": ("En attente", "Oui")},
           '[facts]\nconsent = "named_caller"\nconsent_for = "live"\nconsent_on = "2026-07-20"'),
    Smudge("facts about a consent and a text that is pending", UNDECIDED,
           {**EXPORTED, "Consentement": ("En attente", "Oui")},
           '[facts]\nconsent = "named_caller"\nconsent_for = "live"\nconsent_on = "2026-07-20"\n'
           + _texts("Consentement", 'nothing = ["Oui"]'), missing="text:Consentement"),
    # Filled cells that say otherwise.
    _when("pending", "en attente"),
    _when("to be confirmed", "à valider"),
    _when("pending in English", "pending"),
    _when("refused", "refusé"),
    _when("no", "non"),
    _when("nothing", "0"),
    _when("false", "FAUX"),
    _when("withdrawn", "retiré"),
    _when("empty", ""),
    _when("not yet", "pas encore"),
    _when("another value of the fact", "none"),
    *(
        _when(cell, cell)
        for cell in ("não", "nie", "όχι", "нет", "Ø", "zéro", "nul", "n.c.", "NSP", "à voir", "e-mail", "sauf téléphone",
                     "-1", "2", "oui?", "ancien oui", "off", "\\N", "31/12/2099", "2020-07-20 - 2021-07-20", "{\"tel\":null}",
                     "o\u0336u\u0336i\u0336")
    ),
    Smudge("filled, no objection but a refusal", NOT_CLEAR, {"Accord tél": ("refusé", "oui")},
           '[when_filled."Accord tél"]\nobjected_on = "none"\n'
           + _texts("Accord tél", 'rest = "nothing"'), untold=("objected_on",)),
    Smudge("filled, a text that nobody reads", STOP, {**EXPORTED, "Opt-in tél": ("S9", "oui")}, WHEN),
    Smudge("filled, texts of which one is read", "undecided", {"Lien": ("S9", "S1")},
           '[when_filled."Lien"]\nrelationship = "none"\n' + _texts("Lien", 'nothing = ["S1"]'), missing="text:Lien",
           untold=("relationship",)),
    # Words of the brief that are nearly those of a cell.
    *(
        Smudge(f"word of a consent, {cell}", UNDECIDED, {"consent": (cell, "oui")},
               '[values.consent]\n"1" = "named_caller"\n"+" = "named_caller"\noui = "named_caller"')
        for cell in ("-1", "1-", "_1", "+-", "oui -", "-oui", "o\u0336u\u0336i\u0336")
    ),
    # Names of columns that differ in little.
    Smudge("left out, and another in capitals", STOP, {"Nom": ("Fictif", "Exemple"), "NOM": ("S9", "S1")}, 'ignore = ["Nom"]'),
    Smudge("left out, and another with hyphens", STOP, {"Vil-le": ("S9", "S1"), "Ville": "Sète"}, 'ignore = ["Ville"]'),
    Smudge("left out, and two that are nearly it", STOP, {"Nom": ("Fictif", "Exemple"), "NOM": ("S9", "S1")}, 'ignore = ["nom"]'),
    Smudge("filled, a private person under a business", NOT_CLEAR, {"Qualité": ("Particulier", "SARL")},
           '[when_filled."Qualité"]\nrecipient = "business"\n'
           + _texts("Qualité", 'rest = "nothing"'), untold=("recipient",), others=False),
    Smudge("filled, a business under a consumer", NOT_CLEAR, {"Qualité": ("Professionnel", "Monsieur")},
           '[when_filled."Qualité"]\nrecipient = "consumer"\n'
           + _texts("Qualité", 'rest = "nothing"'), untold=("recipient",)),
    Smudge("filled, our own word for another value", NOT_CLEAR, {"Qualité": ("business", "Monsieur")},
           '[when_filled."Qualité"]\nrecipient = "consumer"\n'
           + _texts("Qualité", 'rest = "nothing"'), untold=("recipient",)),
    Smudge("filled, another relationship", NOT_CLEAR, {"Lien": ("former_contract", "x")},
           '[when_filled."Lien"]\nrelationship = "none"\n'
           + _texts("Lien", 'rest = "nothing"'), untold=("relationship",)),
    # Around the table.
    Smudge("title above the header", REFUSED, title=("Liste des oppositions",)),
    Smudge("title above the header of a workbook", REFUSED, title=("Personnes à ne plus appeler",), **_XLSX),
    Smudge("title that says who is in red", REFUSED, title=("En rouge : ne pas appeler",), **_XLSX),
    Smudge("second sheet of objections", STOP, sheets={"Oppositions": _OBJECTIONS}, **_XLSX),
    Smudge("second sheet of numbers", STOP, sheets={"Feuil2": _OBJECTIONS}, **_XLSX),
    Smudge("second sheet of one word", STOP, sheets={"Feuil3": [["ne pas appeler les lignes grises"]]}, **_XLSX),
    Smudge("hidden sheet", STOP, sheets={".Data": _OBJECTIONS}, **_XLSX),
    Smudge("sheet of a legend", STOP, sheets={"Légende": [["S9", "opposé"], ["S1", "client"]]}, **_XLSX),
    Smudge("a name that asks and answers", BLOCKED, {"Opposition : aucune": ("non", "")},
           '[columns]\nobjected_on = "Opposition : aucune"'),
    Smudge("note on a header cell", STOP, notes={"number": "Ne pas appeler les numéros en gras"}, **_XLSX),
    Smudge("note on another header cell", STOP, notes={"consent": "none = s'oppose aux appels"}, **_XLSX),
    Smudge("note below the table", STOP, notes={"A20": "S9 = opposé"}, **_XLSX),
    Smudge("note beside the table", NOT_CLEAR, notes={"K3": "S9"}, **_XLSX),
    Smudge("a hidden row", STOP, hidden=(2,), **_XLSX),
    Smudge("a second sheet that nobody has read", UNDECIDED, brief='around = "undecided"', smudged=(0, 1, 2, 3),
           sheets={"Légende": [["S1", "client"]]}, missing="text:around", **_XLSX),
    Smudge("a read surrounding does not read a column", STOP, {"Statut": ("S9", "S1")}, 'around = "read"'),
    *(
        Smudge(f"a heading with digits: {text}", REFUSED, {"number": ["0639980000", text, "0639980002", "0639980003"],
               **{name: [cell, "", cell, cell] for name, cell in EVERY_CONSENT.items()}})
        for text in ("Zone à éviter 2026", "Retour courrier 01/12/2026", "Page 100", "Lot n° 1234")
    ),
    Smudge("a last row about those above it", REFUSED, {"number": ["0639980000", "0639980001", "0639980002", "* = décédés"],
           "consent": ["named_caller", "named_caller", "named_caller", ""], "consent_on": ["2026-07-20", "2026-07-20", "2026-07-20", ""],
           "consent_for": ["live", "live", "live", ""]}),
    # Persons.
    Smudge("one person, two numbers", BLOCKED, {**PERSON, "objected_on": ["", "", "oui", ""]}, smudged=(1, 2)),
    Smudge("one person under another name", BLOCKED,
           {"Id client": ["a", "b", "b", "c"], "objected_on": ["", "", "2025-01-01", ""]},
           '[columns]\nperson = "Id client"', smudged=(1, 2)),
    *(
        Smudge(f"one person, {first} and {second}", BLOCKED,
               {"person": ["z", first, second, "y"], "objected_on": ["", "", "oui", ""]}, smudged=(1, 2))
        for first, second in (("12", "12.0"), ("12,0", "12"), ("C-12", "c-12"), ("C-12", "C12"), ("#12", "12"), ("1/12", "1-12"), ("C12", "C\u00a012\u200b"), ("É1", "E\u03011"), ("0012", "12"))
    ),
    Smudge("one person, two numbers in a cell", BLOCKED,
           {"number": ["0639980000", "0639980001 / 0199000001", "01 99 00 00 01", "0639980003"],
            "objected_on": ["", "", "oui", ""]}, smudged=(1, 2)),
    Smudge("two numbers in a cell, of which the store has one", BLOCKED,
           {"number": ["0639980000", "0639980001 / 0199000001", "0639980002", "0639980003"]},
           before=(("record", "objection", "0199000001", "--on", "2026-05-01"),)),
    Smudge("one person, the objection comes first", BLOCKED,
           {"person": ["b", "b", "a", "c"], "objected_on": ["oui", "", "", ""]}, smudged=(0, 1)),
    Smudge("a chain of a number and a person", BLOCKED,
           {"number": ["0639980000", "0639980001", "06 39 98 00 01", "0639980003"], "person": ["a", "b", "c", "c"],
            "objected_on": ["", "", "", "oui"]}, smudged=(1, 2, 3)),
    Smudge("a long chain", BLOCKED,
           {"number": [f"06399800{n:02d}" for n in (0, 1, 2, 2, 3, 3, 4, 9)],
            "person": ["z", "a", "a", "b", "b", "c", "c", "y"],
            "objected_on": ["", "", "", "", "", "", "oui", ""]}, rows=8, smudged=(1, 2, 3, 4, 5, 6)),
    Smudge("a chain that ends in the own list", BLOCKED,
           {"number": ["0639980000", "0639980001", "+33639980001", "0639980003"], "person": ["a", "b", "c", "c"]},
           before=(("record", "objection", "0639980003", "--on", "2026-05-01"),), smudged=(1, 2, 3)),
    Smudge("a person whose other number objected in the store", BLOCKED, PERSON,
           before=(("record", "objection", "0639980002", "--on", "2026-05-01"),), smudged=(1, 2)),
    Smudge("a person who withdrew elsewhere", BLOCKED, {**PERSON, "consent_withdrawn_on": ["", "", "2026-11-01", ""]},
           smudged=(1, 2)),
    Smudge("a person who refused elsewhere", NOT_CLEAR, {**PERSON, "refused_on": ["", "", "2026-11-25", ""]},
           smudged=(1, 2)),
    Smudge("a person whose text objects elsewhere", BLOCKED,
           {**PERSON, "Statut": ["Client fidèle", "Client fidèle", "Ne plus appeler", "Client fidèle"]}, OBJECTED,
           smudged=(1, 2)),
    Smudge("a person with two numbers in a row", BLOCKED,
           {"number": None, "Fixe": ["0199000000", "0199000001", "", "0199000003"],
            "Mobile": ["", "0639980001", "0639980001", "0639980003"], "objected_on": ["", "", "oui", ""]},
           '[columns]\nnumber = ["Mobile", "Fixe"]', smudged=(1, 2)),
    Smudge("the same number written in two ways", BLOCKED,
           {"number": ["0639980000", "06.39.98.00.01", "+33 (0)6 39 98 00 01", "0639980003"],
            "objected_on": ["", "", "oui", ""]}, smudged=(1, 2)),
    # Days.
    Smudge("objection on the day after the call", BLOCKED, {"objected_on": ("2026-11-21", "non")}, at="2026-11-20"),
    Smudge("objection on the day of the call", BLOCKED, {"objected_on": ("2026-11-20", "non")}, at="2026-11-20T10:30"),
    Smudge("objection on the day after, in another zone", BLOCKED,
           {"objected_on": ("2026-11-21", "non"), "call_at": "2026-11-20T11:30+00:00"}),
    Smudge("withdrawal on the day of the consent and of the call", BLOCKED,
           {"consent_on": ("2026-11-20", "2026-07-20"), "consent_withdrawn_on": "2026-11-20"}, at="2026-11-20"),
    Smudge("withdrawal on the day of the consent", BLOCKED,
           {"consent_on": ("2026-11-10", "2026-07-20"), "consent_withdrawn_on": "2026-11-10"}),
    Smudge("withdrawal on the day after the call", BLOCKED, {"consent_withdrawn_on": "2026-11-21"}, at="2026-11-20"),
    Smudge("withdrawal tomorrow", BLOCKED, {"consent_withdrawn_on": "2026-12-02"}),
    Smudge("refusal on the day after the call", NOT_CLEAR, {"refused_on": "2026-11-21"}, at="2026-11-20"),
    Smudge("refusal by a text on the day after the call", NOT_CLEAR,
           {"Résultat": ("Refus", "Absent"), "Dernier appel": ("2026-11-21", "2026-10-01")},
           'ignore = ["Dernier appel"]\n'
           + _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"'), at="2026-11-20"),
    Smudge("refusal by a text, recent", NOT_CLEAR,
           {"Résultat": ("Refus", "Absent"), "Dernier appel": ("2026-11-25", "2026-10-01")},
           'ignore = ["Dernier appel"]\n'
           + _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"')),
    *(
        Smudge(f"a text with a later day than {day}: {text}", NOT_CLEAR, {"X": (text, "ok"), "Le": day},
               _texts("X", f'{says}\nnothing = ["ok"]\non = "Le"'))
        for text, says, day in (
            ("Refus le 2026-11-25", 'refused = ["Refus le #"]', "2024-01-01"),
            ("Refus le 25 août 2024 puis le 2026-11-25", 'refused = ["Refus le # puis le #"]', "2024-01-01"),
            ("Refus 11/2026", 'refused = ["Refus 11/2026"]', "2024-01-01"),
            ("Refus 20261125", 'refused = ["Refus #"]', "2024-01-01"),
            ("Retrait le 2026-11-15", 'withdrawn = ["Retrait le #"]', "2026-01-01"),
        )
    ),
    Smudge("refusal on a day that may be cut", NOT_CLEAR, {"refused_on": "26-10-02"}, 'dates = "dmy"'),
    Smudge("refusal by a text on a day that may be cut", NOT_CLEAR, {"X": ("Refus", "ok"), "Le": ("26-10-02", "")},
           'dates = "dmy"\n' + _texts("X", 'refused = ["Refus"]\nnothing = ["ok"]\non = "Le"')),
    *(
        Smudge(f"a consent of {cell}, and a call before", NOT_CLEAR, {"consent_on": (cell, "2026-07-20")}, at="2026-11-20T10:30")
        for cell in ("2026-11-20T18:00", "2026-11-20T18:00:00+01:00", "2026-11-20T10:31")
    ),
    *(
        Smudge(f"a consent until {cell}", NOT_CLEAR, {"consent_until": (cell, "2027-07-20")})
        for cell in ("2026-12-01T09:00", "2026-12-01T09:00:00+01:00", "2026-12-01T00:00:00Z")
    ),
    Smudge("refusal by a text whose day is not read", NOT_CLEAR,
           {"Résultat": ("Refus", "Absent"), "Dernier appel": ("mardi", "2026-10-01")},
           'ignore = ["Dernier appel"]\n'
           + _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"')),
    Smudge("refusal by a text whose day is empty", NOT_CLEAR,
           {"Résultat": ("Refus", "Absent"), "Dernier appel": ("", "2026-10-01")},
           'ignore = ["Dernier appel"]\n'
           + _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"')),
    # The own list, and countries.
    Smudge("no own list", UNDECIDED, untold=("objected_on",), missing="registry:own", smudged=(0, 1, 2, 3)),
    Smudge("an own list that names the number", BLOCKED, untold=("objected_on",), own="number\n06 39 98 00 01\n"),
    Smudge("a fact against a loaded own list", BLOCKED, own="number\n+33 6 39 98 00 01\n"),
    Smudge("own objection to a British number", BLOCKED, {"number": ["0639980000", "+447700900123", "", ""]},
           before=(("record", "objection", "+447700900123", "--on", "2026-05-01"),), others=False),
    Smudge("own objection to a German number", BLOCKED, {"number": ["0639980000", "+4917139200123", "", ""]},
           before=(("record", "objection", "+4917139200123", "--on", "2026-05-01"),), others=False),
    Smudge("own objection of a business", BLOCKED, {"recipient": "business"},
           before=(("record", "objection", "0639980001", "--on", "2026-05-01"),), others=False),
    Smudge("told objection of a business", BLOCKED, {"recipient": ("business", "consumer"), "objected_on": ("oui", "")}),
    Smudge("told objection of a German number", BLOCKED,
           {"number": ["0639980000", "+4917139200123", "0639980002", "0639980003"], "objected_on": ("oui", "")}),
    Smudge("a text objects, for a business", BLOCKED, {**STATUS, "recipient": ("business", "consumer")}, OBJECTED),
    Smudge("a number of a country without rules", UNDECIDED,
           {"number": ["0639980000", "+46701740605", "0639980002", "0639980003"]}),
    # Numbers.
    *(
        Smudge(f"{what} on {number or 'an empty number'}", REFUSED,
               {"number": ["0639980000", number, "0639980002", "0639980003"], column: cell}, brief)
        for number in ("06 39 98", "voir fiche")
        for what, column, cell, brief in (
            ("objection", "objected_on", ("oui", "non"), ""),
            ("objection by text", "Statut", ("Ne plus appeler", "Client fidèle"), OBJECTED),
            ("withdrawal", "consent_withdrawn_on", "2026-11-01", ""),
            ("refusal", "refused_on", "2026-11-25", ""),
        )
    ),
    Smudge("a picture beside one number of two", UNDECIDED,
           {"number": None, "Fixe": ["0199000000", "0199000001 ⛔", "", "0199000003"],
            "Mobile": ["", "0639980001", "0639980002", "0639980003"]}, '[columns]\nnumber = ["Mobile", "Fixe"]'),
    Smudge("a name that is left out and says so", UNDECIDED, {"Nom": ("Robinson", "Exemple Robinson")}, 'ignore = ["Nom"]',
           missing="text:Nom"),
    *(
        Smudge(f"a legend below the table: {', '.join(cells)}", REFUSED,
               {name: ["0639980000", "0639980001", "0639980002", cell] if name == "number" else [other, other, other, cell]
                for name, other, cell in (("number", "", cells[0]), ("consent", "named_caller", cells[1]),
                                          ("consent_on", "2026-07-20", cells[2]), ("consent_for", "live", ""))})
        for cells in (("Rouge = voir Julie", "", ""), ("", "", "voir Julie"), ("Rouge", "ne plus appeler", ""))
    ),
    # No column with a cell is without a role, whatever its cells are.
    Smudge("empty but for one cell", STOP, {"Vide": "x"}),
    *(
        Smudge(f"a column of {what}", STOP, {name: cells}, rows=60)
        for what, name, cells in (
            ("addresses", "Courriel", ("a@example.org", "b@example.org")),
            ("web addresses", "Site web", ("https://example.org/a", "https://example.com/?optin=0")),
            ("ids", "Réf", [f"C{row:05d}" for row in range(60)]),
            ("ids that say something", "Réf", [f"ABC{row}-{'NEPASAPPELER' if row == 1 else 'OK'}" for row in range(60)]),
            ("numbers of rows", "n°", [str(row) for row in range(60)]),
            ("one text", "Salon", "Nantes 2026"),
        )
    ),
]  # fmt: skip


HARMLESS = [
    Smudge("nothing added", CLEAR),
    *(
        Smudge(f"{name} is left out", CLEAR, {name: (first, second)}, f'ignore = ["{name}"]')
        for name, first, second in (
            ("Nom", "Exemple", "Fictif"), ("Prénom", "Camille", "Claude"), ("Ville", "Sète", "Nîmes"),
            ("Commercial", "Alex", "Lou"), ("Créé le", "12/03/2024", "13/03/2024"), ("Source web", "google", "bing"),
            ("Civilité", "Mme", "M."), ("Code postal", "34200", "30000"), ("Montant", "12,50", "0"),
            ("Langue", "fr", "fr-FR"), ("Score", "17", "75"), ("Courrier reçu", "le 12/03/2026", ""),
            ("Statut devis", "applicable", "signé"), ("Lead status", "Open - Not Contacted", "Open"),
            ("Statut marketing", "Contact non marketing", "Contact marketing"), ("Nb enfants", "2", "0"),
        )
    ),
    Smudge("harmless, left out by option", CLEAR, {"Fiche": ("A", "B")}, options=("--ignore", "Fiche")),
    Smudge("harmless, left out by pattern", CLEAR, {"utm_source": ("a", "b"), "utm_medium": ("c", "d")}, 'ignore = ["utm_*"]'),
    Smudge("a marked name is left out by its name", CLEAR, {"Opposition tel": ("S9", "")}, 'ignore = ["*tel*", "Opposition tel"]'),
    Smudge("all left out", CLEAR, {"Nom": ("Exemple", "Fictif"), "Ville": ("Sète", "Nîmes")}, 'ignore = ["*"]'),
    *(
        Smudge(f"text, {name}, nothing", CLEAR, {"X": (cell, other)}, _texts("X", says))
        for name, says, cell, other in (
            ("case", 'nothing = ["client fidèle"]', "CLIENT FIDÈLE", "Client fidele"),
            ("numbers", 'nothing = ["1"]', "1.0", "1"),
            ("booleans", 'nothing = ["true", "false"]', "VRAI", "FALSE"),
            ("days", 'nothing = ["rappelé le #"]', "rappelé le 12/11/2026", "rappelé le 2026-11-13"),
            ("hours", 'nothing = ["vu à #"]', "vu à 14:30", "vu à 09:05"),
            ("references", 'nothing = ["dossier #"]', "dossier 123456", "dossier 98765"),
            ("tags", 'nothing = ["VIP", "Lyon"]\nseparator = ","', "VIP, Lyon", "Lyon"),
            ("tags of Google", 'nothing = ["* myContacts", "Amis"]\nseparator = " ::: "', "* myContacts ::: Amis", "Amis"),
            ("empty", 'nothing = ["a"]', "", "a"),
            ("a number in full", 'nothing = ["Motif 00001", "Motif 00002"]', "MOTIF 00002", "motif 00001"),
            ("rest", 'rest = "nothing"', "absent", "laissé un message"),
            ("rest with a named one", 'objected = ["S9"]\nrest = "nothing"', "S1", "S2"),
            ("rest with a code of one letter", 'objected = ["Statut A"]\nrest = "nothing"', "Statut B", "Statut"),
            ("rest with a number that is longer", 'objected = ["Motif 1"]\nrest = "nothing"', "Motif 10", "Motif 100"),
            ("a wrong encoding", 'nothing = ["Client fidèle"]', "Client fidÃ¨le", "Client fidèle"),
            ("a marked text that was read", 'nothing = ["Ne pas appeler le matin"]', "Ne pas appeler le matin", ""),
            ("a marked text beside rest", 'nothing = ["ne plus appeler avant 10h"]\nrest = "nothing"', "ne plus appeler avant 10h", "absent"),
        )
    ),
    Smudge("left out, and one marked text answered", CLEAR, {"Fiche": ("ne plus appeler avant lundi", "RAS")},
           'ignore = ["Fiche"]\n' + _texts("Fiche", 'nothing = ["ne plus appeler avant lundi"]')),
    Smudge("text of an objection that nobody has", CLEAR, {"Statut": ("Client fidèle", "")}, OBJECTED),
    Smudge("words with a meaning", CLEAR, {"Qualité": ("Particulier", "Privé")},
           '[columns]\nrecipient = "Qualité"\n[values.recipient]\nParticulier = "consumer"\n"Privé" = "consumer"'),
    Smudge("used and read", CLEAR, {"Relation": ("S1", "Aucune")},
           '[columns]\nrelationship = "Relation"\n[values.relationship]\nAucune = "none"\n'
           + _texts("Relation", 'nothing = ["S1"]')),
    Smudge("filled cells", CLEAR, {**EXPORTED, "Opt-in tél": ("oui", "le 20/07/2026")}, WHEN_READ),
    Smudge("days that were told", CLEAR, {**EXPORTED, "Consentement": ("2026-07-20", "2026-08-20")},
           '[columns]\nconsent_on = "Consentement"\n[when_filled."Consentement"]\n'
           'consent = "named_caller"\nconsent_for = "live"'),
    Smudge("filled cells of which the brief says what they mean", CLEAR,
           {**EXPORTED, "Opt-in tél": ("Formulaire web", "OUI")},
           WHEN_READ + '[values.consent]\n"formulaire web" = "named_caller"'),
    Smudge("filled cells for a business", CLEAR, {"Société": ("Fictif SA", "Exemple & fils")},
           '[when_filled."Société"]\nrelationship = "none"\n'
           + _texts("Société", 'rest = "nothing"'), untold=("relationship",)),
    Smudge("columns that differ in capitals", CLEAR, {"Nom": ("Fictif", "Exemple"), "NOM": ("Essai", "Démo")},
           'ignore = ["Nom", "NOM"]'),
    *(
        Smudge(f"a no under {name}", CLEAR, {name: ("non", "")}, f'[columns]\nobjected_on = "{name}"')
        for name in ("Opposition", "Ne plus appeler", "DNC", "Do_Not_Call__c", "Inscrit Bloctel", "Opposé au démarchage")
    ),
    Smudge("no objection told", CLEAR, {"objected_on": ("non", "")}),
    Smudge("no objection told as nothing", CLEAR, {"objected_on": ("0", "FAUX")}),
    Smudge("an old refusal", CLEAR, {"refused_on": "2024-01-01"}),
    Smudge("an old refusal by a text", CLEAR,
           {"Résultat": ("Refus", "Absent"), "Dernier appel": ("2024-01-01", "2026-10-01")},
           'ignore = ["Dernier appel"]\n'
           + _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"')),
    Smudge("an old refusal by a text with its day", CLEAR,
           {"X": ("Refus le 2024-01-01", "ok"), "Le": ("2024-01-01", "")},
           _texts("X", 'refused = ["Refus le #"]\nnothing = ["ok"]\non = "Le"')),
    Smudge("an old refusal by a text with another number", CLEAR, {"X": ("Refus n° 3", "ok"), "Le": ("2024-01-01", "")},
           _texts("X", 'refused = ["Refus n° 3"]\nnothing = ["ok"]\non = "Le"')),
    Smudge("a consent of an hour before the call", CLEAR, {"consent_on": ("2026-11-20T10:30", "2026-07-20")}, at="2026-11-20T10:30"),
    Smudge("a consent until the end of a day", CLEAR,
           {"consent_until": ["2026-12-01", "2026-12-01T00:00:00", "2026-12-01T23:59:59", ""]}),
    Smudge("days of refusals in words and with times", CLEAR,
           {"Résultat": "Absent", "Dernier appel": ("5 avril 2026", "2026-10-01T10:30:00Z")},
           _texts("Résultat", 'refused = ["Refus"]\nnothing = ["Absent"]\non = "Dernier appel"')),
    Smudge("ids of calls, persons and campaigns", CLEAR,
           {"call": ("C-12", "C-13"), "person": ["a", "b", "c", "d"], "campaign": ("NO", "printemps")}),
    Smudge("filled cells that were read, where an empty one tells a fact", CLEAR, {"Colonne": ("voir", "")},
           '[when_empty."Colonne"]\nobjected_on = "none"\n' + _texts("Colonne", 'nothing = ["voir"]')),
    Smudge("a new column that is empty", CLEAR, {"Nouveau": ("", "")}, 'new_columns = "undecided"'),
    # Columns without a cell need no role.
    Smudge("an empty column", CLEAR, {"Fax": ("", "")}),
    Smudge("a column of blanks", CLEAR, {"Fax": (" ", "")}),
    # Around the table.
    Smudge("a harmless workbook", CLEAR, **_XLSX),
    Smudge("a total below the table", UNDECIDED, {"number": ["0639980000", "0639980001", "0639980002", "Total"],
           "consent": ["named_caller"] * 3 + ["3"], "consent_on": ["2026-07-20"] * 3 + [""],
           "consent_for": ["live"] * 3 + [""]}, smudged=(3,)),
    Smudge("an empty column with a colon in its name", CLEAR, {"Adresse 2 : ville": ""}),
    Smudge("an empty second sheet", CLEAR, sheets={"Feuil2": []}, **_XLSX),
    Smudge("a second sheet that was read", CLEAR, brief='around = "read"', sheets={"Légende": [["S1", "client"]]},
           **_XLSX),
    Smudge("a second sheet that was read, by option", CLEAR, options=("--around", "read"),
           sheets={"Oppositions": _OBJECTIONS}, **_XLSX),
    Smudge("hidden rows that were read", CLEAR, brief='around = "read"', hidden=(2,), **_XLSX),
    *(
        Smudge(f"a name of a file: {name}", CLEAR, file=f"{name}.csv")
        for name in ("retrait magasin", "arrêts de bus", "refus campagne hiver")
    ),
    Smudge("a file name that was read", CLEAR, brief='around = "read"', file="sans ne-pas-appeler.csv"),
    Smudge("a name of numbers that was read", CLEAR, {"number": None, "Tél (pas de SMS, refus)": ["0639980000", "0639980001", "0639980002", "0639980003"]}, 'around = "read"\n[columns]\nnumber = "Tél (pas de SMS, refus)"'),
    *(
        Smudge(f"numbers called {name}", CLEAR,
               {"number": None, name: ["0639980000", "0639980001", "0639980002", "0639980003"]},
               f'[columns]\nnumber = "{name}"')
        for name in ("N° de téléphone", "Nº de teléfono", "Tél. n°1", "Phone No.", "No. de téléphone")
    ),
    Smudge("refused numbers that were read", CLEAR, {"Numéros refusés": ("+33 6 39 98 00 02", "")},
           'around = "read"\nignore = ["Numéros refusés"]'),
    Smudge("moments in a column of objections that is left out", CLEAR, {"Bloctel le": ("01/08/2026 10:00:00", "")},
           'ignore = ["Bloctel le"]'),
    Smudge("texts with a word beside rest", CLEAR, {"X": ("voir avec Mme", "OK")}, _texts("X", 'rest = "nothing"')),
    Smudge("names with something beside them", CLEAR, {"Nom": ("Exemple (née Modèle)", "Exemple / Modèle")}, 'ignore = ["Nom"]'),
    Smudge("a note that was read", CLEAR, brief='around = "read"', notes={"number": "Ne pas appeler avant 10 h"},
           **_XLSX),
    Smudge("a title that was read", CLEAR, brief='around = "read"', title=("Liste purgée des oppositions",), **_XLSX),
    # Persons, the own list, numbers.
    Smudge("persons apart", CLEAR, {"person": ["a", "b", "c", "d"]}),
    Smudge("persons whose ids differ in what signs part", BLOCKED, {"person": ["1-12", "11-2", "112", "1-1-2"], "objected_on": ("oui", "")}),
    Smudge("another person objected", BLOCKED, {"person": ["a", "b", "c", "d"], "objected_on": ("oui", "")}),
    Smudge("empty ids are not one person", BLOCKED, {"person": ["", "", "", ""], "objected_on": ("oui", "")}),
    Smudge("one person without objection", CLEAR, PERSON),
    Smudge("an own list of others", CLEAR, untold=("objected_on",), own="number\n01 99 00 00 01\n"),
    Smudge("an unreadable number without objection", UNDECIDED,
           {"number": ["0639980000", "06 39 98", "0639980002", "0639980003"]}, missing="number"),
    Smudge("an unreadable objection that was accepted", NOT_CLEAR,
           {"number": ["0639980000", "06 39 98", "0639980002", "0639980003"], "objected_on": ("oui", "non")},
           options=("--accept", "unread=seen by hand")),
]  # fmt: skip
