"""Bars -> ideas: which motif each material of the piece is made of, and how it is developed.

However many labels a film has, a piece has one theme; a second one only where the film is long
enough to hear both and come back.  All other materials develop one of these, and a varied return is made
of what it varies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tensionbgm.plan.phrases import Bar

SECOND_FROM = 32  # bars a piece has at least to have a second theme
SECOND_BARS = 8  # bars the second theme's material has at least
FAR = 0.2  # tension this far from the theme's own calls for another pace
WIDE = 4  # bars a section has at least to take the theme at half speed


@dataclass(frozen=True)
class Idea:
    """What a material is made of."""

    root: int  # 0 the theme, 1 the second theme
    kind: str  # one of motifs.KINDS
    lift: int  # scale steps above where its root lies


def ideas_of(bars: tuple[Bar, ...]) -> dict[int, Idea]:
    """Material -> its idea; the first material that is sung is the theme itself.

    Parameters
    ----------
    bars : tuple of Bar
        in order of time, at least one
    """
    members: dict[int, list[Bar]] = {}
    for bar in bars:
        members.setdefault(bar.material, []).append(bar)
    energy = {m: float(np.mean([bar.target for bar in some])) for m, some in members.items()}
    home = next((bar.material for bar in bars if not bar.intro), bars[0].material)
    second = _second(members, energy, home, len(bars))
    roots = {home: 0} if second is None else {home: 0, second: 1}
    found: dict[int, Idea] = {m: Idea(root, "plain", 0 if root == 0 else -2) for m, root in roots.items()}
    turn = 0
    for material, some in members.items():
        varied = some[0].varies
        if material not in found and varied in found:
            found[material] = found[varied]
        elif material not in found:
            near = _nearest(energy, roots, material, found, members)
            found[material] = _development(energy[material] - energy[near], roots[near], len(some), turn)
            turn += 1
    return found


def _second(members: dict[int, list[Bar]], energy: dict[int, float], home: int, n_bars: int) -> int | None:
    """The material of the second theme: the longest that is not the first, if the piece has room for it."""
    others = [m for m in members if m != home and _own(members[m]) and len(members[m]) >= SECOND_BARS]
    if n_bars < SECOND_FROM or not others:
        return None
    return max(others, key=lambda m: (len(members[m]) + 10 * abs(energy[m] - energy[home]), -m))


def _own(bars: list[Bar]) -> bool:
    """Whether a material is no variation of another."""
    return bars[0].varies is None


def _nearest(
    energy: dict[int, float],
    roots: dict[int, int],
    material: int,
    found: dict[int, Idea],
    members: dict[int, list[Bar]],
) -> int:
    """The theme to develop: one already heard, the nearest in tension."""
    heard = [m for m in roots if members[m][0].index < members[material][0].index] or [next(iter(roots))]
    return min(heard, key=lambda m: (abs(energy[m] - energy[material]), m))


def _development(louder: float, root: int, n_bars: int, turn: int) -> Idea:
    """How a theme is developed: quicker where tenser, slower where calmer, else elsewhere or upside down."""
    if louder > FAR and turn % 3 != 2:
        return Idea(root, "fragmented", 1)
    if louder < -FAR and n_bars >= WIDE:
        return Idea(root, "augmented", -1)
    return (Idea(root, "sequence", 2), Idea(root, "inverted", 0), Idea(root, "sequence", -2))[turn % 3]
