"""Fitting to listeners: known weights come back, and real ones follow listeners never fitted to."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tensionbgm.corpora import fit_listeners
from tensionbgm.corpora.fit_listeners import BUILT_S, BUILT_SHARE, SCALE, WINDOW_S, Rated, fit, terms
from tensionbgm.errors import InputError
from tensionbgm.music.salience import Weights, integrate, weights

ROOT = Path(__file__).resolve().parents[1]
RATINGS = ROOT.parent / "shared" / "data" / "tension_ratings"
needs_ratings = pytest.mark.skipif(not RATINGS.is_dir(), reason=f"no listeners' ratings at {RATINGS}")
sys.path.append(str(ROOT))  # the benchmarks are no part of the package
bench = importlib.import_module("benchmarks.listeners")
TRUE = np.array([0.3, 0.0, 0.25, 0.2, 0.15, 0.1])


def made(seed, true=TRUE, lag_s=2.0, noise=0.02, raters=8):
    """A piece whose raters feel exactly what the model says, `lag_s` late, each on a scale of their own."""
    rng = np.random.default_rng(seed)
    end_s = np.arange(WINDOW_S, 120.0, WINDOW_S)
    raw = {}
    for name, (_, calm, tense) in SCALE.items():
        level = np.clip(0.5 + np.cumsum(rng.normal(0, 0.08, len(end_s))), 0, 1)
        raw[name] = calm + (tense - calm) * level
    model = Weights(terms(true), BUILT_SHARE, BUILT_S, WINDOW_S, lag_s)
    felt = integrate(model.levels(raw), end_s, model)
    time_s = np.arange(0.0, 119.0, 0.1)
    said = np.interp(time_s - lag_s, end_s, felt)[:, None]
    scale, rest = rng.uniform(0.5, 50.0, raters), rng.uniform(-50.0, 50.0, raters)
    ratings = (said + rng.normal(0, noise, (len(time_s), raters))) * scale + rest
    return Rated(f"made {seed}", "tensemusic", str(seed), raw, end_s, time_s, ratings)


def weight_of(model):
    return np.array([term.weight for term in model.terms.values()])


def test_known_weights_and_the_lag_come_back():
    found = fit([made(seed) for seed in range(12)], shrink=0.0)
    np.testing.assert_allclose(weight_of(found), TRUE, atol=0.08)  # the ridge pulls at what moves least
    assert found.lag_s == 2.0


def test_what_makes_music_calmer_gets_no_weight_rather_than_a_negative_one():
    contrary = TRUE.copy()
    contrary[0] = -0.3
    found = fit([made(seed, contrary) for seed in range(12)], shrink=0.0)
    assert found.terms["loudness"].weight == 0.0
    assert (weight_of(found) >= 0).all()


def test_belief_is_mixed_in_by_its_share():
    pieces = [made(seed) for seed in range(4)]
    alone, half = fit(pieces, shrink=0.0), fit(pieces, shrink=0.5)
    belief = np.array([fit_listeners.BELIEF[name] for name in SCALE])
    np.testing.assert_allclose(weight_of(half), (weight_of(alone) + belief) / 2)
    assert weight_of(fit(pieces, shrink=1.0)) == pytest.approx(belief)


def test_raters_count_alike_whatever_their_scale():
    piece = made(3)
    scale = np.linspace(0.1, 90.0, piece.ratings.shape[1])
    louder = Rated(
        "louder", piece.set, piece.work, piece.raw, piece.raw_s, piece.time_s, piece.ratings * scale
    )
    np.testing.assert_allclose(louder.tension, piece.tension, atol=1e-9)


def test_a_rater_who_never_moves_and_moments_without_raters_do_no_harm():
    piece = made(4)
    ratings = np.column_stack([piece.ratings, np.full(len(piece.time_s), 7.0)])
    ratings[:30] = np.nan
    gappy = Rated("gappy", piece.set, piece.work, piece.raw, piece.raw_s, piece.time_s, ratings)
    assert np.isfinite(gappy.tension).all()
    np.testing.assert_allclose(weight_of(fit([gappy])), weight_of(fit([piece])), atol=0.05)


def test_ratings_of_nothing_teach_nothing():
    rng = np.random.default_rng(0)
    pieces = [made(seed) for seed in range(10)]
    noise = [
        Rated(p.name, p.set, p.work, p.raw, p.raw_s, p.time_s, np.cumsum(rng.normal(size=p.ratings.shape), 0))
        for p in pieces
    ]
    tested = bench.held_out(noise, bench.felt)
    assert abs(np.mean([bench.spearman(*bench.pair(t)) for t in tested])) < 0.35
    tested = bench.held_out(pieces, bench.felt)
    assert np.mean([bench.spearman(*bench.pair(t)) for t in tested]) > 0.95


def test_a_folder_without_ratings_is_refused(tmp_path):
    with pytest.raises(InputError, match="has no folder tensemusic"):
        fit_listeners.read_ratings(tmp_path)


def test_a_straight_line_is_nothing_once_detrended():
    np.testing.assert_allclose(bench.detrended(np.linspace(3, 9, 50)), 0.0, atol=1e-12)


# --------------------------------------------------------------------------- real listeners


@pytest.fixture(scope="module")
def pieces():
    return fit_listeners.read_ratings(RATINGS)


@needs_ratings
def test_the_weights_that_ship_are_those_that_are_fitted(pieces):
    text = Path(fit_listeners.__file__).with_name("listeners.json").read_text(encoding="utf-8")
    fitted = fit_listeners.as_json(fit(pieces), pieces)
    shipped = json.loads(text)
    assert fitted["pieces"] == shipped["pieces"]
    for name, row in shipped["terms"].items():
        assert fitted["terms"][name] == pytest.approx(row, abs=2e-6)
    assert weights().step_s == WINDOW_S


@needs_ratings
def test_works_are_never_split_between_fitting_and_testing(pieces):
    composers = [p.work for p in pieces if p.set == "tensemusic"]
    assert len(pieces) == 41
    assert {"beethoven", "schoenberg", "schubert", "mendelssohn"} <= {
        c for c in composers if composers.count(c) > 1
    }


@pytest.mark.slow
@needs_ratings
def test_listeners_never_fitted_to_agree_with_the_composite_more_than_with_one_another(pieces):
    tested = bench.held_out(pieces, bench.felt)
    for name, lag_s in (("tensemusic", None), ("navarro2020", 0.0)):
        here = [t for t in tested if t.piece.set == name]
        pairs = [bench.pair(t if lag_s is None else bench.Tested(t.piece, t.value, lag_s)) for t in here]
        model = np.mean([bench.spearman(x, y) for x, y in pairs])
        rater = np.mean([bench.one_against_others(t.piece)[0] for t in here])
        assert model > rater, name
        # Not for rising only: so much is left without the trend.
        assert np.mean([bench.spearman(bench.detrended(x), bench.detrended(y)) for x, y in pairs]) > 0.15, (
            name
        )
