"""What would have to be true of those not seen for a difference in risk to lose or gain its significance."""

from __future__ import annotations

from .estimate import check_counts, two_sided_p
from .score import score_statistic

Grid = tuple[
    tuple[int, ...], tuple[int, ...], tuple[tuple[float, ...], ...], tuple[tuple[float, ...], ...]
]


def tipping_grid(seen: tuple[int, int, int, int], unseen: tuple[int, int], most: int = 21) -> Grid:
    """The whole grid (Yan, Lee and Li, J Biopharm Stat 2009;19:1085): with x of the unseen of group 1 and y of group 2 having
    the event, the difference in risk and the p-value of the score test.

    `seen` is (events 1, total 1, events 2, total 2). Answers with the numbers x and y, differences and p-values, one
    row an x. Where more than `most` are unseen, as many numbers evenly spread, none and all among them.
    """
    events_1, total_1, events_2, total_2 = seen
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    if min(unseen) < 0 or most < 2:
        raise ValueError(f"{unseen} not seen, at most {most} numbers: give counts, and two or more")
    first, second = (_numbers(count, most) for count in unseen)
    n1, n2 = total_1 + unseen[0], total_2 + unseen[1]
    differences, p_values = [], []
    for x in first:
        row = [(events_1 + x, events_2 + y) for y in second]
        differences.append(tuple(a / n1 - b / n2 if n1 and n2 else float("nan") for a, b in row))
        p_values.append(
            tuple(
                two_sided_p(score_statistic(a, n1, b, n2)) if n1 and n2 else float("nan")
                for a, b in row
            )
        )
    return first, second, tuple(differences), tuple(p_values)


def _numbers(count: int, most: int) -> tuple[int, ...]:
    if count < most:
        return tuple(range(count + 1))
    return tuple(round(at * count / (most - 1)) for at in range(most))
