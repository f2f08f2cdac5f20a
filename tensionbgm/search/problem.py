"""Plan -> Problem: the only door to the kernels; slots become variables, rules become tables of factors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tensionbgm.errors import InputError
from tensionbgm.forms import PPQ, Plan
from tensionbgm.kernels import rules
from tensionbgm.search import costs, factors, groups
from tensionbgm.search import scales as windows_of
from tensionbgm.search.check import check_plan
from tensionbgm.search.lock import Lock
from tensionbgm.search.maps import PITCHES, Maps, keys_at, of_slots
from tensionbgm.search.projection import reachable
from tensionbgm.search.rows import starts

TASTE = rules.POINT  # temperature: changes a fifth of the notes and more for a sixth more of cost
TASTE_CHAIN = 2**20  # where its chance is drawn: beyond any chain


@dataclass(frozen=True)
class Posed:
    """A problem, and the way back from its variables to the plan's slots."""

    problem: rules.Problem
    pitched: np.ndarray  # int (m,): the slots that take part; the others are percussion
    variable: np.ndarray  # int (m,): variable of each of them
    way: np.ndarray  # int (m,): where the map of each of them begins in `problem.maps`
    n_slots: int

    def pitch(self, plan: Plan, x: np.ndarray) -> np.ndarray:
        """Pitch of every slot of the plan, int16 (n,), from the variables' pitches."""
        pitch = plan.slots["low"].astype(np.int16)
        pitch[self.pitched] = self.problem.maps[self.way + x[self.variable]]
        return pitch

    @property
    def candidates(self) -> int:
        """Pitches weighed in one sweep."""
        size = np.diff(self.problem.domain_start)
        return int(size[size > 1].sum())


def pose(
    plan: Plan,
    targets: dict[str, np.ndarray] | None = None,
    lock: Lock | None = None,
    tolerance: dict[str, float] | None = None,
    scales: Sequence[str] | None = None,
    clouds: bool = False,
) -> Posed:
    """Make the plan a problem.

    Parameters
    ----------
    plan : Plan
    targets : dict of float (n_bars,), optional
        raw "diameter", "momentum" and "strain" wanted in each bar; default: from the
        plan's curve, as far as its tied bars allow, see `projection`, and followed the more closely the
        less it moves, see `groups.closeness`; of other scales always from there
    lock : Lock, optional
        what stays as it was: a domain of one pitch
    tolerance : dict of float, optional
        how far "diameter", "momentum" and "strain" may be from their targets at no cost, in levels of the
        scale (0..1); beyond it the excess counts, squared; default: `groups.TOLERANCE`
    scales : sequence of str, optional
        windows that tension is asked of, each with an equal share of the weight: "beat" (a quarter),
        "half" (bar), "bar"; default: `groups.SCALES`
    clouds : bool
        the diameter of a window is that of all notes that touch it, as MorpheuS has it [HC16]_; otherwise
        the mean over what sounds together, as `music.tension` measures it

    Raises
    ------
    InputError
        the plan contradicts itself, or some tied slots have no pitch in common
    ValueError
        a tolerance is no level, or a scale none of those
    """
    tolerance = groups.TOLERANCE if tolerance is None else tolerance
    if not all(0 <= width <= 1 for width in tolerance.values()):
        raise ValueError(f"tolerances {tolerance} are no levels from 0 to 1")
    scales = groups.SCALES if scales is None else scales
    windows_of.check(scales)
    check_plan(plan)
    role = part_roles(plan)[plan.slots["part"]]
    pitched = np.flatnonzero(role >= 0)
    slots, role = plan.slots[pitched].copy(), role[pitched]
    slots["chord"][slots["chord"] == 0] = 0xFFF  # no chord is meant: every note belongs to it
    ties, variable = np.unique(slots["tie"], return_inverse=True)
    n, maps = len(ties), of_slots(plan, slots)
    domain = _domains(slots, variable, maps, n, ties)
    if lock is not None:
        _keep(domain, slots, variable, maps, pitched, lock)
    unary = _unary(plan, slots, role, variable, maps, n)
    table = _tables(plan, slots, role, variable, maps.way, n)
    asked = {name: reachable(plan, windows=name) for name in scales}
    if targets is not None and "bar" in asked:
        asked["bar"] = targets
    windows = groups.build(
        plan, slots, role, variable, 12 * maps.pc_of_slot, n, asked, tolerance, targets is None, clouds
    )
    index, value = np.nonzero(domain)
    problem = rules.Problem(
        domain_start=starts(np.bincount(index, minlength=n)),
        domain_pitch=value.astype(np.int64),
        domain_cost=unary[index, value],
        maps=maps.pitch.ravel(),
        pc_map=maps.pc.ravel(),
        gumbel=gumbel_table(),
        constant=np.zeros(1, np.int64),
        **table,
        **windows,
        **costs.kernel_tables(),
    )
    return Posed(problem, pitched, variable, 128 * maps.of_slot, len(plan.slots))


