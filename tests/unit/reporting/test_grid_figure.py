"""The figure of a scan shows each setting that was simulated, in its place."""

from __future__ import annotations

import re

from equipoise.reporting.figures import Rejecting, grid_figure


def rejecting(share: float, *settings: tuple[str, str], scenario: str = "assumed") -> Rejecting:
    return Rejecting(scenario, settings, share, 0.01)


def dots(figure: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', figure)
    ]


def test_numbers_stand_where_their_size_puts_them_and_words_side_by_side() -> None:
    numbers = [rejecting(0.5, ("a", value)) for value in ("0", "1", "4")]
    first, second, third = sorted(x for x, _ in dots(grid_figure(numbers, "primary", "en")))
    assert abs((third - first) - 4 * (second - first)) < 0.5
    words = [rejecting(0.5, ("a", value)) for value in ("none", "some", "all")]
    first, second, third = sorted(x for x, _ in dots(grid_figure(words, "primary", "en")))
    assert abs((third - first) - 2 * (second - first)) < 0.5


def test_more_power_stands_higher_and_every_setting_has_a_dot_and_a_line_its_key() -> None:
    points = [
        rejecting(share, ("effect", effect), ("hazard", hazard))
        for share, effect, hazard in (
            (0.2, "0.1", "0.01"), (0.8, "0.2", "0.01"), (0.1, "0.1", "0.05"), (0.6, "0.2", "0.05"),
        )
    ]  # fmt: skip
    figure = grid_figure(points, "primary", "zh-Hans")
    found = dots(figure)
    assert len(found) == 4
    low, high = found[0][1], found[1][1]
    assert high < low
    assert "hazard = 0.01" in figure
    assert "hazard = 0.05" in figure
    assert "按原假定" in figure


def test_scenarios_have_panels_of_their_own_and_their_own_height() -> None:
    points = [
        rejecting(share, ("effect", effect), scenario=scenario)
        for scenario, shares in (("assumed", (0.4, 0.9)), ("null", (0.04, 0.05)))
        for effect, share in zip(("0.1", "0.2"), shares, strict=True)
    ]
    figure = grid_figure(points, "<primary>", "en")
    assert len(dots(figure)) == 4
    assert "without effect" in figure
    assert "<primary>" not in figure
    assert "1.00" in figure
    assert re.findall(r">0\.09<", figure)


def test_a_single_setting_is_drawn_too() -> None:
    assert len(dots(grid_figure([rejecting(0.5)], "primary", "en"))) == 1
