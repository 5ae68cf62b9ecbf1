"""Charts as inline SVG: drawn by `leather`, named for who cannot see them; no script, no style, no request."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import leather
from leather import theme

_SVG = "http://www.w3.org/2000/svg"
_WIDTH, _BAR, _AXIS, _TICKS = 640, 34, 96, 5  # in units of the view box; at most so many steps
_BEYOND = 1.1  # of the last tick, so that its text has room
_FONT = "system-ui, sans-serif"
_INK, _LINE = "#333333", "#d4d4d4"


class Bar(NamedTuple):
    """One bar: what it says beside it, its length, its colour."""

    label: str
    value: int
    colour: str


def bars(id_: str, title: str, description: str, rows: Sequence[Bar], count: Callable[[int], str]) -> str:
    """Horizontal bars, the first on top, as the text of one SVG element.

    Args:
        id_: unique on the page; title and description are tied to the picture by it.
        title, description: what the picture shows, and what it comes to, in words.
        count: a number of rows as text.
    """
    _dressed()
    top = max([1, *(bar.value for bar in rows)])
    step = _step(top)
    ticks = list(range(0, top + step, step))
    chart = leather.Chart()
    chart.add_x_scale(0, max(ticks) * _BEYOND)
    chart.add_x_axis(ticks, lambda tick, *_: count(int(tick)))
    colours = {bar.label: bar.colour for bar in rows}
    chart.add_bars([(bar.value, bar.label) for bar in rows], fill_color=lambda datum: colours[datum.y])
    height = _AXIS + _BAR * len(rows)
    return _named(chart.to_svg(width=_WIDTH, height=height), id_, title, description, height)


def _step(top: int) -> int:
    """A round number that reaches `top` in at most so many steps, never a fraction of a row."""
    rough = max(1.0, top / _TICKS)
    power = 10 ** math.floor(math.log10(rough))
    return next(int(power * factor) for factor in (1, 2, 5, 10) if power * factor >= rough)


def _dressed() -> None:
    """The looks of all charts; leather keeps them for the whole program."""
    theme.background_color = "none"
    theme.margin = 0.01
    theme.tick_color, theme.zero_color, theme.label_color = _LINE, _INK, _INK
    for part in ("title", "axis_title", "legend", "tick"):
        setattr(theme, f"{part}_font_family", _FONT)


def _named(svg: str, id_: str, title: str, description: str, height: int) -> str:
    """The SVG, scaling with the page, with a title and a description that are read aloud."""
    ElementTree.register_namespace("", _SVG)
    root: Any = ElementTree.fromstring(svg)  # noqa: S314 (our own text, made above)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib |= {
        "viewBox": f"0 0 {_WIDTH} {height}",
        "role": "img",
        "aria-labelledby": f"{id_}-title {id_}-description",
    }
    for at, (tag, text) in enumerate((("title", title), ("desc", description))):
        part = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{id_}-{'title' if at == 0 else 'description'}"})
        part.text = text
        root.insert(at, part)
    return ElementTree.tostring(root, encoding="unicode")
