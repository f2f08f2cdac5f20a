"""`Form`, `Shots`, wishes -> `Grid`: tempo and bars of the whole film, its sections moved to bar lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tensionbgm import config
from tensionbgm.errors import InputError
from tensionbgm.forms import Form, Grid, Marker, Section, Shots, Solver
from tensionbgm.plan.grid_clash import find_clash, misses_told, told
from tensionbgm.plan.grid_instance import Instance, check_input, make_instance, widened
from tensionbgm.plan.grid_lattice import with_lines
from tensionbgm.plan.grid_markers import HELD_US, check_markers, make_accents, misses_us
from tensionbgm.plan.grid_solve import Solution, solve
from tensionbgm.progress import Watch

WIDENINGS = (
    0.0,
    0.01,
    0.02,
    0.03,
    0.04,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.6,
    0.8,
    1.0,
    1.5,
    2.0,
    3.0,
    5.0,
    7.0,
)


def plan_grid(
    form: Form,
    shots: Shots,
    duration_s: float,
    ask: config.Ask,
    importance: np.ndarray | None = None,
    watch: Watch | None = None,
    preferred_bpm: float | None = None,
    markers: Sequence[Marker] = (),
) -> Grid:
    """Choose tempo and bars so that strong cuts fall on strong beats and the last bar ends with the film.

    Every marker has the beat it names within 40 ms.

    Parameters
    ----------
    form : Form
        sections, in order of time; their starts should fall on bar lines
    shots : Shots
        hard cuts are the accents asked for
    duration_s : float
        to the end of the last frame [s], 0.5 or more
    ask : config.Ask
        `tempo`, `meter` and `nearest` are read
    importance : float (n_cuts,), optional
        0..1; multiplies the strength of each cut
    watch : Watch, optional
    preferred_bpm : float, optional
        tempo to prefer inside the range [quarters a minute]; default its middle
    markers : sequence of Marker
        moments that must be met; they are accents, too

    Returns
    -------
    grid : Grid
        the last bar ends within 3 microseconds of the film; the same input gives the same grid

    Raises
    ------
    InputError
        the film is too short; form, shots or importance contradict themselves; markers cannot all be met
        (and `ask.nearest` is false)
    UsageError
        tempo or meter cannot be read
    """
    watch = watch or Watch()
    check_input(form, shots, duration_s, importance)
    check_markers(markers, duration_s)
    cut_s, weight = make_accents(shots.cut_s, shots.strength, importance, markers, duration_s)
    instance = make_instance(form, cut_s, weight, duration_s, ask, preferred_bpm, markers)
    for widening in WIDENINGS:
        wide = with_lines(widened(instance, widening))
        solution = solve(wide, watch=watch)
        if solution is not None:
            grid = to_grid(wide, solution, form, cut_s, weight)
            said = (*_missed(wide, grid, markers, ask), *_differences(grid, instance, ask))
            return replace(grid, warnings=said)
    raise InputError(f"no bars fit a film of {duration_s:.3f} s; widen the range of tempi")


def _missed(instance: Instance, grid: Grid, markers: Sequence[Marker], ask: config.Ask) -> list[str]:
    """Markers the grid does not meet: an error, or a warning if the nearest plan was asked for."""
    off = misses_us(grid, markers)
    missed = np.flatnonzero(np.abs(off) > HELD_US).tolist()
    if not missed:
        return []
    those = [markers[m] for m in missed]
    if not ask.nearest:
        clash = find_clash(instance, markers, those[0])
        raise InputError(told(clash, those, off[missed], ask.tempo))
    return [f"markers: they cannot all be met; the nearest plan has {misses_told(those, off[missed])}"]


def to_grid(
    instance: Instance, solution: Solution, form: Form, cut_s: np.ndarray, weight: np.ndarray
) -> Grid:
    """Bars in whole microseconds, and the sections on them."""
    beats = [bar for _, _, bars in solution.phrases for bar in bars]
    tempo: list[int] = []
    now = 0
    for _, target, bars in solution.phrases:
        # Each phrase aims at its anchor from where the last one really ended: nothing drifts.
        period = round((int(instance.anchor_us[target]) - now) / sum(bars))
        tempo += [period] * len(bars)
        now += period * sum(bars)
    tempo[-1] += round((instance.end_us - now) / beats[-1])
    line = np.concatenate([[0], np.cumsum(np.array(beats) * np.array(tempo))])
    sections, owner = _sections_on_lines(form, instance.boundary_us, line)
    return Grid(
        bar_beats=np.array(beats, np.int64),
        bar_tempo_us=np.array(tempo, np.int64),
        bar_section=owner,
        sections=sections,
        cut_s=cut_s,
        cut_weight=weight,
        solver=Solver(solution.status, solution.objective, solution.bound),
    )


def _sections_on_lines(
    form: Form, boundary_us: np.ndarray, line: np.ndarray
) -> tuple[tuple[Section, ...], np.ndarray]:
    """Sections that have a bar, with their times on bar lines; and the section of each bar."""
    inner = [int(np.abs(line - us).argmin()) for us in boundary_us]
    edge = [0, *inner, len(line) - 1]
    sections: list[Section] = []
    owner = np.zeros(len(line) - 1, np.int64)
    for section, first, after in zip(form.sections, edge[:-1], edge[1:], strict=True):
        if after <= first:
            continue
        owner[first:after] = len(sections)
        origin = next((i for i, s in enumerate(sections) if s.label == section.label), None)
        # A first time that got no bar hands its part, untransposed, to the first return that did.
        sections.append(
            Section(
                section.label,
                float(line[first] / 1e6),
                float(line[after] / 1e6),
                origin,
                0 if origin is None else section.transpose,
            )
        )
    return tuple(sections), owner


def _differences(grid: Grid, asked: Instance, ask: config.Ask) -> list[str]:
    """Say what differs from what was asked, and which demands clashed."""
    said, seconds = [], asked.end_us / 1e6
    low, high = 60e6 / grid.bar_tempo_us.max(), 60e6 / grid.bar_tempo_us.min()
    # The last bar may differ by a hair to end on the microsecond; that is no news.
    if high > 60e6 / asked.period_us[0] * 1.002 or low < 60e6 / asked.period_us[1] / 1.002:
        used = f"{low:.1f}" if high - low < 0.05 else f"{low:.1f}-{high:.1f}"
        said.append(
            f"tempo {ask.tempo}: it clashes with the end of the film after {seconds:.2f} s, where whole "
            f"quarters end at {_tempi_that_end(asked)}; the nearest plan, {used}, is used"
        )
    if grid.n_bars == 1:
        said.append(_single_bar(grid, asked, ask))
    lost = len(asked.label) - len(grid.sections)
    if lost:
        said.append(
            f"{lost} of {len(asked.label)} sections are shorter than a bar and joined their neighbours"
        )
    return said


def _tempi_that_end(asked: Instance) -> str:
    """The steady tempi next to those asked for at which a quarter ends with the film."""
    fewer = int(asked.end_us / asked.period_us[1])
    more = math.ceil(asked.end_us / asked.period_us[0])
    return " or ".join(f"{60e6 * n / asked.end_us:.1f}" for n in sorted({max(fewer, 2), max(more, 2)}))


def _single_bar(grid: Grid, asked: Instance, ask: config.Ask) -> str:
    beats, bpm = int(grid.bar_beats[0]), 60e6 / int(grid.bar_tempo_us[0])
    plain = asked.meter * asked.period_us[0] / 1e6
    if plain <= asked.end_us / 1e6:
        return f"the film is so short that the music is a single bar of {beats}/4"
    return (
        f"meter {ask.meter} and a film of {asked.end_us / 1e6:.2f} s clash: at tempo {ask.tempo} a bar lasts "
        f"{plain:.2f} s or more; the nearest plan, a single bar of {beats}/4 at {bpm:.1f}, is used"
    )
