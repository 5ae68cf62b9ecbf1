"""What a registry's file says. The names below are all that a loader needs; see CONTRIBUTING, "A registry"."""

from dnc.clock import today
from dnc.files.archive import Member
from dnc.files.fixed_width import RecordLayout, records
from dnc.files.table import PHONE_WORDS
from dnc.files.xml_reader import tags
from dnc.messages import figure, localized, registry_words
from dnc.numbers.numbering_plans import country_of_prefix
from dnc.registries.contract import LISTING, OPTIONAL, OWN, Extract, Layout, Loader
from dnc.registries.listing_frames import NO_COUNTRY, bare_numbers, booleans, country, days, line_batches, listings

__all__ = [
    "LISTING",
    "NO_COUNTRY",
    "OPTIONAL",
    "OWN",
    "PHONE_WORDS",
    "Extract",
    "Layout",
    "Loader",
    "Member",
    "RecordLayout",
    "bare_numbers",
    "booleans",
    "country",
    "country_of_prefix",
    "days",
    "figure",
    "line_batches",
    "listings",
    "localized",
    "records",
    "registry_words",
    "tags",
    "today",
]
