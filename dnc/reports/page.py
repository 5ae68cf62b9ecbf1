"""What the pages share: the templates filled in, and charts as data for the macro that draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from dnc.messages import counted, messages, percent


class Bar(NamedTuple):
    """One bar: the text beside it, which states its value too; its length; an outcome, which gives the colour."""

    label: str
    value: int
    outcome: str


class Chart(NamedTuple):
    """Horizontal bars, the first on top.

    id: unique on the page; title and description are tied to the picture by it. title, description: what the picture
    shows, and what its numbers come to, for those who cannot see it.
    """

    id: str
    title: str
    description: str
    bars: Sequence[Bar]


def rendered(
    template: str, language: str, rows: int, sections: Iterable[tuple[str, str]], values: dict[str, Any]
) -> str:
    """A template of `dnc/reports/templates` filled in.

    Args:
        template: its name. language: `en` or `fr`.
        rows: all rows of the run; the filter `share` writes counts as a share of them.
        sections: the id and the heading of each section.
        values: the other names that the template uses.
    """
    templates, per_cent = environment(language), percent(language)
    templates.filters["count"] = counted(language)
    templates.filters["share"] = lambda count: per_cent(count / rows if rows else 0)
    templates.filters["percent"] = per_cent
    frame = {"w": messages("page", language), "common": messages("common", language)}
    text = templates.get_template(template).render(**frame, sections=list(sections), **values)
    return text.lstrip()


def environment(language: str) -> Environment:
    """The templates of `dnc/reports/templates`; they escape what they are given, and know their `language`."""
    templates = Environment(
        loader=PackageLoader("dnc.reports", "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["language"] = language
    return templates
