"""Confidence bounds: known values, and what they promise counted out in full."""

from __future__ import annotations

from math import comb

import pytest

from dnc.vetting.sample_bounds import chance_of, least_of_population, population_bounds

ENDLESS = 10**9  # so many rows that drawing without replacement makes no difference


@pytest.mark.parametrize(
    ("hits", "sample", "low", "high"),
    [
        # Clopper and Pearson's interval at 95 %, as tables of it give it
        (0, 10, 0.0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (20, 100, 0.1267, 0.2918),
        (50, 1000, 0.0373, 0.0654),
    ],
)
def test_bounds_of_an_endless_list_are_those_of_the_tables(hits, sample, low, high):
    """Where the list is endless the bounds are Clopper and Pearson's, to four digits."""
    least, most = population_bounds(hits, sample, ENDLESS)
    assert (round(least / ENDLESS, 4), round(most / ENDLESS, 4)) == (low, high)


@pytest.mark.parametrize(("population", "sample"), [(12, 5), (30, 10), (40, 39), (25, 1)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_bounds_hold_the_truth_as_often_as_they_say(population, sample, confidence):
    """For every true count, all samples there are counted out: enough of them have bounds that hold it."""
    for true in range(population + 1):
        held = 0
        for hits in range(max(0, sample - (population - true)), min(sample, true) + 1):
            low, high = population_bounds(hits, sample, population, confidence)
            held += comb(true, hits) * comb(population - true, sample - hits) * (low <= true <= high)
        assert held / comb(population, sample) >= confidence - 1e-12


def test_a_sample_of_everything_leaves_nothing_open():
    """Where all rows were drawn the count is known."""
    assert population_bounds(7, 20, 20) == (7, 7)


def test_a_sample_of_no_rows_excludes_no_count():
    """A sample of no rows leaves every count possible."""
    assert population_bounds(0, 0, 1000) == (0, 1000)


def test_bounds_of_a_long_sample_are_narrow_and_quick():
    """A hundred thousand rows of a million: the share within a third of a percent."""
    low, high = population_bounds(37_000, 100_000, 1_000_000)
    assert 0.367 < low / 1_000_000 < 0.37 < high / 1_000_000 < 0.373


@pytest.mark.parametrize(
    ("asked", "needed", "sample", "passes"), [(0.9, 59, 60, 0.19), (0.9, 188, 200, 0.80), (0.9, 279, 300, 0.95)]
)
def test_a_share_is_shown_by_enough_hits_and_by_no_fewer(asked, needed, sample, passes):
    """Of 100,000 rows: how many hits show a share, and how often a list that is 95 % good has as many."""
    shown = [least_of_population(hits, sample, 100_000) / 100_000 for hits in (needed - 1, needed)]
    assert shown[0] < asked <= shown[1]
    assert round(chance_of(needed, sample, 95_000, 100_000), 2) == passes


@pytest.mark.parametrize(("population", "sample"), [(12, 5), (30, 10), (25, 1)])
def test_a_bound_of_one_side_is_too_high_as_seldom_as_it_says(population, sample):
    """For every true count, all samples there are counted out."""
    for true in range(population + 1):
        wrong = sum(
            comb(true, hits) * comb(population - true, sample - hits)
            for hits in range(max(0, sample - (population - true)), min(sample, true) + 1)
            if least_of_population(hits, sample, population, 0.95) > true
        )
        assert wrong / comb(population, sample) <= 0.05 + 1e-12
