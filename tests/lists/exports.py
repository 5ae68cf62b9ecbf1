"""Ten exports as offices have them, each with the truth of every row, and with what an officer would write about it.

Columns are named and filled as the tools do it; people are drawn by a seed, with numbers for fiction. What a row records
is drawn first: a call to it `MAY` be possible, or the person `OBJECTS` somewhere, or it is `UNKNOWN` whether they agreed.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

MAY, OBJECTS, UNKNOWN = "may", "objects", "unknown"
AT = "2026-12-01T10:30"  # of the calls
FIRST = ("Camille", "Dominique", "Claude", "Alex", "Sacha", "Maxence", "Lou", "Noa", "Andréa", "Gaël", "Maé", "Charlie")
LAST = ("Exemple", "Fictif", "Modèle", "Essai", "Témoin", "Spécimen", "Échantillon", "Démo", "Maquette", "Gabarit")
TOWNS = ("Paris", "Lyon", "Nîmes", "Besançon", "Angoulême", "Sète")
POSTCODES = {
    "Paris": "75011",
    "Lyon": "69003",
    "Nîmes": "30000",
    "Besançon": "25000",
    "Angoulême": "16000",
    "Sète": "34200",
}
LANDLINES = ("019900", "026191", "035301", "046571", "053649")
AGAINST = ("objected", "refused", "withdrawn")
FACTS = {
    "caller": "commercial", "voice": "human", "dialler": "manual", "cli": "01 99 00 90 00", "recipient": "consumer",
    "sector": "general", "source": "opt_in_form", "relationship": "none", "attempts": "0", "objected_on": "none",
    "consent_for": "live",
}  # fmt: skip


@dataclass
class Person:
    """A person of an export: what is recorded about them, and the column that records why not to call."""

    at: int
    draw: random.Random
    truth: str
    column: str
    first: str
    last: str
    town: str
    mobile: str
    landline: str
    consented: date

    @property
    def email(self) -> str:
        """An address that is nobody's."""
        return f"{self.first}.{self.last}.{self.at}@example.org".lower()

    def day(self, pattern: str, least: int = 1, most: int = 900) -> str:
        """A day of the past."""
        return f"{date(2026, 11, 20) - timedelta(days=self.draw.randrange(least, most)):{pattern}}"


Cell = Callable[[Person], Any]


