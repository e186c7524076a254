"""What a metric of a computed histogram costs, its numerical interval with it.

    python tests/benchmarks/metric_cost.py

In microseconds: the first call on each of many histograms, and further calls on one; medians of
both. Building a histogram sets up the bounding curves: the last line tells what that takes.
Promised: less than 50 microseconds of each, on a machine that does nothing else.
"""

from statistics import median
from time import perf_counter

import numpy as np

from oligort.dose.doubt import NumericalDoubt
from oligort.dose.dvh import Dvh
from oligort.measure import Interval, Measure

PROMISED_MICROSECONDS = 50

BINS, BIN_GY, CALLS, HISTOGRAMS = 10_000, 0.007, 1000, 50
"""70 Gy in bins as narrow as a computed histogram has them where the dose varies little."""

METRICS = (
    "V20Gy[%]",
    "V95%[cc]",
    "CV20Gy[cc]",
    "D95%[Gy]",
    "D2cc[%]",
    "DC2cc[Gy]",
    "Min[Gy]",
    "Mean[Gy]",
    "Max[Gy]",
    "gEUD(8)[Gy]",
    "gEUD(-10)[Gy]",
    "gEUD(0.5)[Gy]",
    "HI",
    "CI",
)


def histogram() -> Dvh:
    """Return a sphere of 500 cc in a linear gradient from 0.5 Gy to almost 70 Gy."""
    edges = np.arange(BINS + 1) * BIN_GY
    low, high = 0.5, float(edges[-2]) + BIN_GY / 3
    u = np.clip((2 * edges - low - high) / (high - low), -1, 1)
    cumulative = 500 * (2 - 3 * u + u**3) / 4
    doubt = NumericalDoubt(
        0.02 + 0.01 * np.sin(edges) ** 2,
        Interval(low - 0.05, low),
        Interval((low + high) / 2 - 0.01, (low + high) / 2 + 0.01),
        Interval(high, high + 0.05),
    )
    dvh = Dvh(
        "sphere", 1, edges, cumulative, 500.0, 0.0, low, (low + high) / 2, high, numerical=doubt
    )
    return dvh.relative_to(50.0, Measure(700.0, "cc", numerical=(699.0, 701.0)))


def microseconds(dvh: Dvh, metric: str) -> float:
    """Return how long one call takes."""
    begun = perf_counter()
    dvh[metric]
    return 1e6 * (perf_counter() - begun)


def main() -> None:
    """Print the table."""
    print(f"{'metric':<16}{'first':>10}{'further':>10}")
    for metric in METRICS:
        first = median(microseconds(histogram(), metric) for _ in range(HISTOGRAMS))
        dvh = histogram()
        further = median(microseconds(dvh, metric) for _ in range(CALLS))
        is_kept = max(first, further) <= PROMISED_MICROSECONDS
        verdict = "" if is_kept else f"  MORE THAN {PROMISED_MICROSECONDS}"
        print(f"{metric:<16}{first:>10.1f}{further:>10.1f}{verdict}")
    begun = perf_counter()
    for _ in range(HISTOGRAMS):
        histogram()
    print(f"{'building':<16}{1e6 * (perf_counter() - begun) / HISTOGRAMS:>10.0f}")


if __name__ == "__main__":
    main()
