"""Exact confidence bounds for a list from which a random sample was drawn.

The construction is that of Clopper and Pearson (Biometrika 26, 1934), with the
hypergeometric distribution in place of the binomial, because rows are drawn
without replacement from a list of known length. The bounds enclose every count
that the sample does not contradict; whatever the true count is, they enclose it
at least as often as the confidence says.
"""

from __future__ import annotations

from bisect import bisect_left
from math import exp, lgamma

_NEGLIGIBLE = 1e-18  # share of a sum below which the remaining, falling terms no longer matter


def population_bounds(hits: int, sample: int, population: int, confidence: float = 0.95) -> tuple[int, int]:
    """The least and the most rows of a population that can have a property, given how many of a sample have it.

    Args:
        hits: rows of the sample with the property.
        sample: rows drawn at random, without replacement.
        population: rows from which they were drawn.
        confidence: how often, at least, the bounds enclose the true count; between 0 and 1.
    """
    each_side = (1 + confidence) / 2
    without = least_of_population(sample - hits, sample, population, each_side)
    return least_of_population(hits, sample, population, each_side), population - without


def least_of_population(hits: int, sample: int, population: int, confidence: float = 0.95) -> int:
    """The least rows of a population that can have a property, at a confidence for this bound alone.

    Args:
        hits, sample, population: as in `population_bounds`.
        confidence: how often, at least, the true count is not below it; between 0 and 1.
    """
    candidates = range(hits, population - (sample - hits) + 1)
    return hits + bisect_left(
        candidates, True, key=lambda true: chance_of(hits, sample, true, population) > 1 - confidence
    )


def chance_of(hits: int, sample: int, true: int, population: int) -> float:
    """Probability of a sample with `hits` or more, if `true` rows of the population have the property."""
    if hits * population > true * sample:
        return _upper_tail(hits, sample, true, population)
    return 1 - _upper_tail(sample - hits + 1, sample, population - true, population)  # of the rows without the property


def _upper_tail(hits: int, sample: int, true: int, population: int) -> float:
    """The same for `hits` above the mean, where the terms fall and each follows from the one before."""
    if hits > min(sample, true):
        return 0.0
    chances = (true, hits), (population - true, sample - hits)
    term = exp(sum(_log_choices(*counts) for counts in chances) - _log_choices(population, sample))
    total = 0.0
    while term > total * _NEGLIGIBLE:
        total += term
        term *= (true - hits) * (sample - hits) / ((hits + 1) * (population - true - sample + hits + 1))
        hits += 1
    return total


def _log_choices(items: int, chosen: int) -> float:
    return lgamma(items + 1) - lgamma(chosen + 1) - lgamma(items - chosen + 1)
