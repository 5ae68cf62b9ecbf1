"""What a random sample says of the whole it was drawn from: exact confidence bounds.

The construction is that of Clopper and Pearson (Biometrika 26, 1934), taken over
the hypergeometric distribution, because rows are drawn without replacement from
a list of known length. Every count between the bounds is one that the sample does
not contradict; whatever the true count, the bounds hold it at least as often as
the confidence says.
"""

from __future__ import annotations

from bisect import bisect_left
from math import exp, lgamma

_NEGLIGIBLE = 1e-18  # of a sum whose terms fall


def population_bounds(hits: int, sample: int, population: int, confidence: float = 0.95) -> tuple[int, int]:
    """Least and most rows of a population that may have what `hits` of a random sample have.

    Args:
        hits: rows of the sample that have it.
        sample: rows drawn, without replacement. population: rows they were drawn from.
        confidence: how often, at least, such bounds hold the true count; between 0 and 1.
    """
    each_side = (1 - confidence) / 2
    least, most = hits, population - (sample - hits)
    candidates = range(least, most + 1)
    low = bisect_left(candidates, True, key=lambda true: _at_least(hits, sample, true, population) > each_side)
    high = bisect_left(candidates, True, key=lambda true: _at_most(hits, sample, true, population) <= each_side)
    return least + low, least + high - 1


def _at_least(hits: int, sample: int, true: int, population: int) -> float:
    """Probability of a sample with as many hits or more, where `true` rows of the population have it."""
    if hits * population > true * sample:
        return _upper_tail(hits, sample, true, population)
    return 1 - _upper_tail(sample - hits + 1, sample, population - true, population)  # of the rows that have it not


def _at_most(hits: int, sample: int, true: int, population: int) -> float:
    return _at_least(sample - hits, sample, population - true, population)


def _upper_tail(hits: int, sample: int, true: int, population: int) -> float:
    """The same from a count above the mean on: terms that fall, each out of the one before."""
    if hits > min(sample, true):
        return 0.0
    chances = (true, hits), (population - true, sample - hits)
    term = exp(sum(_log_choices(*one) for one in chances) - _log_choices(population, sample))
    total = 0.0
    while term > total * _NEGLIGIBLE:
        total += term
        term *= (true - hits) * (sample - hits) / ((hits + 1) * (population - true - sample + hits + 1))
        hits += 1
    return total


def _log_choices(many: int, some: int) -> float:
    return lgamma(many + 1) - lgamma(some + 1) - lgamma(many - some + 1)
