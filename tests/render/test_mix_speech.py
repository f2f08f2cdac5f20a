import json
from dataclasses import replace

import numpy as np
import pytest
from audio_pieces import RATE, SHARED, look_at, noise
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tensionbgm.config import Targets
from tensionbgm.render.duck import COME_BACK_S, COME_DOWN_S, JOIN_S, Levels, duck, duck_depth, levels
from tensionbgm.render.film_sound import film_sound
from tensionbgm.render.loudness import true_peak_db
from tensionbgm.render.mix import mix_under

TARGETS = Targets()
SECONDS = 14
BEFORE_S, AFTER_S = COME_DOWN_S + 0.111, COME_BACK_S + 0.111  # spans are widened to whole tenths of a second
span = st.tuples(st.floats(0, SECONDS - 0.2), st.floats(0.2, 4.0)).map(
    lambda s: (s[0], min(s[0] + s[1], SECONDS))
)


def level(power_db: np.ndarray) -> Levels:
    power = 10 ** (np.asarray(power_db, float) / 10)
    return Levels(np.stack([power, power]))


@given(speech=span, film_db=st.floats(-50, -10), music_db=st.floats(-40, -10))
def test_music_is_untouched_outside_speech_and_its_ramps(speech, film_db, music_db):
    hops = SECONDS * 10
    tenths = np.array([[np.floor(speech[0] * 10), np.ceil(speech[1] * 10)]]) / 10
    film, music = level(np.full(hops, film_db)), level(np.full(hops, music_db))
    depth = duck_depth(film, music, tenths, np.array([14.0]))
    time_s = (np.arange(len(depth)) + 0.5) / 100
    away = (time_s < tenths[0, 0] - COME_DOWN_S - 1e-3) | (time_s > tenths[0, 1] + COME_BACK_S + 1e-3)
    assert (depth[away] == 0.0).all()
    assert (depth <= 0.0).all()
    inside = (time_s >= tenths[0, 0]) & (time_s < tenths[0, 1])
    assert (depth[inside] <= film_db - 14 - music_db + 0.01).all()


@given(gap_s=st.floats(1.3, 3.9), film_db=st.floats(-40, -20))
def test_in_short_gaps_the_music_comes_up_a_step_and_in_long_ones_all_the_way(gap_s, film_db):
    film, music = level(np.full(400, film_db)), level(np.full(400, -16.0))
    gap_s = round(gap_s, 1)
    near = np.array([[15.0, 18.0], [18.0 + gap_s, 21.0 + gap_s]])
    depth = duck(film, music, near, 13.5)
    spoken, gap = depth[1600:1700], depth[1800 : 1800 + round(gap_s * 100)]
    assert gap.max() - spoken.mean() <= 8.0
    assert spoken.mean() == pytest.approx(film_db - 13.5 + 16.0, abs=0.3)  # no deeper than needed
    apart = duck(film, music, np.array([[5.0, 8.0], [24.0, 27.0]]), 13.5)
    assert (apart[1300:2000] == 0.0).all()


def test_the_music_moves_softly():
    film, music = level(np.full(300, -35.0)), level(np.full(300, -16.0))
    depth = duck(film, music, np.array([[12.0, 14.0], [16.0, 18.0]]), 13.5)
    assert np.abs(depth[5:] - depth[:-5]).max() < 4.0  # dB in 50 ms


def test_music_is_back_for_the_end_of_the_film_when_speech_is_over():
    film, music = level(np.full(200, -35.0)), level(np.full(200, -16.0))
    depth = duck(film, music, np.array([[12.0, 18.9]]), 13.5)
    assert (depth[1945:] == 0.0).all()
    assert depth[1880] < -25.0


@pytest.mark.slow
@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    film_db=st.lists(st.floats(-45, -12), min_size=SECONDS, max_size=SECONDS),
    music_db=st.lists(st.floats(-35, -12), min_size=SECONDS, max_size=SECONDS),
    speech=span,
)
def test_music_stays_well_under_uneven_speech(film_db, music_db, speech):
    film = noise(SECONDS, 0, 1) * np.repeat(10 ** (np.array(film_db) / 20), RATE)[:, None].astype(np.float32)
    music = noise(SECONDS, 0, 2) * np.repeat(10 ** (np.array(music_db) / 20), RATE)[:, None].astype(
        np.float32
    )
    _, facts = mix_under(film, music, np.array([speech]), TARGETS)
    assert min(facts.speech_to_music_db) >= 13.0
    assert facts.true_peak_dbtp <= TARGETS.true_peak_dbtp


@pytest.mark.slow
@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(speech=span)
def test_the_mix_away_from_speech_is_bit_identical_to_the_mix_without_ducking(speech):
    film, music = noise(SECONDS, -30, 1), noise(SECONDS, -26, 2)
    ducked, facts = mix_under(film, music, np.array([speech]), TARGETS)
    plain = music * np.float32(10 ** (facts.music_gain_db / 20))
    plain += film * np.float32(10 ** (facts.lift_db / 20))
    time_s = np.arange(len(film)) / RATE
    away = (time_s < speech[0] - BEFORE_S) | (time_s > speech[1] + AFTER_S)
    np.testing.assert_array_equal(ducked[away], plain[away])


def test_short_pauses_do_not_bring_the_music_back():
    film, music = noise(12, -24, 1), noise(12, -20, 2)
    two = np.array([[2.0, 4.0], [4.0 + JOIN_S / 2, 8.0]])
    mixed, _ = mix_under(film, music, two, TARGETS)
    one, _ = mix_under(film, music, np.array([[2.0, 8.0]]), TARGETS)
    pause = slice(int(4.1 * RATE), int(4.4 * RATE))
    assert np.abs(mixed[pause] - one[pause]).max() < 0.02


