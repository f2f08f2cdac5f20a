"""`chain.py` and `vns.py`, compiled: exact search, lower bounds and the baseline, on one core."""

from . import chain, cpu, jit, rules, vns, walk

ENTRIES = (
    *("place_states", "judge_states", "judge_sets", "link_states", "least_sums", "advance_boxes"),
    *("fill_factor", "factor_margin", "ascend", "search"),
)

with jit.own_cache():
    _RULES = jit.compiled(cpu.compiler(ENTRIES), rules, walk, chain, vns)
place_states, judge_states, judge_sets = (_RULES[k] for k in ("place_states", "judge_states", "judge_sets"))
link_states, least_sums, advance_boxes = (_RULES[k] for k in ("link_states", "least_sums", "advance_boxes"))
fill_factor, factor_margin = _RULES["fill_factor"], _RULES["factor_margin"]
ascend, search = _RULES["ascend"], _RULES["search"]