def part_roles(plan: Plan) -> np.ndarray:
    """Index into `costs.ROLES` of each part, int (p,); -1 is percussion.

    Raises
    ------
    InputError
        a part has a role there is none of
    """
    for part in plan.parts:
        if part.role != "percussion" and part.role not in costs.ROLES:
            raise InputError(
                f"part {part.name!r}: no role {part.role!r}; take one of {', '.join(costs.ROLES)}"
            )
    return np.array([-1 if p.role == "percussion" else costs.ROLES.index(p.role) for p in plan.parts], int)


def gumbel_table() -> np.ndarray:
    """Quantiles -log(-log u) of the Gumbel distribution in fixed point, int64 (CHANCES,)."""
    u = (np.arange(rules.CHANCES) + 0.5) / rules.CHANCES
    return np.rint(-np.log(-np.log(u)) * rules.GUMBEL_ONE).astype(np.int64)


def varied(posed: Posed, seed: int) -> Posed:
    """The problem with a little liking for some pitches, by seed, so that its best solution is another.

    Costs less Gumbel noise times a temperature, minimised, are a draw from about the Gibbs distribution at
    that temperature (G. Papandreou and A. Yuille, Perturb-and-MAP random fields, ICCV 2011).
    """
    problem = posed.problem
    chance = rules.mix(seed, TASTE_CHAIN, np.arange(len(problem.domain_cost))) % rules.CHANCES
    liking = problem.gumbel[chance] * TASTE // rules.GUMBEL_ONE
    return dataclasses.replace(posed, problem=problem._replace(domain_cost=problem.domain_cost - liking))


def empty_state(problem: rules.Problem, chains: int) -> rules.State:
    """Room for this many chains."""
    n, g = len(problem.domain_start) - 1, len(problem.group)
    shapes = ((n,), (n,), (2,), (g, 3), (g, 12), (g,), (g, 3), (g,), (rules.SCRATCH,))
    return rules.State(*(np.zeros((chains, *shape), np.int64) for shape in shapes))


def _domains(slots: np.ndarray, variable: np.ndarray, maps: Maps, n: int, ties: np.ndarray) -> np.ndarray:
    """Pitches of each variable that suit all its slots, bool (n, 128)."""
    in_range = (slots["low"][:, None] <= PITCHES) & (slots["high"][:, None] >= PITCHES)
    fits = in_range & (slots["allowed"][:, None].astype(np.int64) >> PITCHES % 12 & 1).astype(bool)
    refused = np.zeros((n, 128), np.int64)
    for k, row in enumerate(maps.pitch):
        here = maps.of_slot == k
        np.add.at(refused, variable[here], ~_mapped(fits[here], row, False))
    domain = refused == 0
    barren = np.flatnonzero(~domain.any(axis=1))
    if len(barren):
        tied = slots[variable == barren[0]]
        raise InputError(
            f"plan: the {len(tied)} slots tied as {ties[barren[0]]} have no pitch in common (first at tick "
            f"{tied['onset_tick'][0]}, part {tied['part'][0]}); widen their range or untie them"
        )
    return domain


def _keep(
    domain: np.ndarray, slots: np.ndarray, variable: np.ndarray, maps: Maps, pitched: np.ndarray, lock: Lock
) -> None:
    """Bring the domains down to what the lock says, in place."""
    for slot, barred in zip(np.searchsorted(pitched, lock.barred[:, 0]), lock.barred[:, 1], strict=True):
        domain[variable[slot]] &= maps.pitch[maps.of_slot[slot]] != barred
    known = np.flatnonzero(lock.pitch[pitched] >= 0)
    domain[variable[known]] = True
    for slot in known:
        domain[variable[slot]] &= maps.pitch[maps.of_slot[slot]] == lock.pitch[pitched[slot]]
    barren = np.flatnonzero(domain.sum(axis=1)[variable] == 0)
    if len(barren):
        slot = slots[barren[0]]
        raise InputError(
            f"--lock {lock.asked}: leaves no pitch for the note at tick {slot['onset_tick']} of part "
            f"{slot['part']}, where locked notes sound on; lock its bar too"
        )


def _mapped(table: np.ndarray, row: np.ndarray, outside: float) -> np.ndarray:
    """Columns by the slot's pitch -> columns by the variable's pitch, by a row of the maps."""
    return np.where(row >= 0, table[:, row], outside)


