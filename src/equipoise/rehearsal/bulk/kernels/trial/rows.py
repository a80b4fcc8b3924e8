"""Where rows lie: words and numbers in single precision of the participants that are gone through together.

A row has a place for each of them. Rows lie `LANES` apart in one buffer, so that a compiler sees that they do not
overlap.
"""

from __future__ import annotations

LANES = 256
"""Participants that are gone through together."""

# -- words, of 32 bits -------------------------------------------------------------------------

RADIOTHERAPY_ROW, FRAILTY_ROW, KIND_ROW, LEVEL_ROW, LEAVING_ROW, LAG_ROW, DEATH_ROW = (
    0, 8, 12, 16, 20, 24, 28
)  # fmt: skip
"""The first of the rows of a stream's words: four a block."""
PASSED_ROW, DAY_ROW, MINUTE_ROW, PLACE_ROW = 8, 9, 10, 11
"""Of candidates: whether they are randomized, the day and the minute. Of participants: where a week's doses are looked up."""
EVENTS_ROW, RISKS_ROW, FRACTION_BITS_ROW, NOISE_ROW, DOSES_ROW = 32, 33, 34, 52, 90
"""A bit for each half week: what counts as an event, and what makes leaving likelier. A row a week: days with a fraction.
A row each half week: words of the noise. A row a week: words of the doses."""
WEEKDAY_ROW, FRACTIONS_ROW, BEFORE_ROW, GAP_ROW, HIGH_ROW, KEPT_ROW = 110, 111, 112, 113, 114, 115
"""Of a course: the weekday of its first day, fractions, those before the break, the working days of the break; then days
on which leaving is likelier, and the first row of the bits that are kept of earlier weeks."""
KEPT_WEEKS, KEPT_ROWS = 16, 3
"""Weeks whose bits go into one word (two for each), and words that are kept of them: `leaving.MOST_DAYS` fit."""
WORD_ROWS = KEPT_ROW + KEPT_ROWS

# -- numbers in single precision ---------------------------------------------------------------

(
    COMPARTMENT_ONE_ROW, COMPARTMENT_TWO_ROW, INJURY_ROW, STATE_ROW, STRENGTH_ROW, TRANSIT_ROW, SHIFT_ROW,
    ADHERENCE_ROW, DOSE_ROW, HEALING_AFTER_ROW, LAST_DAY_ROW, FACTOR_ROW, BIAS_ROW, READ_ROW,
) = range(14)  # fmt: skip
"""Both compartments before the injury, the injury, the state of the noise; a fraction's strength, the transit between
compartments, a person's shift, own chance of taking a dose; what a fraction adds this week, healing after the course, the
course's last day, the factor of missed doses, the bias of who looks, and what was just read from a table."""
NUMBER_ROWS = 14
