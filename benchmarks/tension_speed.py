"""What it costs to measure tonal tension: of a file, of a candidate, of one changed note; and its limit.

`table()` gives Markdown; `python -m benchmarks.tension_speed` prints it.  Times are the least of several
runs of one thread, by the clock, unless said otherwise: a shared machine only ever adds to them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.tension_limit import least, peaks, shared_loop_s, work_of_change, work_of_whole
from tensionbgm.kernels import ribbon_cpu
from tensionbgm.kernels.ribbon_rules import Layout
from tensionbgm.music.keys import find_key
from tensionbgm.music.notes import NOTE, KeyChange, Notes, read_midi
from tensionbgm.music.ribbons import ribbons
from tensionbgm.music.windows import UNITS, Windows, windows
from tensionbgm.search.ribbons import evaluate, layout, start

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES, CORPUS = DATA / "oracle_tension" / "inputs", DATA / "corpora" / "pop909"
PUBLISHED = DATA / "oracle_tension" / "timing_midiminer.json"
HOME = (KeyChange(0.0, 0, "major"),)
BATCH, CROWD, CHANGES = 16, 512, 2_000  # candidates in a call, for threads, changes in a call
MINUTE_NOTES = 838
LENGTHS = (1, 2, 4, 8, 16, 32, 64)  # minutes
# of that minute, measured on a machine like this one, one thread: full evaluation [us], one change [ns]
EARLIER = {"beat": ("12.2", "82"), "beat, half, bar": ("25.7", "190"), "sliding": ("-", "-")}


def table() -> str:
    """Markdown: files, the minute, length, threads, limit, the whole of POP909.  A few minutes."""
    parts = [minute_table(), length_table(), thread_table(), limit_table()]
    if FILES.is_dir():
        parts.insert(0, file_table())
    if CORPUS.is_dir():
        parts.append(corpus_table())
    return "\n\n".join([*parts, "No CUDA device was at hand: no time is claimed for one.", ""])


def full_s(laid: Layout, pitch: np.ndarray, batch: int = BATCH, threads: int = 1) -> float:
    """Seconds a candidate takes in a batch."""
    state = start(laid, np.repeat(pitch[None], batch, axis=0), "cpu", 1)
    return least(lambda: ribbon_cpu.evaluate(laid, state, threads)) / batch


def change_s(laid: Layout, pitch: np.ndarray) -> float:
    """Seconds a random change of one note takes, each to another pitch class, among many in a call."""
    rng = np.random.default_rng(0)
    now, walk = pitch.astype(np.int64), []
    for note in rng.integers(0, len(pitch), CHANGES):
        to = now[note] + rng.integers(1, 12)
        walk.append((note, now[note], to))
        now[note] = to
    note, before, after = np.array(walk).T
    there_and_back = np.concatenate([note, note[::-1]])[None], np.concatenate([after, before[::-1]])[None]
    state = start(laid, pitch[None], "cpu", 1)
    return least(lambda: ribbon_cpu.change(laid, state, *there_and_back, 1)) / (2 * CHANGES)


# --------------------------------------------------------------------------- files


def file_table() -> str:
    """Means over the files that were also given to the published tool."""
    published = {row["file"]: row for row in json.loads(PUBLISHED.read_text(encoding="utf-8"))}
    heads = (
        *("set", "files", "notes", "windows", "reading [ms]", "plain form [ms]", "layout [ms]"),
        *("whole, kernel [us]", "one change [ns]", "midi-miner, bars [ms]", "plain form: times faster"),
        *("layout and kernel: times faster", "kernel: times faster"),
    )
    lines = [_row(*heads), _row(*["---"] * len(heads))]
    for folder in ("pop909", "jsb"):
        paths = [
            p for p in sorted((FILES / folder).glob("*.mid")) if f"inputs/{folder}/{p.name}" in published
        ]
        rows = np.array([file_row(path) for path in paths])
        theirs = np.array([published[f"inputs/{folder}/{p.name}"]["tension_bar_s"] for p in paths])
        notes, count, read, plain, laid, whole, change = rows.mean(axis=0)
        ratios = [theirs.mean() / spent for spent in (plain, laid + whole, whole)]
        cells = [
            *(folder, str(len(paths)), f"{notes:.0f}", f"{count:.0f}", f"{read * 1e3:.1f}"),
            *(f"{plain * 1e3:.2f}", f"{laid * 1e3:.2f}", f"{whole * 1e6:.1f}", f"{change * 1e9:.0f}"),
            *(f"{theirs.mean() * 1e3:.1f}", *(f"{ratio:.0f}" for ratio in ratios)),
        ]
        lines.append(_row(*cells))
    note = (
        "Notes and key given, windows a bar long and a beat apart.  midi-miner: its tension functions alone, "
        "on a piano roll already made (making it took 22 to 189 ms more), bar windows, processor seconds on "
        "such a machine."
    )
    return "\n".join([*lines, "", note])


def file_row(path: Path) -> tuple[float, ...]:
    """Notes, windows, and seconds: reading, plain form, layout, kernel, one change."""
    notes = read_midi(path)
    keys, over = _keys(notes), windows(notes)
    laid, pitch = layout(notes, over, keys), notes.notes["pitch"]
    return (
        len(notes.notes),
        len(over),
        least(lambda: read_midi(path)),
        least(lambda: ribbons(notes, keys, over)),
        least(lambda: layout(notes, over, keys)),
        full_s(laid, pitch),
        change_s(laid, pitch),
    )


def corpus_table() -> str:
    """Every piece of POP909 once: seconds in all, each stage once, by the clock."""
    paths = sorted(CORPUS.glob("*/*.mid"))
    spent = dict.fromkeys(("reading", "keys", "windows", "plain form", "layout", "kernel"), 0.0)
    for path in paths:
        notes = _timed(spent, "reading", lambda path=path: read_midi(path))
        keys = _timed(spent, "keys", lambda notes=notes: _keys(notes))
        over = _timed(spent, "windows", lambda notes=notes: windows(notes))
        _timed(spent, "plain form", lambda a=(notes, keys, over): ribbons(*a))
        laid = _timed(spent, "layout", lambda a=(notes, over, keys): layout(*a))
        pitch = notes.notes["pitch"][None]
        _timed(spent, "kernel", lambda a=(laid, pitch): evaluate(*a, "cpu", 1))
    alone = spent["keys"] + spent["windows"] + spent["plain form"]
    lines = [
        "| POP909, seconds for all pieces | "
        + " | ".join(spent)
        + " | profile alone | reading and profile |",
        "|---" * (len(spent) + 3) + "|",
        _row(
            f"{len(paths)} pieces",
            *(f"{s:.2f}" for s in spent.values()),
            f"{alone:.2f}",
            f"{alone + spent['reading']:.2f}",
        ),
    ]
    return "\n".join([*lines, "", "Profile: keys, windows and the plain form."])


def _timed(spent: dict[str, float], name: str, work: Callable) -> object:
    began = time.perf_counter()
    done = work()
    spent[name] += time.perf_counter() - began
    return done


def _keys(notes: Notes) -> tuple[KeyChange, ...]:
    return notes.keys or (KeyChange(0.0, *find_key(notes)),)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


# --------------------------------------------------------------------------- the minute


def minute_notes(minutes: int = 1) -> Notes:
    """A minute at 120: 30 bars, six voices, 838 notes of a 16th to a half; repeated end to end."""
    for seed in range(10_000):
        rng = np.random.default_rng(seed)
        rows = [row for voice in range(6) for row in _voice(rng, voice)]
        if len(rows) == MINUTE_NOTES:
            break
    one = np.zeros(len(rows), NOTE)
    one["onset_quarter"], one["duration_quarter"], one["track"] = np.array(rows).T
    one["pitch"], one["velocity"] = rng.integers(36, 85, len(rows)), 80
    table = np.concatenate([one] * minutes)
    table["onset_quarter"] += np.repeat(120.0 * np.arange(minutes), len(one))
    table = table[np.lexsort((table["track"], table["onset_quarter"]))]
    knots = np.array([0.0, 120.0 * minutes])
    return Notes(table, ("voice",) * 6, np.arange(0, 120 * minutes + 1, 4.0), knots, knots / 2, ())


def _voice(rng: np.random.Generator, voice: int) -> list[tuple[float, float, int]]:
    """Notes that fill 480 16ths: onset, duration [quarters], voice."""
    rows, at = [], 0
    while at < 480:
        long = min(int(rng.choice([1, 2, 4, 8], p=[0.22, 0.33, 0.30, 0.15])), 480 - at)
        rows.append((at / 4, long / 4, voice))
        at += long
    return rows


def over_of(notes: Notes, name: str) -> Windows:
    """Windows by name; "beat, half, bar" is three sizes at once, each looking back on its own size."""
    if name != "beat, half, bar":
        return windows(notes, name)
    end = int(notes.bar_quarter[-1]) * UNITS
    starts = [np.arange(0, end, size * UNITS) for size in (1, 2, 4)]
    length = np.repeat([1, 2, 4], [len(s) for s in starts]) * UNITS
    base = np.repeat(np.cumsum([0, *(len(s) for s in starts[:-1])]), [len(s) for s in starts])
    before = np.maximum(np.arange(len(length)) - 1, base)
    begin = np.concatenate(starts)
    order = np.argsort(begin, kind="stable")
    return Windows(begin[order], (begin + length)[order], np.argsort(order)[before[order]])


def minute(name: str, minutes: int = 1) -> tuple[Layout, np.ndarray]:
    """The minute laid out, and its pitches."""
    notes = minute_notes(minutes)
    return layout(notes, over_of(notes, name), HOME), notes.notes["pitch"]


def minute_table() -> str:
    """The minute by windows, beside what was measured of it elsewhere."""
    notes = minute_notes()
    lines = [
        "| a minute, 838 notes | windows | plain form [us] | whole, kernel [us] | earlier [us] "
        "| one change [ns] | earlier [ns] |",
        "|---" * 7 + "|",
    ]
    for name, (whole_before, change_before) in EARLIER.items():
        over = over_of(notes, name)
        laid, pitch = layout(notes, over, HOME), notes.notes["pitch"]
        plain = least(lambda over=over: ribbons(notes, HOME, over))
        cells = [
            *(name, str(len(over)), f"{plain * 1e6:.0f}", f"{full_s(laid, pitch) * 1e6:.1f}", whole_before),
            *(f"{change_s(laid, pitch) * 1e9:.0f}", change_before),
        ]
        lines.append(_row(*cells))
    note = (
        "Earlier: a prototype that took the diameter over all notes of a window; here it is that of what "
        "sounds together, averaged over time.  One whole evaluation of such a minute by others: MorpheuS "
        "(Java, eighths) 680 us, midi-miner (beats) 44,700 us, partitura (1 beat) 76,000 us."
    )
    return "\n".join([*lines, "", note])


def length_table() -> str:
    """Cost against length, and the slope of log cost over log notes."""
    lines = [
        "| notes | layout [ms] | plain form [ms] | whole, kernel [us] | one change [ns] |",
        "|---" * 5 + "|",
    ]
    rows = []
    for minutes in LENGTHS:
        notes = minute_notes(minutes)
        over, pitch = windows(notes), notes.notes["pitch"]
        laid = layout(notes, over, HOME)
        state = start(laid, pitch[None], "cpu", 1)
        costs = (
            least(lambda a=(notes, over, HOME): layout(*a)),
            least(lambda a=(notes, HOME, over): ribbons(*a)),
            least(lambda a=(laid, state): ribbon_cpu.evaluate(*a, 1)),
            change_s(laid, pitch),
        )
        rows.append((len(pitch), *costs))
        scaled = np.array(costs) * (1e3, 1e3, 1e6, 1e9)
        lines.append(
            _row(str(len(pitch)), *(f"{cost:.{d}f}" for cost, d in zip(scaled, (2, 2, 0, 0), strict=True)))
        )
    size, *costs = np.log(np.array(rows).T)
    slopes = [np.polyfit(size, cost, 1)[0] for cost in costs]
    return "\n".join([*lines, _row("slope", *(f"{slope:.2f}" for slope in slopes))])


def thread_table() -> str:
    """A batch shared out by candidates, and one long piece by windows, beside a loop that shares nothing."""
    laid, pitch = minute("sliding")
    long_laid, long_pitch = minute("sliding", 64)
    state = start(long_laid, long_pitch[None], "cpu", 1)
    lines = [
        f"| threads | {CROWD} candidates of the minute [us each] | one piece of 64 minutes [us] "
        "| control: a loop in registers [us] |",
        "|---" * 4 + "|",
    ]
    for threads in (1, 2):
        each = full_s(laid, pitch, CROWD, threads)
        whole = least(lambda threads=threads: ribbon_cpu.evaluate(long_laid, state, threads))
        control = shared_loop_s(threads)
        lines.append(_row(str(threads), f"{each * 1e6:.1f}", f"{whole * 1e6:.0f}", f"{control * 1e6:.0f}"))
    return "\n".join([*lines, "", "Where the control gains nothing, other work held the second core."])


def limit_table() -> str:
    """Needed, achieved, and the machine's peak."""
    laid, pitch = minute("beat")
    whole, change = work_of_whole(laid), work_of_change(laid)
    times = (full_s(laid, pitch), change_s(laid, pitch))
    copy, near, add, lookup = peaks()
    bound = [max(work.bytes / near, work.ops / lookup) for work in (whole, change)]
    lines = [
        "| the minute, beats | bytes | operations | GB/s | Gop/s | limit [us] | time [us] | limit / time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, work, spent, limit in zip(("whole", "one change"), (whole, change), times, bound, strict=True):
        lines.append(
            f"| {name} | {work.bytes:.0f} | {work.ops:.0f} | {work.bytes / spent / 1e9:.1f} "
            f"| {work.ops / spent / 1e9:.2f} | {limit * 1e6:.3f} | {spent * 1e6:.3f} | {limit / spent:.0%} |"
        )
    lines += [
        f"| peak: copy, 64 MB | | | {copy / 1e9:.1f} | | | | |",
        f"| peak: copy, 16 kB | | | {near / 1e9:.1f} | | | | |",
        f"| peak: multiply-adds in registers | | | | {add / 1e9:.2f} | | | |",
        f"| peak: multiply-adds of numbers looked up | | | | {lookup / 1e9:.2f} | | | |",
    ]
    note = (
        "The state of a candidate and the tables it uses lie in the caches next to the core, so the limit is "
        "the larger of bytes at the speed of the near copy and operations at that of the looked-up ones."
    )
    return "\n".join([*lines, "", note])


if __name__ == "__main__":
    print(table())