@settings(max_examples=10, deadline=None)
@given(film_db=st.floats(-70, -12), talks=st.booleans())
def test_the_film_is_lifted_by_one_gain_and_never_lowered(film_db, talks):
    film, music = noise(6, film_db, 1), np.zeros((6 * RATE, 2), np.float32)
    speech = np.array([[1.0, 5.0]]) if talks else np.zeros((0, 2))
    mixed, facts = mix_under(film, music, speech, replace(TARGETS, true_peak_dbtp=40.0))
    np.testing.assert_array_equal(mixed, film * np.float32(10 ** (facts.lift_db / 20)))
    assert 0.0 <= facts.lift_db <= (12.0 if talks else 6.0)
    assert bool(facts.warnings) or facts.lift_db <= 3.0


def test_soft_speech_is_lifted_so_that_music_need_not_vanish():
    film, music = np.zeros((30 * RATE, 2), np.float32), noise(30, -20, 2)
    film[10 * RATE : 20 * RATE] = noise(10, -36, 1)
    mixed, facts = mix_under(film, music, np.array([[10.0, 14.0], [16.0, 20.0]]), TARGETS)
    assert facts.lift_db > 6.0
    assert "was lifted by" in facts.warnings[0]
    assert 12.0 <= min(facts.speech_to_music_db) < 15.0
    under = levels(mixed - film * np.float32(10 ** (facts.lift_db / 20))).power[1]
    fall = 10 * np.log10(under[148:152].mean() / under[120:130].mean())
    assert 2.0 < fall < 8.5


def test_music_leads_over_ambience_without_crushing_it():
    _, facts = mix_under(noise(6, -42, 1), noise(6, -19, 2), np.zeros((0, 2)), TARGETS)
    assert facts.lift_db > 3.0
    above = facts.music_lufs + facts.music_gain_db - facts.film_lufs - facts.lift_db
    assert 8.0 <= above <= 18.0


def test_a_loud_film_does_not_clip_with_the_music():
    mixed, facts = mix_under(noise(6, -9, 1), noise(6, -12, 2), np.array([[1.0, 3.0]]), TARGETS)
    assert true_peak_db(mixed) <= TARGETS.true_peak_dbtp
    assert facts.limited_db > 0


def test_replace_drops_the_film_and_mute_drops_the_music():
    film, music = noise(3, -30, 1), noise(3, -20, 2)
    np.testing.assert_array_equal(mix_under(film, music, np.zeros((0, 2)), TARGETS, "replace")[0], music)
    np.testing.assert_array_equal(mix_under(film, music, np.zeros((0, 2)), TARGETS, "mute")[0], film)
    assert not mix_under(None, music, np.zeros((0, 2)), TARGETS, "mute")[0].any()
    np.testing.assert_array_equal(mix_under(None, music, np.zeros((0, 2)), TARGETS, "duck")[0], music)


def test_speech_nobody_hears_does_not_silence_the_music():
    film, music = noise(6, -90, 1), noise(6, -20, 2)
    mixed, facts = mix_under(film, music, np.array([[1.0, 5.0]]), TARGETS)
    assert np.abs(mixed[2 * RATE : 3 * RATE]).max() > 0.1
    assert facts.warnings


def test_the_same_input_gives_the_same_bytes():
    film, music, speech = noise(5, -20, 1), noise(5, -16, 2), np.array([[1.0, 2.0]])
    assert (
        mix_under(film, music, speech, TARGETS)[0].tobytes()
        == mix_under(film, music, speech, TARGETS)[0].tobytes()
    )


def test_real_speech_stands_12_db_above_the_music_in_every_span_and_second():
    path = SHARED / "derived" / "speech_at_known_times.mp4"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    speech_s = np.array(json.loads(path.with_suffix(".gt.json").read_text())["speech_s"], float)
    video, _ = look_at(path)
    film, warnings = film_sound(path, video.duration_s)
    assert warnings == ()
    music = noise(video.duration_s, -16, 5)
    _, facts = mix_under(film, music, speech_s, replace(TARGETS, true_peak_dbtp=40.0))
    mixed, _ = mix_under(film, music, speech_s, replace(TARGETS, true_peak_dbtp=40.0))
    film = film * np.float32(10 ** (facts.lift_db / 20))
    under = levels(mixed - film).power[1]
    own = levels(film).power[1]
    assert min(facts.speech_to_music_db) >= 13.0
    for start, end in speech_s.astype(int):
        whole = 10 * np.log10(own[start * 10 : end * 10].mean() / under[start * 10 : end * 10].mean())
        assert whole >= 13.0
        for second in range(start, end):
            hops = slice(second * 10, second * 10 + 10)
            near = own[max(second - 2, start) * 10 : (second + 3) * 10].reshape(-1, 10).mean(axis=1).max()
            if own[hops].mean() < 0.25 * near or own[hops].mean() < 1e-5:
                continue  # a pause in the speech
            assert 10 * np.log10(own[hops].mean() / under[hops].mean()) >= 12.0
    assert facts.worst_second_db >= 12.0


def test_music_makes_way_for_the_softer_of_two_speakers():
    film, music = noise(12, -20, 1), noise(12, -16, 2)
    film[6 * RATE :] *= np.float32(0.1)
    mixed, facts = mix_under(film, music, np.array([[1.0, 11.0]]), TARGETS)
    under = levels(mixed - film).power[1]
    own = levels(film).power[1]
    assert 10 * np.log10(own[80:100].mean() / under[80:100].mean()) >= 12.0
    assert facts.worst_second_db >= 12.0