@dataclass(frozen=True)
class Column:
    """A column of an export.

    Attributes:
        name, cell: its header, and the cell of a person.
        role: `used`, `read`, `left` or, where it needs none, an empty text.
        says: meaning → its texts, for a column that is read.
        separator: between several texts of a cell.
        may_object, may_doubt: whether it may be the column that records an objection, or that leaves it unknown.
    """

    name: str
    cell: Cell
    role: str
    says: dict[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = ""
    may_object: bool = False
    may_doubt: bool = False


@dataclass(frozen=True)
class Export:
    """An export: how it is written, and what an officer says of it.

    Attributes:
        file: name of the file; its suffix says what it is.
        rows: how many people it has.
        columns: of the file, in order.
        campaign: entries of a brief: what is true for everyone, and which columns tell number and consent.
        delimiter, encoding: of a CSV.
        sheets: further sheets of a workbook.
    """

    file: str
    rows: int
    columns: list[Column]
    campaign: dict[str, Any]
    delimiter: str = ","
    encoding: str = "utf-8"
    sheets: dict[str, list[list[str]]] = field(default_factory=dict)

    @property
    def people(self) -> list[Person]:
        """Three in five may be called; a few of the others come twice, and say why not in one row alone."""
        draw = random.Random(self.file)
        objecting = [column.name for column in self.columns if column.may_object]
        doubting = [column.name for column in self.columns if column.may_doubt]
        found: list[Person] = []
        for at in range(self.rows):
            truth = draw.choices((MAY, OBJECTS, UNKNOWN), (6, 2, 2))[0]
            column = {MAY: "", OBJECTS: draw.choice(objecting), UNKNOWN: draw.choice(doubting)}[truth]
            one = Person(
                at, random.Random(f"{self.file} {at}"), truth, column, draw.choice(FIRST), draw.choice(LAST),
                draw.choice(TOWNS), f"063998{at:04d}" if at % 5 else "", f"{LANDLINES[at % 5]}{at:04d}" if at % 3 or not at % 5 else "",
                date(2026, 11, 15) - timedelta(days=draw.randrange(1, 280)),
            )  # fmt: skip
            twin = next((other for other in found if other.truth == OBJECTS), None)
            if twin and at % 37 == 36:
                one = replace(one, truth=OBJECTS, column="", mobile=twin.mobile, landline=twin.landline)
            found.append(one)
        return found

    def write(self, folder: Path) -> tuple[Path, list[Person]]:
        """Write the export into a folder; the people are in the order of its rows."""
        people, path = self.people, folder / self.file
        rows = [[column.name for column in self.columns]]
        rows += [[column.cell(one) for column in self.columns] for one in people]
        if path.suffix == ".csv":
            text = io.StringIO(newline="")
            csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows(rows)
            path.write_bytes(text.getvalue().encode(self.encoding))
            return path, people
        with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as book:
            for name, lines in {"Contacts": rows, **self.sheets}.items():
                sheet = book.add_worksheet(name)
                for at, line in enumerate(lines):
                    sheet.write_row(at, 0, line)
                if name != "Contacts":
                    sheet.very_hidden()
        return path, people

    @property
    def meanings(self) -> dict[str, Any]:
        """Entries of a brief: what a careful person would say of every text, and the columns that nobody needs."""
        texts = {}
        for column in self.columns:
            if column.says:
                separator = {"separator": column.separator} if column.separator else {}
                texts[column.name] = {key: list(words) for key, words in column.says.items() if words} | separator
        return {"texts": texts, "ignore": [column.name for column in self.columns if column.role in ("left", "")]}


def left(name: str, cell: Cell | str) -> Column:
    """A column that nobody needs; a text of words between bars is drawn from."""
    return Column(name, _from(cell), "left")


def free(name: str, cell: Cell | str) -> Column:
    """A column that needs no role: empty, addresses, or ids of a long list."""
    return Column(name, _from(cell), "")


def used(name: str, cell: Cell) -> Column:
    """A column that the campaign maps."""
    return Column(name, cell, "used")


def flag(name: str, yes: str, no: str) -> Column:
    """A mapped column that says whether somebody objects."""
    return Column(name, lambda one: yes if one.column == name else no, "used", may_object=True)


def consent(name: str, yes: str, others: str) -> Column:
    """A mapped column that says whether somebody consented; one of the other words leaves it open, or denies it."""
    cell = _from(others)
    return Column(name, lambda one: cell(one) if one.column == name else yes, "used", may_doubt=True)


def read(
    name: str, nothing: str, *, share: float = 0.6, separator: str = "", unread: str = "", **against: str
) -> Column:
    """A column of texts; `#` in one is a day or a reference, and `share` of the cells that say nothing are filled."""
    says = {
        key: tuple(filter(None, words.split("|")))
        for key, words in ({"nothing": nothing, "unread": unread} | against).items()
    }
    objecting = [text for key in AGAINST for text in says.get(key, ())]

    def cell(one: Person) -> str:
        if one.column == name:
            texts = [one.draw.choice(objecting if one.truth == OBJECTS else says["unread"])]
        else:
            texts = [one.draw.choice(says["nothing"])] if one.draw.random() < share else []
        if separator and one.draw.random() < 0.4:
            texts = [one.draw.choice(says["nothing"]), *texts]
        return separator.join(dict.fromkeys(_filled(text, one) for text in texts))

    return Column(name, cell, "read", says, separator, bool(objecting), bool(says["unread"]))


def _filled(text: str, one: Person) -> str:
    """A text with its days and references."""
    while "#" in text:
        text = text.replace("#", one.draw.choice((one.day("%d/%m/%Y"), one.day("%Y-%m-%d"))), 1)
    return text


def _from(cell: Cell | str) -> Cell:
    if not isinstance(cell, str):
        return cell
    words = cell.split("|")
    return lambda one: one.draw.choice(words)


def days(pattern: str) -> Cell:
    """Cells with days of the past."""
    return lambda one: one.day(pattern)


def told(pattern: str) -> Cell:
    """Cells with the day of the consent."""
    return lambda one: f"{one.consented:{pattern}}"


def whole(most: int) -> Cell:
    """Cells with whole numbers."""
    return lambda one: str(one.draw.randrange(most))


def spaced(number: str) -> str:
    """A French number as people write it."""
    return " ".join(number[at : at + 2] for at in range(0, len(number), 2))


def international(number: str) -> str:
    """A French number with its country code."""
    return f"+33{number[1:]}" if number else ""


def _campaign(numbers: list[str], **more: Any) -> dict[str, Any]:
    columns = {"number": numbers} | more.pop("columns", {})
    return {"region": "FR", **more, "columns": columns, "facts": {**FACTS, **more.get("facts", {})}}


STAFF = "Marie Gérant|Luc Vendeur|Anne Agent"
FRENCH_NOTES = (
    "Absent, message laissé|À rappeler le #|Appel du # : absent|Client fidèle depuis #|Courrier envoyé le #|"
    "Préfère être appelé l'après-midi|Demande un devis|Travaille de nuit|Devis signé le #|RAS|"
    "A un chien|Intéressé par l'offre de printemps|Parle anglais|Dossier # complet|Fille de la voisine"
)
FRENCH_AGAINST = (
    "Ne plus appeler|Ne veut plus être contacté|Demande à ne plus être appelé, le #|Très fâché : ne pas rappeler|"
    "Opposition reçue par courrier le #|Demande la suppression de ses données|Se dit inscrit sur Bloctel, furieux"
)
ENGLISH_NOTES = (
    "Left a voicemail on #|Call back on #|Met at the fair|Asked for a quote|Prefers afternoons|Speaks French only|"
    "Sent the brochure on #|Happy with the last order|Works nights|Referred by a neighbour|Interested in the spring offer"
)
ENGLISH_AGAINST = (
    "Do not call|Asked not to be called again|Take me off your list|Angry, never call again|Wants no more calls, #|"
    "Requested erasure on #|Opted out by post on #"
)

HUBSPOT = Export(
    "hubspot-crm-exports-all-contacts-2026-11-28.csv", 220,
    [
        free("Record ID", lambda one: str(70_000_000 + one.at * 7)),
        left("First Name", lambda one: one.first),
        left("Last Name", lambda one: one.last),
        free("Email", lambda one: one.email),
        used("Phone Number", lambda one: international(one.landline)),
        used("Mobile Phone Number", lambda one: international(one.mobile)),
        left("Company Name", "|Fictif SA|Exemple SARL"),
        left("Job Title", "|Manager|Retired|Teacher"),
        left("Contact owner", STAFF),
        read("Lifecycle Stage", "Lead|Marketing Qualified Lead|Opportunity|Customer|Subscriber", share=1, unread="Other"),
        read("Lead Status", "New|Open|In Progress|Attempted to Contact|Connected|Bad Timing",
             objected="Do Not Contact", refused="Not Interested", unread="Unqualified"),
        left("Marketing contact status", "Marketing contact|Non-marketing contact"),
        left("Create Date", days("%Y-%m-%d %H:%M")),
        left("Last Modified Date", days("%Y-%m-%d %H:%M")),
        left("Last Activity Date", days("%Y-%m-%d %H:%M")),
        left("Last Contacted", days("%Y-%m-%d %H:%M")),
        left("Number of times contacted", whole(9)),
        left("Number of Sales Activities", whole(5)),
        left("Original Source", "Organic Search|Direct Traffic|Offline Sources|Paid Social"),
        left("Original Source Drill-Down 1", "|Unknown keywords (SSL)|IMPORT|Facebook"),
        left("Original Source Drill-Down 2", "|12345678-IMPORT|printemps"),
        left("Latest Source", "Organic Search|Direct Traffic|Offline Sources"),
        free("First Page Seen", "https://example.org/offre|https://example.org/"),
        left("Time of First Visit", days("%Y-%m-%d %H:%M")),
        left("Number of Pageviews", whole(40)),
        left("Number of Sessions", whole(12)),
        left("Average Pageviews", "1.5|2|3.25"),
        left("IP City", lambda one: one.town.lower()),
        left("IP Country", "france"),
        left("IP Timezone", "europe_slash_paris"),
        left("Street Address", lambda one: f"{one.at} rue du Modèle"),
        left("City", lambda one: one.town),
        left("State/Region", "|IDF|ARA|OCC"),
        left("Postal Code", lambda one: POSTCODES[one.town]),
        left("Country/Region", "France"),
        left("Preferred language", "fr|fr-fr"),
        consent("Legal basis for processing contact's data", "Freely given consent from contact",
                "Legitimate interest – prospect/lead|Not applicable|Consent requested"),
        used("Phone consent date", told("%Y-%m-%d")),
        flag("Do not call", "true", "false"),
        left("Opted out of email: Marketing Information", "true|false|"),
        left("Opted out of email: One to One", "true|"),
        left("Unsubscribed from all email", "true|"),
        free("Email hard bounce reason", ""),
        left("HubSpot Score", whole(100)),
        left("Persona", "|Owner|Tenant"),
        left("Became a Lead Date", days("%Y-%m-%d %H:%M")),
        read("Message", "Please call me about the offer|What does it cost?|Bonjour, je voudrais un devis", share=0.3,
             objected="Please stop calling me", unread="???"),
        read("Notes", ENGLISH_NOTES, objected=ENGLISH_AGAINST, unread="see the file of Anne|KO"),
        left("Associated Company IDs", lambda one: str(900_000 + one.at // 2)),
    ],
    _campaign(
        ["Mobile Phone Number", "Phone Number"],
        columns={"consent": "Legal basis for processing contact's data", "consent_on": "Phone consent date",
                 "objected_on": "Do not call"},
        values={"consent": {"Freely given consent from contact": "named_caller", "Not applicable": "none",
                            "Legitimate interest – prospect/lead": "none"}},
    ),
)  # fmt: skip

_SALESFORCE_EMPTY = ("MasterRecordId", "Suffix", "OtherStreet", "OtherCity", "OtherState", "OtherPostalCode", "OtherCountry",
                     "OtherLatitude", "OtherLongitude", "OtherGeocodeAccuracy", "MailingLatitude", "MailingLongitude",
                     "MailingGeocodeAccuracy", "Fax", "OtherPhone", "AssistantName", "AssistantPhone", "ReportsToId",
                     "EmailBouncedReason", "EmailBouncedDate", "Jigsaw", "JigsawContactId", "IndividualId")  # fmt: skip
SALESFORCE = Export(
    "Contact.csv", 260,
    [
        free("Id", lambda one: f"0035g{one.at:010d}AAA"),
        Column("IsDeleted", lambda one: "true" if one.column == "IsDeleted" else "false", "read",
               {"nothing": ("false",), "unread": ("true",)}, may_doubt=True),
        left("AccountId", lambda one: f"0015g{one.at // 3:010d}AAA"),
        left("LastName", lambda one: one.last),
        left("FirstName", lambda one: one.first),
        left("Salutation", "Mr.|Ms.|"),
        left("Name", lambda one: f"{one.first} {one.last}"),
        left("MailingStreet", lambda one: f"{one.at} rue du Modèle"),
        left("MailingCity", lambda one: one.town),
        left("MailingState", "|Île-de-France|Occitanie"),
        left("MailingPostalCode", lambda one: POSTCODES[one.town]),
        left("MailingCountry", "France"),
        used("Phone", lambda one: spaced(one.landline)),
        used("MobilePhone", lambda one: spaced(one.mobile)),
        *(free(name, "") for name in _SALESFORCE_EMPTY),
        free("Email", lambda one: one.email),
        left("Title", "|Directrice|Gérant"),
        left("Department", "|Sales|IT"),
        left("LeadSource", "Web|Phone Inquiry|Partner Referral|Purchased List"),
        left("Birthdate", days("%Y-%m-%d")),
        read("Description", ENGLISH_NOTES, objected=ENGLISH_AGAINST, unread="ask Luc first"),
        left("OwnerId", "0055g00000AAAAAAAA|0055g00000BBBBBBBB"),
        left("HasOptedOutOfEmail", "true|false"),
        left("HasOptedOutOfFax", "false"),
        flag("DoNotCall", "true", "false"),
        left("CreatedDate", days("%Y-%m-%dT%H:%M:%S.000Z")),
        left("CreatedById", "0055g00000AAAAAAAA|0055g00000BBBBBBBB"),
        left("LastModifiedDate", days("%Y-%m-%dT%H:%M:%S.000Z")),
        left("LastModifiedById", "0055g00000AAAAAAAA|0055g00000BBBBBBBB"),
        left("SystemModstamp", days("%Y-%m-%dT%H:%M:%S.000Z")),
        left("LastActivityDate", days("%Y-%m-%d")),
        left("IsEmailBounced", "true|false"),
        free("PhotoUrl", lambda one: f"https://example.org/photo/{one.at}"),
        left("CleanStatus", "Pending"),
        read("Status__c", "Active|Prospect|Customer", share=1, objected="Blacklisted|DNC", refused="Declined",
             unread="Dormant|Merged"),
        consent("Phone_Consent__c", "Given", "Pending|Not asked|Expired"),
        used("Phone_Consent_Date__c", told("%Y-%m-%d")),
        read("Communication_Preference__c", "Phone;Email|Phone|Phone;SMS", share=0.5, objected="No phone|Post only"),
    ],
    _campaign(
        ["MobilePhone", "Phone"],
        columns={"consent": "Phone_Consent__c", "consent_on": "Phone_Consent_Date__c", "objected_on": "DoNotCall"},
        values={"consent": {"Given": "named_caller", "Not asked": "none", "Expired": "none"}},
    ),
)  # fmt: skip

PIPEDRIVE = Export(
    "personnes-4815-162.csv", 150,
    [
        free("Personne - ID", lambda one: str(one.at + 1)),
        left("Personne - Nom", lambda one: f"{one.first} {one.last}"),
        read("Personne - Étiquettes", "Client|Prospect chaud|Prospect tiède", share=0.7, separator=", ",
             objected="Ne pas contacter|Liste noire", unread="Z3"),
        left("Personne - Organisation", "|Fictif SA|Exemple SARL"),
        used("Personne - Téléphone - Travail", lambda one: one.landline if one.at % 2 else ""),
        used("Personne - Téléphone - Domicile", lambda one: "" if one.at % 2 else one.landline),
        used("Personne - Téléphone - Mobile", lambda one: one.mobile),
        free("Personne - Téléphone - Autre", ""),
        free("Personne - E-mail - Travail", lambda one: one.email),
        free("Personne - E-mail - Domicile", ""),
        free("Personne - E-mail - Autre", ""),
        left("Personne - Affaires ouvertes", whole(3)),
        left("Personne - Affaires conclues", whole(4)),
        left("Personne - Affaires perdues", whole(3)),
        left("Personne - Date de la prochaine activité", days("%Y-%m-%d")),
        left("Personne - Date de la dernière activité", days("%Y-%m-%d")),
        left("Personne - Activités terminées", whole(9)),
        left("Personne - Activités à faire", whole(3)),
        left("Personne - Nombre d'e-mails", whole(20)),
        left("Personne - Propriétaire", STAFF),
        read("Personne - Statut marketing", "Abonné|Désabonné|Aucun consentement", share=1),
        left("Personne - Personne créée", days("%Y-%m-%d %H:%M:%S")),
        left("Personne - Heure de mise à jour", days("%Y-%m-%d %H:%M:%S")),
        free("Personne - Photo de profil", ""),
        used("Personne - Consentement téléphone le", lambda one: "" if one.column == "Personne - Accord" else told("%Y-%m-%d")(one)),
        Column("Personne - Accord", lambda one: one.draw.choice(("En attente", "Demandé")) if one.column == "Personne - Accord" else "Oui",
               "read", {"nothing": ("Oui",), "unread": ("En attente", "Demandé")}, may_doubt=True),
        read("Personne - Remarques", FRENCH_NOTES, objected=FRENCH_AGAINST, unread="voir avec Luc"),
    ],
    _campaign(
        ["Personne - Téléphone - Mobile", "Personne - Téléphone - Travail", "Personne - Téléphone - Domicile"],
        columns={"consent_on": "Personne - Consentement téléphone le"},
        when_filled={"Personne - Consentement téléphone le": {"consent": "named_caller"}},
    ),
    encoding="utf-8-sig",
)  # fmt: skip

BREVO = Export(
    "contacts_export_20261128.csv", 60,
    [
        free("CONTACT ID", lambda one: str(300 + one.at)),
        free("EMAIL", lambda one: one.email),
        left("PRENOM", lambda one: one.first),
        left("NOM", lambda one: one.last),
        used("SMS", lambda one: international(one.mobile)),
        used("LANDLINE_NUMBER", lambda one: international(one.landline)),
        free("WHATSAPP", ""),
        free("EXT_ID", ""),
        left("OPT_IN", "true|false"),
        left("DOUBLE_OPT-IN", "1|2|"),
        consent("CONSENTEMENT_TEL", "Oui", "Non|En attente|?"),
        used("DATE_CONSENTEMENT", told("%d-%m-%Y")),
        read("SEGMENT", "Base 2026|Salon Lyon|Ambassadeurs", objected="Exclusion appels", unread="S4"),
        read("COMMENTAIRE", FRENCH_NOTES, share=0.4, objected=FRENCH_AGAINST),
        read("EMAIL_MARKETING", "subscribed|unsubscribed", share=1),
        read("SMS_MARKETING", "subscribed|unsubscribed", share=1),
        left("ADDED_TIME", days("%d-%m-%Y %H:%M:%S")),
        left("MODIFIED_TIME", days("%d-%m-%Y %H:%M:%S")),
    ],
    _campaign(
        ["SMS", "LANDLINE_NUMBER"], dates="dmy",
        columns={"consent": "CONSENTEMENT_TEL", "consent_on": "DATE_CONSENTEMENT"},
        values={"consent": {"Oui": "named_caller", "Non": "none"}},
    ),
    delimiter=";",
)  # fmt: skip

ODOO = Export(
    "Contact (res.partner).xlsx", 120,
    [
        free("ID externe", lambda one: f"__export__.res_partner_{one.at}_a{one.at * 31:05x}"),
        left("Nom affiché", lambda one: f"{one.first} {one.last}"),
        left("Est une société", "Faux"),
        used("Téléphone", lambda one: spaced(one.landline)),
        used("Mobile", lambda one: international(one.mobile)),
        free("Courriel", lambda one: one.email),
        left("Rue", lambda one: f"{one.at} rue du Modèle"),
        left("Ville", lambda one: one.town),
        left("Code postal", lambda one: POSTCODES[one.town]),
        left("Pays", "France"),
        left("Langue", "French / Français"),
        left("Vendeur", STAFF),
        left("Équipe commerciale", "Ventes|Site Web"),
        read("Étiquettes", "Client|Salon 2026|Prescripteur", separator=",", objected="NPA|Stop appels", unread="X2"),
        Column("Actif", lambda one: one.column != "Actif", "read", {"nothing": ("true",), "unread": ("false",)}, may_doubt=True),
        Column("Téléphone en liste noire", lambda one: one.column == "Téléphone en liste noire", "read",
               {"nothing": ("false",), "objected": ("true",)}, may_object=True),
        left("Liste noire", lambda one: one.draw.random() < 0.2),
        consent("Accord pour être appelé", "Accordé", "À demander|Refusé|En cours"),
        used("Accord le", lambda one: one.consented),
        read("Notes", "<p>Absent, message laissé</p>|<p>RAS</p>|<p>Client <b>fidèle</b></p>|<p>À rappeler le #</p>|<p><br></p>",
             objected="<p>Ne <b>plus</b> appeler</p>|<p>Opposition reçue le #</p>"),
        left("Créé le", days("%Y-%m-%d %H:%M:%S")),
        left("Dernière mise à jour le", days("%Y-%m-%d %H:%M:%S")),
        left("Nombre de réunions", lambda one: one.draw.randrange(4)),
        left("Total facturé", lambda one: one.draw.randrange(9_000) / 100),
    ],
    _campaign(
        ["Mobile", "Téléphone"],
        columns={"consent": "Accord pour être appelé", "consent_on": "Accord le"},
        values={"consent": {"Accordé": "named_caller", "Refusé": "none", "À demander": "none"}},
    ),
)  # fmt: skip

DYNAMICS = Export(
    "Contacts actifs 28-11-2026 09-12-44.xlsx", 180,
    [
        free("(Ne pas modifier) Contact", lambda one: f"{one.at:08x}-7d1c-ed11-b83e-000d3a{one.at:06x}"),
        free("(Ne pas modifier) Somme de contrôle de la ligne", lambda one: f"{one.at:04d}kZ/{one.at * 7919:07d}=="),
        left("(Ne pas modifier) Modifié le", days("%d/%m/%Y %H:%M")),
        left("Nom complet", lambda one: f"{one.first} {one.last}"),
        left("Société", "|Fictif SA|Exemple SARL"),
        free("Adresse e-mail", lambda one: one.email),
        used("Téléphone professionnel", lambda one: spaced(one.landline)),
        used("Téléphone mobile", lambda one: spaced(one.mobile)),
        left("Adresse 1 : ville", lambda one: one.town),
        left("Adresse 1 : code postal", lambda one: POSTCODES[one.town]),
        left("Statut", "Actif"),
        read("Raison du statut", "Actif", share=1, unread="Doublon"),
        read("Ne pas autoriser les appels téléphoniques", "Autoriser", share=1, objected="Ne pas autoriser"),
        read("Ne pas autoriser les courriers électroniques", "Autoriser|Ne pas autoriser", share=1),
        read("Ne pas autoriser les envois par courrier", "Autoriser|Ne pas autoriser", share=1),
        read("Mode de communication préféré", "Tout|Téléphone", share=1, unread="Courrier électronique"),
        consent("Consentement RGPD (téléphone)", "Recueilli", "En attente|Non recueilli|Caduc"),
        used("Date du consentement", lambda one: one.consented),
        read("Description", FRENCH_NOTES, objected=FRENCH_AGAINST),
        read("Dernier compte rendu", "Absent|Occupé|Rappel demandé le #", share=0.5, refused="Pas intéressé|Refus le #",
             objected="Demande d'opposition"),
        left("Propriétaire", STAFF),
        left("Créé le", days("%d/%m/%Y %H:%M")),
        left("Origine", "Web|Salon|Parrainage"),
    ],
    _campaign(
        ["Téléphone mobile", "Téléphone professionnel"], around="read",
        columns={"consent": "Consentement RGPD (téléphone)", "consent_on": "Date du consentement"},
        values={"consent": {"Recueilli": "named_caller", "Non recueilli": "none", "Caduc": "none"}},
    ),
    sheets={"hiddenSheet": [["contact:checksumLogicalName=contactid&fullname=fullname"], ["Autoriser", "Ne pas autoriser"]]},
)  # fmt: skip

MAILCHIMP = Export(
    "subscribed_email_audience_export_4f2a9c.csv", 200,
    [
        free("Email Address", lambda one: one.email),
        left("First Name", lambda one: one.first),
        left("Last Name", lambda one: one.last),
        left("Address", lambda one: f"{one.at} rue du Modèle  {one.town}  {POSTCODES[one.town]}  France"),
        used("Phone Number", lambda one: spaced(one.mobile or one.landline)),
        left("Birthday", "|03/14|11/02"),
        consent("Phone permission", "Yes, you may call me", "No, e-mail only|Asked again in June"),
        used("Phone permission date", told("%m/%d/%Y")),
        left("MEMBER_RATING", "1|2|3|4|5"),
        left("OPTIN_TIME", days("%Y-%m-%d %H:%M:%S")),
        free("OPTIN_IP", lambda one: f"192.0.2.{one.at % 250}"),
        left("CONFIRM_TIME", days("%Y-%m-%d %H:%M:%S")),
        free("CONFIRM_IP", lambda one: f"192.0.2.{one.at % 250}"),
        left("LATITUDE", "48.8566000|45.7640000|43.8367000"),
        left("LONGITUDE", "2.3522000|4.8357000|4.3601000"),
        left("GMTOFF", "1"),
        left("DSTOFF", "2"),
        left("TIMEZONE", "Europe/Paris"),
        used("CC", lambda one: "FR"),
        left("REGION", "idf|ara|occ"),
        left("LAST_CHANGED", days("%Y-%m-%d %H:%M:%S")),
        free("LEID", lambda one: str(471_000_000 + one.at * 4)),
        free("EUID", lambda one: f"{one.at * 2654435761 % 2**40:010x}"),
        read("NOTES", ENGLISH_NOTES, share=0.3, objected=ENGLISH_AGAINST, unread="see ticket"),
        read("TAGS", '"VIP"|"Fair 2026"|"Newsletter"', separator=",", objected='"no calls"|"DNC"', unread='"T7"'),
    ],
    _campaign(
        ["Phone Number"], dates="mdy",
        columns={"region": "CC", "consent": "Phone permission", "consent_on": "Phone permission date"},
        values={"consent": {"Yes, you may call me": "named_caller", "No, e-mail only": "none"}},
    ),
)  # fmt: skip

_GOOGLE_EMPTY = ("Middle Name", "Phonetic First Name", "Phonetic Middle Name", "Phonetic Last Name", "Name Prefix",
                 "Name Suffix", "Nickname", "File As", "Organization Title", "Organization Department", "Birthday", "Photo")  # fmt: skip
GOOGLE = Export(
    "contacts.csv", 40,
    [
        left("First Name", lambda one: one.first),
        left("Last Name", lambda one: one.last),
        *(free(name, "") for name in _GOOGLE_EMPTY),
        left("Organization Name", "|Fictif SA"),
        read("Notes", FRENCH_NOTES, share=0.4, objected=FRENCH_AGAINST, unread="cf. carnet"),
        read("Labels", "Clients|Salon", share=0.5, separator=" ::: ", objected="Ne pas appeler"),
        left("E-mail 1 - Label", "* Home|* Work|"),
        free("E-mail 1 - Value", lambda one: one.email),
        left("Phone 1 - Label", "Mobile"),
        used("Phone 1 - Value", lambda one: spaced(one.mobile)),
        left("Phone 2 - Label", "Home"),
        used("Phone 2 - Value", lambda one: spaced(one.landline)),
        left("Address 1 - Label", "Home|"),
        left("Address 1 - City", lambda one: one.town),
        left("Custom Field 1 - Label", "Accord tél"),
        Column("Custom Field 1 - Value", lambda one: one.draw.choice(("à valider", "en attente", "")) if one.column == "Custom Field 1 - Value"
               else f"{one.consented}", "used", may_doubt=True),
    ],
    _campaign(
        ["Phone 1 - Value", "Phone 2 - Value"],
        columns={"consent_on": "Custom Field 1 - Value"},
        when_filled={"Custom Field 1 - Value": {"consent": "named_caller"}},
    ),
)  # fmt: skip

BROKER = Export(
    "LIVRAISON_CMD20261127_FIXE_MOBILE.csv", 300,
    [
        free("ID_ADRESSE", lambda one: f"{88_000_000 + one.at}"),
        left("CIVILITE", "MME|M"),
        left("NOM", lambda one: one.last.upper()),
        left("PRENOM", lambda one: one.first.upper()),
        left("ADR_L4", lambda one: f"{one.at} RUE DU MODELE"),
        free("ADR_L5", ""),
        left("CP", lambda one: POSTCODES[one.town]),
        left("VILLE", lambda one: one.town.upper()),
        used("TEL_FIXE", lambda one: one.landline),
        used("TEL_MOBILE", lambda one: one.mobile),
        free("EMAIL", lambda one: one.email),
        left("DATE_NAISSANCE", days("%d/%m/%Y")),
        left("TRANCHE_AGE", "25-34|35-44|45-54|55-64|65+"),
        left("CSP", "3|4|5|7"),
        left("HABITAT", "MAISON|APPARTEMENT"),
        left("PROPRIETAIRE", "O|N"),
        left("NB_ENFANTS", whole(4)),
        consent("OPTIN_TEL", "O", "N|P|C"),
        left("OPTIN_EMAIL", "O|N"),
        left("OPTIN_SMS", "O|N"),
        left("OPTIN_POSTAL", "O|N"),
        used("DATE_COLLECTE", told("%d/%m/%Y")),
        left("SITE_COLLECTE", "jeu-printemps|devis-travaux"),
        free("IP_COLLECTE", lambda one: f"192.0.2.{one.at % 250}"),
        left("SCORE", whole(1000)),
        read("TOP_BLOCTEL", "N", share=1, objected="O"),
        read("TOP_STOP", "0", share=1, objected="1", unread="9"),
        read("STATUT_LIGNE", "VALIDE|PORTEE", share=1, unread="NPAI|INCONNU"),
        read("COMMENTAIRE", "Rappel le #|Intéressé|NRP", share=0.2, objected="STOP PROSPECTION|Opposition CNIL du #"),
        left("MILLESIME", "2026-11"),
    ],
    _campaign(
        ["TEL_MOBILE", "TEL_FIXE"], dates="dmy",
        columns={"consent": "OPTIN_TEL", "consent_on": "DATE_COLLECTE"},
        values={"consent": {"O": "named_caller", "N": "none"}},
    ),
    delimiter=";", encoding="cp1252",
)  # fmt: skip

DIALLER = Export(
    "LIST_101_20261128-091244.csv", 400,
    [
        free("lead_id", lambda one: str(1_000_001 + one.at)),
        left("entry_date", days("%Y-%m-%d %H:%M:%S")),
        left("modify_date", days("%Y-%m-%d %H:%M:%S")),
        read("status", "NEW|NA|A|AA|B|N|CALLBK|DROP|PU", share=1, objected="DNC|DNCL|DNCC", refused="NI|NP", unread="DC|WN|XDROP|ERI"),
        left("user", "|VDAD|6666|1001|1002"),
        left("vendor_lead_code", lambda one: f"V{one.at // 2:06d}"),
        left("source_id", "WEB|SALON"),
        left("list_id", "101"),
        left("gmt_offset_now", "1.00"),
        left("called_since_last_reset", "N|Y|Y1|Y2"),
        left("phone_code", "33"),
        used("phone_number", lambda one: one.mobile or one.landline),
        left("title", "|MME|M"),
        left("first_name", lambda one: one.first),
        free("middle_initial", ""),
        left("last_name", lambda one: one.last),
        left("address1", lambda one: f"{one.at} rue du Modèle"),
        free("address2", ""),
        free("address3", ""),
        left("city", lambda one: one.town),
        free("state", ""),
        free("province", ""),
        left("postal_code", lambda one: POSTCODES[one.town]),
        left("country_code", "FRA"),
        left("gender", "F|M|U"),
        left("date_of_birth", "0000-00-00|1971-03-14"),
        used("alt_phone", lambda one: one.landline if one.mobile else ""),
        free("email", lambda one: one.email),
        free("security_phrase", ""),
        read("comments", FRENCH_NOTES, share=0.4, objected=FRENCH_AGAINST, unread="!!!"),
        left("called_count", whole(4)),
        left("last_local_call_time", days("%Y-%m-%d %H:%M:%S")),
        left("rank", "0|5|-5"),
        left("owner", "|1001|1002"),
        left("entry_list_id", "0|102"),
        consent("consent_phone", "Y", "N|P"),
        used("consent_date", told("%Y-%m-%d")),
    ],
    _campaign(
        ["phone_number", "alt_phone"], facts={"attempts": "3"},
        columns={"consent": "consent_phone", "consent_on": "consent_date"},
        values={"consent": {"Y": "named_caller", "N": "none"}},
    ),
)  # fmt: skip

EXPORTS = {
    "hubspot": HUBSPOT, "salesforce": SALESFORCE, "pipedrive": PIPEDRIVE, "brevo": BREVO, "odoo": ODOO,
    "dynamics": DYNAMICS, "mailchimp": MAILCHIMP, "google": GOOGLE, "broker": BROKER, "dialler": DIALLER,
}  # fmt: skip


def numbers(one: Person) -> Iterator[str]:
    """The numbers of a person in E.164."""
    return (international(number) for number in (one.mobile, one.landline) if number)
