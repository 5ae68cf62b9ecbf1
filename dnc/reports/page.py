"""What the pages share: how their templates are filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dnc.messages import counted, dated, in_language, messages, percent, registry_name
from dnc.reports.decision import calls
from dnc.reports.phrases import covered


def rendered(template: str, language: str, sections: Mapping[str, str], values: dict[str, Any]) -> str:
    """A template of `dnc/reports/templates` filled in.

    Args:
        template: its name. language: one of `dnc.messages.LANGUAGES`.
        sections: id and heading of each part of the page; those from `annex` on are not in its list of contents.
        values: the other names that the template uses. The frame uses `title`, `made`, and `decision` unless the
            template has its own block `head`.
    """
    ids = list(sections)
    frame = {
        "texts": messages("page", language),
        "d": messages("decision", language),
        "common": messages("common", language),
        "names": sections,
        "sections": [(id_, sections[id_]) for id_ in (ids[: ids.index("annex") + 1] if "annex" in ids else ids)],
    }
    return environment(language).get_template(template).render(**frame, **values).lstrip()


@cache
def environment(language: str) -> Environment:
    """The templates of `dnc/reports/templates`; they escape all values, and know their `language`."""
    templates = Environment(
        loader=PackageLoader("dnc.reports", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["language"] = language
    templates.filters |= filters(language)
    return templates


def filters(language: str) -> dict[str, Callable[..., str]]:
    """What templates call to write numbers, days and names in a language."""
    return {
        "calls": lambda count: calls(count, language),
        "count": counted(language),
        "covered": lambda snapshot: covered(snapshot, language),
        "day": dated(language),
        "localized": lambda text: in_language(text, language),
        "named": lambda regime: regime.title[language],
        "percent": percent(language),
        "registry": lambda registry: registry_name(registry, language),
    }
