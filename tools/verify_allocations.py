#!/usr/bin/env python3
"""Recompute every allocation from a revealed seed without Equipoise: the standard library and this file.

    python3 verify_allocations.py reveal.json [HOME_OR_SQLITE]

Exit code 0: the commitment and every arm come out. Exit code 1: they do not; every place is printed. With a
ledger, its commitment, and number, request and strata of its randomizations are compared as well (there
the arms are sealed). The rules are those of docs/reference/randomization.md, written a second time on
purpose: whoever doubts one program reads the other.
"""

import argparse
import hashlib
import hmac
import json
import pathlib
import sqlite3
import sys
import unicodedata
from fractions import Fraction
from typing import Any

Scheme = dict[str, Any]
Counts = dict[str, int]


def commitment(reveal: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of scheme, seed and source."""
    content = {name: reveal[name] for name in ("scheme", "seed", "source")}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode()).hexdigest()


# --- Draws: 53 bits at an address ---------------------------------------------------------------


def hmac_draw(seed: str, stratum: str, index: int) -> int:
    """The first 53 bits of HMAC-SHA256(seed, "stratum|index")."""
    digest = hmac.new(bytes.fromhex(seed), f"{stratum}|{index}".encode(), "sha256").digest()
    return int.from_bytes(digest[:8], "big") >> 11


def philox_draw(seed: str, stratum: str, index: int) -> int:
    """53 bits of Philox4x64-10 (Salmon et al. 2011) with key (seed, replicate)."""
    word = 2**64 - 1
    k0, k1 = (int(part) & word for part in seed.split(":"))
    hashed = int.from_bytes(hashlib.sha256(stratum.encode()).digest()[:8], "big")
    c = [index // 4, hashed, int.from_bytes(b"allocate", "big"), 0]
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(b >> 64) ^ c[1] ^ k0, b & word, (a >> 64) ^ c[3] ^ k1, a & word]
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & word, (k1 + 0xBB67AE8584CAA73B) & word
    return c[index % 4] >> 11


# --- Rules --------------------------------------------------------------------------------------


def weighted(draw: int, chances: list[Fraction]) -> int:
    """The first place whose cumulated chance exceeds the draw."""
    total = Fraction(0)
    for place, chance in enumerate(chances):
        total += chance
        if draw < total * 2**53:
            return place
    raise ValueError("the chances do not sum to 1")


def block_place(draw: Any, sizes: list[int], shares: list[int], place: int) -> int:
    """The arm at a place of a stratum's list of permuted blocks; `draw(index)` draws there."""
    first = 0
    while True:
        size = sizes[draw(first) * len(sizes) >> 53]
        block = [a for a, share in enumerate(shares) for _ in range(share * size // sum(shares))]
        for i in range(size - 1, 0, -1):
            j = draw(first + size - i) * (i + 1) >> 53
            block[i], block[j] = block[j], block[i]
        if place < size:
            return block[place]
        place -= size
        first += max(sizes) + 1


def coin_chances(rule: Scheme, shares: list[int], counts: list[int]) -> list[Fraction]:
    """Chances of the rules that look at one stratum's counts."""
    total = sum(shares)
    if rule["type"] == "biased_coin" and counts[0] != counts[1]:
        p = Fraction(rule["probability"])
        return [p, 1 - p] if counts[0] < counts[1] else [1 - p, p]
    if rule["type"] == "urn":
        balls = [rule["alpha"] + rule["beta"] * (sum(counts) - n) for n in counts]
        if any(balls):
            return [Fraction(ball, sum(balls)) for ball in balls]
    return [Fraction(share, total) for share in shares]


def spread(counts: list[Fraction], measure: str) -> Fraction:
    """Range or sample variance."""
    if measure == "range":
        return max(counts) - min(counts)
    mean = sum(counts) / len(counts)
    squares = [(n - mean) ** 2 for n in counts]
    return Fraction(sum(squares)) / (len(counts) - 1)


def minimized(rule: Scheme, shares: list[int], margins: dict[str, list[int]]) -> list[Fraction]:
    """Chances by Pocock and Simon; `margins`: per factor the counts at the participant's level."""
    arms, q = range(len(shares)), Fraction(rule["probability"])
    cost = []
    for arm in arms:
        total = Fraction(0)
        for factor, counts in margins.items():
            after = [Fraction(counts[a] + (a == arm), shares[a]) for a in arms]
            total += Fraction(rule["weights"].get(factor, 1)) * spread(after, rule["measure"])
        cost.append(total)
    if rule["coin"] == "rank":
        n = len(shares)
        by_rank = [q - 2 * (n * q - 1) * Fraction(k, n * (n + 1)) for k in range(1, n + 1)]
        chances = []
        for own in cost:
            lower, tied = sum(c < own for c in cost), cost.count(own)
            chances.append(Fraction(sum(by_rank[lower : lower + tied])) / tied)
        return chances
    best = [arm for arm in arms if cost[arm] == min(cost)]
    weight, chances = sum(shares[arm] for arm in best), [Fraction(0)] * len(shares)
    for arm in best:
        others = sum(shares) - shares[arm]
        high = 1 - (1 - q) * Fraction(others, sum(shares) - min(shares))
        for a in arms:
            p = high if a == arm else (1 - high) * Fraction(shares[a], others)
            chances[a] += Fraction(shares[arm], weight) * p
    return chances


def arms_of(reveal: dict[str, Any]) -> list[str]:
    """The arm of each participant, asked in the order of the reveal."""
    scheme, seed = reveal["scheme"], reveal["seed"]
    draw = {"hmac-sha256": hmac_draw, "philox": philox_draw}[reveal["source"]]
    names, shares = [a["arm"] for a in scheme["arms"]], [a["ratio"] for a in scheme["arms"]]
    rule, factors = scheme["rule"], [factor["id"] for factor in scheme["factors"]]
    cells: dict[str, list[int]] = {}
    levels: dict[tuple[str, str], list[int]] = {}
    given = []
    for number, one in enumerate(reveal["allocations"]):
        strata = one["strata"]
        stratum = "|".join(f"{factor}={strata[factor]}" for factor in factors)
        cell = cells.setdefault(stratum, [0] * len(names))
        margins = {f: levels.setdefault((f, strata[f]), [0] * len(names)) for f in factors}
        if rule["type"] == "permuted_blocks":
            arm = block_place(
                lambda i, s=stratum: draw(seed, s, i), rule["sizes"], shares, sum(cell)
            )
        elif rule["type"] == "minimization":
            arm = weighted(draw(seed, "", number), minimized(rule, shares, margins))
        else:
            arm = weighted(draw(seed, stratum, sum(cell)), coin_chances(rule, shares, cell))
        for counts in (cell, *margins.values()):
            counts[arm] += 1
        given.append(names[arm])
    return given


# --- The ledger ---------------------------------------------------------------------------------


def against_ledger(reveal: dict[str, Any], database: pathlib.Path) -> list[str]:
    """What the ledger says otherwise than the reveal."""
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    query = "SELECT seq, type, payload FROM events WHERE type IN (?, ?) ORDER BY seq"
    rows = connection.execute(query, ("RandomizationCommitted", "ParticipantRandomized"))
    left = {one["request"]: one for one in reveal["allocations"]}
    problems, committed = [], False
    for seq, kind, text in rows:
        payload = json.loads(text)
        if kind == "RandomizationCommitted":
            committed = True
            if payload["commitment"] != commitment(reveal):
                problems.append(f"event {seq}: another seed or scheme was committed to")
            continue
        if not committed:
            problems.append(f"event {seq}: randomized before the commitment")
        one = left.pop(payload["request"], None)
        if one is None or (one["number"], one["strata"]) != (payload["number"], payload["strata"]):
            problems.append(f"event {seq}: {payload['request']} is not so in the reveal")
    if not committed:
        problems.append("the ledger holds no commitment")
    return problems + [f"the ledger does not know {request}" for request in left]


def main() -> int:
    parser = argparse.ArgumentParser(description="Recompute every allocation of a trial.")
    parser.add_argument("reveal", type=pathlib.Path, help="what the keeper revealed")
    parser.add_argument("ledger", type=pathlib.Path, nargs="?", help="a home, or a ledger's file")
    given = parser.parse_args()
    reveal = json.loads(given.reveal.read_text(encoding="utf-8"))
    problems = []
    for place, (one, arm) in enumerate(zip(reveal["allocations"], arms_of(reveal), strict=True), 1):
        if (one["number"], one["arm"]) != (place, arm):
            problems.append(
                f"allocation {place}: {one['arm']} as number {one['number']} was given,"
                f" seed and scheme give {arm}"
            )
    if given.ledger is not None:
        database = given.ledger / "ledger.sqlite" if given.ledger.is_dir() else given.ledger
        problems += against_ledger(reveal, database)
    for problem in problems:
        print(problem)
    print(f"commitment {commitment(reveal)}")
    print("NOT AS COMMITTED" if problems else f"{len(reveal['allocations'])} allocations as given")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
