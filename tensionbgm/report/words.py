"""The numbers of a report -> sentences a video maker can use, each beside what chance or real music gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tensionbgm.report.rules import BACH


@dataclass(frozen=True)
class Figure:
    """One number, told."""

    title: str
    value: str
    beside: str = ""  # chance, controls, real music
    meaning: str = ""
    good: bool | None = None  # clearly better than what stands beside it; None: no verdict


@dataclass(frozen=True)
class Bar:
    """One bar of a small chart."""

    name: str
    share: float  # 0..1 of the full width
    text: str
    ours: bool = False


NONE = "–"
WORTH_SAYING = 0.02  # irreducible misfit [levels]: a third of what curves are usually missed by


def headline(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The few numbers to read first."""
    shown = (_cuts, _tension, _end, _speech, _repetition, _leading)
    return tuple(figure for figure in (tell(report) for tell in shown) if figure is not None)


def cut_bars(report: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Share of cuts met, beside chance and shuffled shots."""
    cuts = report["metrics"]["cuts"]
    if not cuts["n"]:
        return ()
    rows = (
        ("this music, 40 ms", cuts["hit_40ms"], True),
        ("this music, weighted by how strong the cut looks", cuts["weighted_hit_40ms"], True),
        ("same music, shots in another order", cuts["control_shuffled_hit_40ms"], False),
        ("random cuts", cuts["chance_40ms"], False),
        ("this music, 100 ms", cuts["hit_100ms"], True),
        ("random cuts, 100 ms", cuts["chance_100ms"], False),
    )
    return tuple(Bar(name, share, percent(share), ours) for name, share, ours in rows if share is not None)


def tension_bars(report: Mapping[str, Any]) -> tuple[Bar, ...]:
    """Correlation with the curve asked for, beside controls."""
    fit = report["metrics"]["tension"]
    rows = (
        ("this music", fit["pearson"], True),
        ("before the search chose the notes", fit["control_unoptimised"], False),
        ("against the curve played backwards", fit["control_reversed"], False),
        ("against the curve with its parts shuffled", fit["control_shuffled"], False),
    )
    return tuple(Bar(name, max(r, 0.0), f"{r:+.2f}", ours) for name, r, ours in rows if r is not None)


def details(report: Mapping[str, Any]) -> tuple[tuple[str, tuple[Figure, ...]], ...]:
    """All other numbers, in groups."""
    groups = (
        ("Sound", _sound(report)),
        ("Voice leading", _rules(report)),
        ("How it was made", _making(report)),
    )
    return tuple((title, figures) for title, figures in groups if figures)


def percent(share: float | None) -> str:
    """A share as "86 %"."""
    return NONE if share is None else f"{100 * share:.0f} %"


def count(n: int, noun: str) -> str:
    """A number of things, "1 cut" or "2 cuts"."""
    return f"{n} {noun}" + ("" if n == 1 else "s")


def number(value: Any) -> str:
    """Any value of the report, short."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}".replace(",", "\u202f")
    if isinstance(value, float):
        return f"{value:,.0f}".replace(",", "\u202f") if abs(value) >= 1e4 else f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(number(item) for item in value) or NONE
    return str(value)


def _cuts(report: Mapping[str, Any]) -> Figure:
    cuts = report["metrics"]["cuts"]
    if not cuts["n"]:
        return Figure("Cuts on an accent", NONE, "the film has no hard cuts", "Nothing to land on.")
    met, chance = round(cuts["hit_40ms"] * cuts["n"]), cuts["chance_40ms"]
    control = cuts["control_shuffled_hit_40ms"]
    beside = f"chance {percent(chance)}" + ("" if control is None else f", shuffled shots {percent(control)}")
    meaning = (
        f"{met} of {cuts['n']} cuts have a strong beat with a note, or a lone loud attack, within 40 ms, "
        "about one frame. Chance is what cuts at random times would get from this same music."
    )
    return Figure(
        "Cuts on an accent", percent(cuts["hit_40ms"]), beside, meaning, cuts["hit_40ms"] > 2 * chance
    )


def _tension(report: Mapping[str, Any]) -> Figure:
    fit = report["metrics"]["tension"]
    if fit["pearson"] is None:
        beside = "a flat curve correlates with nothing"
        meaning = f"Mean distance from the curve: {number(fit['rmse'])}."
        return Figure("Tension followed", NONE, beside, meaning + _returns_cost(fit))
    controls = [("shuffled", fit["control_shuffled"]), ("before search", fit["control_unoptimised"])]
    beside = ", ".join(f"{name} {r:+.2f}" for name, r in controls if r is not None)
    beside = f"RMSE {fit['rmse']:.2f}; {beside}" if fit["rmse"] is not None else beside
    meaning = (
        "How closely the tension of the written music rises and falls with the curve: 1 is exactly, 0 not "
        f"at all. Typical distance from the curve: {number(fit['rmse'])} on its scale of 0 to 1."
    )
    meaning += _returns_cost(fit)
    good = fit["control_shuffled"] is not None and fit["pearson"] > max(fit["control_shuffled"], 0) + 0.3
    return Figure("Tension followed", f"{fit['pearson']:+.2f}", beside, meaning, good)


def _returns_cost(fit: Mapping[str, Any]) -> str:
    """What the harmony cannot follow because it returns, if that is worth a sentence."""
    lost = (fit["irreducible"] or {}).get("curve", 0.0)
    if lost < WORTH_SAYING:
        return ""
    return (
        f" Of that, {number(lost)} is out of reach of the harmony: returns must be the same, and the curve "
        "asks them for different tension."
    )


def _end(report: Mapping[str, Any]) -> Figure | None:
    error_ms = report["metrics"]["cuts"]["end_error_ms"]
    if error_ms is None:
        return None
    frame_ms = 1000 / report["video"]["fps"] if report["video"] and report["video"]["fps"] else 40.0
    meaning = "Distance from the end of the last note to the end of the last frame."
    return Figure(
        "Ends off by", f"{error_ms:.0f} ms", f"one frame is {frame_ms:.0f} ms", meaning, error_ms <= frame_ms
    )


def _repetition(report: Mapping[str, Any]) -> Figure | None:
    patterns = report["metrics"]["patterns"]
    tied, kept = patterns["constrained_notes"], patterns["satisfied"]
    if not tied:
        return None
    meaning = (
        f"{number(kept)} of {number(tied)} notes that had to repeat an earlier one do, in the file. The "
        f"piece has {number(patterns['compression_ratio'])} notes for each one that was free to choose."
    )
    return Figure("Returns kept", percent(kept / tied), f"{number(tied)} notes tied", meaning, kept == tied)


def _speech(report: Mapping[str, Any]) -> Figure | None:
    spans_db = [db for db in (report.get("sound") or {}).get("speech_to_music_db") or () if db is not None]
    if not spans_db:
        return None
    meaning = (
        "How far the music stays below the voices, in the worst of the "
        f"{len(spans_db)} stretches where somebody speaks. From 12 dB on every word is clear."
    )
    return Figure(
        "Speech above music", f"{min(spans_db):.0f} dB", "12 dB promised", meaning, min(spans_db) >= 12
    )


def _leading(report: Mapping[str, Any]) -> Figure | None:
    rules = report["metrics"]["rules"]
    if not rules["notes"]:
        return None
    faults = ("voice_crossings", "parallel_fifths_octaves", "unresolved_leaps")
    ours = sum(rules["per_100_notes"][name] for name in faults)
    bach = sum(BACH[name] for name in faults)
    meaning = "Crossed voices, parallel fifths or octaves and unanswered leaps, for every 100 notes."
    return Figure(
        "Voice-leading faults", f"{ours:.1f}", f"Bach's chorales {bach:.1f}, per 100 notes", meaning
    )


def _sound(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    facts = report.get("sound") or {}
    return tuple(
        Figure(title, f"{number(facts[name])} {unit}".strip())
        for name, (title, unit) in SOUND_WORDS.items()
        if facts.get(name) not in (None, [])
    )


SOUND_WORDS = {
    "follows_curve": ("heard loudness follows the curve, r", ""),
    "sound": ("the film's own sound", ""),
    "music_lufs": ("loudness of the music alone", "LUFS"),
    "film_lufs": ("loudness of the film's sound", "LUFS"),
    "speech_lufs": ("loudness of the speech", "LUFS"),
    "music_gain_db": ("music under the film", "dB"),
    "speech_to_music_db": ("speech above music, each stretch", "dB"),
    "mix_lufs": ("loudness of the mix", "LUFS"),
    "true_peak_dbtp": ("true peak of the mix", "dBTP"),
    "limited_db": ("deepest bite of the limiter", "dB"),
}


def _rules(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    rules = report["metrics"]["rules"]
    return tuple(
        Figure(
            name.replace("_", " "),
            number(rules[name]),
            f"{rate:.2f} per 100 notes" + (f"; Bach {BACH[name]:.2f}" if name in BACH else ""),
            RULE_WORDS.get(name, ""),
        )
        for name, rate in rules["per_100_notes"].items()
    )


RULE_WORDS = {
    "out_of_range": "Notes the instrument cannot play.",
    "voice_crossings": "Moments at which a lower line climbs over a higher one.",
    "parallel_fifths_octaves": "Two lines that move together in fifths or octaves and so sound like one.",
    "unresolved_leaps": "Leaps larger than a fifth that are not answered by turning back.",
    "leaps_over_octave": "Leaps larger than an octave in melody and counter-melody.",
    "stuck_notes": "From the fourth equal note in a row on.",
    "clashes": "Notes a semitone apart that start together and last.",
}


def _making(report: Mapping[str, Any]) -> tuple[Figure, ...]:
    search, solver = report["metrics"]["search"] or {}, report["plan"]["cp_sat"]
    harmony = report["plan"].get("harmony")
    said = (report["metrics"]["prior_note"],)  # what is missing with a reason is shown
    rows = [
        ("seed", report["seed"], "same seed, same music"),
        ("effort", report["effort"], ""),
        ("searched on", report["device"], ""),
        ("palette", report["plan"]["palette"], ""),
        ("key", [name for _, name in report["plan"]["key"]], ""),
        ("moves tried", search.get("moves"), f"{number(search.get('moves_per_s'))} a second"),
        ("cost of the notes", search.get("cost_end"), f"{number(search.get('cost_start'))} at the start"),
        (
            "bars and cuts solved",
            solver["status"].lower(),
            f"cost {number(solver['objective'])}, no solution is below {number(solver['bound'])}",
        ),
        (
            "chords solved",
            harmony and harmony["status"].lower(),
            harmony and f"cost {number(harmony['objective'])}, none cost below {number(harmony['bound'])}",
        ),
        (
            "likeness to real music",
            (report["metrics"]["prior"] or {}).get("nats_per_note"),
            report["metrics"]["prior_note"] or "nats per note",
        ),
        ("version", report["version"], ""),
    ]
    return tuple(
        Figure(title, number(value), beside)
        for title, value, beside in rows
        if value is not None or beside in said
    )
