"""Curve and form of real films; their analyses are kept in pytest's cache until the video room changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from model_films import labels

import tensionbgm.video
from tensionbgm.forms import Analysis
from tensionbgm.model.estimate import estimate
from tensionbgm.saved import load, save

VIDEOS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "videos"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not VIDEOS.is_dir(), reason="the shared films are not here"),
]


@pytest.fixture
def analysed(request):
    """A function from a film's name to its analysis."""
    rooms = sorted(Path(tensionbgm.video.__file__).parent.glob("*.py"))
    version = hashlib.sha256(b"".join(p.read_bytes() for p in rooms)).hexdigest()[:12]

    def analysis(name: str) -> Analysis:
        from tensionbgm.video.analyze import analyze

        kept = request.config.cache.mkdir("analyses") / f"{Path(name).stem}-{version}.json"
        if not kept.exists():
            save(analyze(VIDEOS / name), kept)
        return load(Analysis, kept)

    return analysis


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("derived/abaca_exact.mp4", "ABACA"),
        ("derived/abaca_near.mp4", "ABACA"),
        ("real/abcabcabc_transitions_27s.mp4", "ABCABCABC"),
        ("derived/transitions_mix.mp4", "ABCDEF"),
        ("derived/flash_trap_single_shot.mp4", "A"),
        ("derived/frozen_still_20s.mp4", "A"),
    ],
)
def test_the_form_of_a_film_is_the_order_of_its_places(analysed, name, expected):
    assert labels(estimate(analysed(name)).form) == expected


def test_thirteen_places_bring_no_return(analysed):
    form = estimate(analysed("derived/known_cuts_13shots.mp4")).form
    assert len(form.sections) >= 8
    assert all(s.repeats is None for s in form.sections)


def test_a_calm_film_with_action_inside_rises_and_falls_with_it(analysed):
    result = estimate(analysed("derived/calm_action_calm.mp4"))
    curve = result.curve
    calm, action, after = curve.mean(np.array([0.0, 14.2, 28.76]), np.array([14.2, 28.76, 44.76]))
    assert action > max(calm, after) + 0.3
    assert 0.85 <= curve.value.max() <= 0.95
    rises, falls = (
        curve.time_s[np.flatnonzero(np.diff(curve.value > (action + other) / 2))[end]]
        for other, end in ((calm, 0), (after, -1))
    )
    assert rises == pytest.approx(14.2, abs=1.5)
    assert falls == pytest.approx(28.76, abs=1.5)
    # The action is one section, and the flower that opened the film brings its music back.
    assert any(s.start_s == pytest.approx(14.2, abs=0.1) and s.end_s > 28 for s in result.form.sections)
    assert result.form.sections[-1].label == "A"


def test_a_still_film_is_told_to_be_still(analysed):
    assert "nothing moves" in estimate(analysed("derived/frozen_still_20s.mp4")).warnings[0]
