"""A problem, pitches that solve it, a seed -> the same problem with a little dislike of those pitches.

Its best solution is other music that costs little more.  Half of the variables, by seed, pay for the pitch
they had (D. Batra, P. Yadollahpour, A. Guzman-Rivera and G. Shakhnarovich, Diverse M-best solutions in
Markov random fields, ECCV 2012), half, so that seeds differ from one another too.  What changes is what
costs least to change, so for the same cost far more does than where every pitch is liked by chance.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tensionbgm.kernels import rules
from tensionbgm.search.problem import Posed

DISLIKE = 3 * rules.POINT // 4  # changes a fifth of the notes, a quarter of the melody's, for 3 % of cost
CHAIN = 2**20 + 1  # where the half is drawn: beyond any chain


def diverse(posed: Posed, x: np.ndarray, seed: int) -> Posed:
    """The problem whose best solution is not the one known.

    Parameters
    ----------
    x : int64 (V,)
        pitch of each variable in that one
    seed : int
        says which half of the variables should rather change
    """
    problem = posed.problem
    owner = np.repeat(np.arange(len(x)), np.diff(problem.domain_start))
    moved = rules.mix(seed, CHAIN, np.arange(len(x))) % 2 == 1
    known = moved[owner] & (problem.domain_pitch == x[owner])
    return dataclasses.replace(
        posed, problem=problem._replace(domain_cost=problem.domain_cost + DISLIKE * known)
    )
