import json
from dataclasses import replace

import numpy as np
import pytest
from audio_pieces import RATE, SHARED, look_at, noise
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tensionbgm.config import Targets
from tensionbgm.render.film_sound import film_sound
from tensionbgm.render.loudness import true_peak_db
from tensionbgm.render.mix import ATTACK_S, JOIN_S, RELEASE_S, Levels, duck_gain, levels, mix_under

TARGETS = Targets()
SECONDS = 6
BEFORE_S, AFTER_S = ATTACK_S + 0.101, RELEASE_S + 0.101  # spans are widened to whole tenths of a second
span = st.tuples(st.floats(0, SECONDS - 0.2), st.floats(0.2, 4.0)).map(
    lambda s: (s[0], min(s[0] + s[1], SECONDS))
)


def level(power_db: np.ndarray) -> Levels:
    power = 10 ** (np.asarray(power_db, float) / 10)
    return Levels(np.stack([power, power]))


@given(speech=span, film_db=st.floats(-50, -10), music_db=st.floats(-40, -10))
def test_music_is_untouched_outside_speech_and_its_ramps(speech, film_db, music_db):
    hops = SECONDS * 10
    gain = duck_gain(
        level(np.full(hops, film_db)), level(np.full(hops, music_db)), np.array([speech]), 14, SECONDS * RATE
    )
    time_s = np.arange(len(gain)) / RATE
    away = (time_s < speech[0] - ATTACK_S - 1e-3) | (time_s > speech[1] + RELEASE_S + 1e-3)
    assert (gain[away] == 1.0).all()
    assert (gain <= 1.0).all()
    inside = (time_s >= speech[0]) & (time_s < speech[1])
    assert (20 * np.log10(gain[inside]) <= film_db - 14 - music_db + 0.01).all()


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    film_db=st.lists(st.floats(-45, -12), min_size=SECONDS, max_size=SECONDS),
    music_db=st.lists(st.floats(-35, -12), min_size=SECONDS, max_size=SECONDS),
    speech=span,
)
def test_music_stays_14_db_under_uneven_speech(film_db, music_db, speech):
    film = noise(SECONDS, 0, 1) * np.repeat(10 ** (np.array(film_db) / 20), RATE)[:, None].astype(np.float32)
    music = noise(SECONDS, 0, 2) * np.repeat(10 ** (np.array(music_db) / 20), RATE)[:, None].astype(
        np.float32
    )
    _, facts = mix_under(film, music, np.array([speech]), TARGETS)
    assert min(facts.speech_to_music_db) >= 13.9
    assert facts.true_peak_dbtp <= TARGETS.true_peak_dbtp


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(speech=span)
def test_the_mix_away_from_speech_is_bit_identical_to_the_mix_without_ducking(speech):
    film, music = noise(SECONDS, -30, 1), noise(SECONDS, -26, 2)
    ducked, facts = mix_under(film, music, np.array([speech]), TARGETS)
    plain = film + music * np.float32(10 ** (facts.music_gain_db / 20))
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


def test_the_film_keeps_its_level_when_it_is_not_too_loud():
    film, music = noise(6, -40, 1), np.zeros((6 * RATE, 2), np.float32)
    mixed, _ = mix_under(film, music, np.zeros((0, 2)), TARGETS)
    np.testing.assert_array_equal(mixed, film)


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
    under = levels(mixed - film).power[1]
    own = levels(film).power[1]
    assert min(facts.speech_to_music_db) >= 14.0
    for start, end in speech_s.astype(int):
        whole = 10 * np.log10(own[start * 10 : end * 10].mean() / under[start * 10 : end * 10].mean())
        assert whole >= 14.0
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
    assert 10 * np.log10(own[80:100].mean() / under[80:100].mean()) >= 13.5
    assert facts.worst_second_db >= 13.5