def _unary(
    plan: Plan, slots: np.ndarray, role: np.ndarray, variable: np.ndarray, maps: Maps, n: int
) -> np.ndarray:
    """What each pitch of each variable costs by itself, int64 (n, 128)."""
    each = costs.fixed(aim_cost(slots, role) + harmony_cost(slots, role) + bass_cost(plan, slots, role))
    each += costs.fixed(end_cost(plan, slots, role))
    unary = np.zeros((n, 128), np.int64)
    for k, row in enumerate(maps.pitch):
        here = maps.of_slot == k
        np.add.at(unary, variable[here], _mapped(each[here], row, 0))
    return unary


def aim_cost(slots: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Distance from the aim and nearness to the ends of the range, float (m, 128) [points]."""
    aimed = slots["aim"] >= 0
    centre = np.where(aimed, slots["aim"], (slots["low"] + slots["high"]) / 2)
    weight = np.where(aimed, costs.by_role(costs.AIM)[role], costs.NO_AIM)
    away = np.abs(PITCHES - centre[:, None])
    knee = costs.AIM_LINEAR_FROM
    far = np.where(away <= knee, away**2, knee**2 + 2 * knee * (away - knee))
    wide = (slots["high"] - slots["low"] > 4 * costs.EDGE_SEMITONES)[:, None]
    near_low = slots["low"][:, None] + costs.EDGE_SEMITONES > PITCHES
    near_high = slots["high"][:, None] - costs.EDGE_SEMITONES < PITCHES
    return weight[:, None] * far + costs.EDGE * (wide & (near_low | near_high))


def harmony_cost(slots: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Being no chord tone, by role, metric weight and length, float (m, 128) [points]."""
    outside = (slots["chord"][:, None].astype(np.int64) >> PITCHES % 12 & 1) == 0
    strength = np.array(costs.NONCHORD_BY_STRENGTH)[np.clip(slots["strength"], 0, 3)]
    length = np.clip(slots["duration_tick"] / PPQ, 0.25, 4.0) ** 0.5
    return (costs.by_role(costs.NONCHORD)[role] * strength * length)[:, None] * outside


def bass_cost(plan: Plan, slots: np.ndarray, role: np.ndarray) -> np.ndarray:
    """The bass a chord is meant to have, and firm notes after it, float (m, 128) [points]."""
    cost = np.zeros((len(slots), 128))
    if not plan.chords:
        return cost
    begin = np.array([c.start_tick for c in plan.chords])
    chord = np.clip(np.searchsorted(begin, slots["onset_tick"], side="right") - 1, 0, None)
    bass, root = np.array([(c.bass, c.root) for c in plan.chords]).T
    low = role == costs.BASS
    opening = low & (slots["onset_tick"] == begin[chord])
    pc = PITCHES % 12
    cost += costs.WRONG_BASS * (opening[:, None] & (pc != bass[chord][:, None]))
    above_root = (pc - root[chord][:, None]) % 12
    firm = (above_root == 0) | (above_root == 7) | (pc == bass[chord][:, None])
    return cost + costs.BASS_OFF_ROOT * ((low & ~opening)[:, None] & ~firm)


def end_cost(plan: Plan, slots: np.ndarray, role: np.ndarray) -> np.ndarray:
    """The melody's last note should be the tonic, float (m, 128) [points]."""
    cost = np.zeros((len(slots), 128))
    melody = np.flatnonzero(role == costs.MELODY)
    if len(melody) and plan.keys:
        last = melody[np.argmax(slots["onset_tick"][melody])]
        cost[last] = costs.OPEN_END * (plan.keys[-1].tonic != PITCHES % 12)
    return cost


def _tables(
    plan: Plan, slots: np.ndarray, role: np.ndarray, variable: np.ndarray, way: np.ndarray, n: int
) -> dict[str, np.ndarray]:
    """All factors, a copy of each row for each of its variables, with where each variable's begin."""
    lead = factors.leading(slots, variable)
    slots, role, variable, way = slots[lead], role[lead], variable[lead], way[lead]
    lines, key = factors.lines_of(slots), keys_at(plan, slots)
    tonic = np.array([k.tonic for k in plan.keys])[key]
    minor = np.array([k.mode == "minor" for k in plan.keys])[key]
    made = {
        "line": (factors.line_rows(slots, role, variable, way, lines, tonic, minor), (rules.A, rules.B)),
        "vertical": (factors.vertical_rows(slots, role, variable, way), (rules.A, rules.B)),
        "bend": (factors.bend_rows(slots, role, variable, way, lines), (rules.A, rules.B, rules.C)),
        "parallel": (
            factors.parallel_rows(slots, role, variable, way, lines),
            (rules.A, rules.B, rules.C, rules.D),
        ),
    }
    tables = {}
    for name, (rows, ends) in made.items():
        tables[f"{name}_start"], tables[name] = factors.by_variable(factors.merged(rows), ends, n)
    return tables
