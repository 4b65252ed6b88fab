"""Medians, percentiles and shares, as docs/reports.md defines them."""

import math
from collections.abc import Sequence

MEDIAN, HIGH = 0.5, 0.85


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which that share lies, between the two nearest where it falls between; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    lower = math.floor(place)
    upper = min(lower + 1, len(ordered) - 1)
    return round(ordered[lower] + (ordered[upper] - ordered[lower]) * (place - lower), 4)


def reached(ordered: Sequence[int], share: float) -> int:
    """Return the least of the ordered values that at least that share of them does not exceed."""
    return ordered[max(math.ceil(len(ordered) * share) - 1, 0)]


def share_of(part: int, whole: int) -> float | None:
    """Return the part of the whole; None of nothing."""
    return round(part / whole, 4) if whole else None
