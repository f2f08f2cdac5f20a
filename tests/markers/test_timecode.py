"""Timecode: labels and frames are one to one at every rate, and times are exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensionbgm.markers.timecode import (
    RATES,
    Timecode,
    can_drop,
    exact_rate,
    frame_of,
    label_of,
    parse_moment,
    parse_rate,
    parse_timecode,
)

NTSC = Fraction(30000, 1001)
DAY = 24 * 3600  # seconds

rates = st.sampled_from(RATES)
drop_rates = st.sampled_from([rate for rate in RATES if can_drop(rate)])


@given(rate=rates, seconds=st.integers(0, DAY * 10**6), drop=st.booleans())
def test_the_label_of_a_frame_names_that_frame(rate, seconds, drop):
    drop = drop and can_drop(rate)
    frame = int(Fraction(seconds, 10**6) * rate)
    assert frame_of(label_of(frame, rate, drop), rate) == frame


@given(rate=rates, frame=st.integers(0, 10**7), drop=st.booleans())
def test_labels_rise_with_their_frames(rate, frame, drop):
    drop = drop and can_drop(rate)
    here, after = (label_of(n, rate, drop) for n in (frame, frame + 1))
    assert (here.hours, here.minutes, here.seconds, here.frames) < (
        after.hours, after.minutes, after.seconds, after.frames,
    )  # fmt: skip


@given(rate=drop_rates, hours=st.integers(0, 99), minutes=st.integers(0, 59))
def test_drop_frame_keeps_within_a_tenth_of_a_second_of_the_clock(rate, hours, minutes):
    start = 0 if minutes % 10 == 0 else round(rate) // 15  # the first label that the minute has
    frame = frame_of(Timecode(hours, minutes, 0, start, drop=True), rate)
    clock_s = 3600 * hours + 60 * minutes + Fraction(start, round(rate))
    assert abs(frame / rate - clock_s) < Fraction(1, 10) + hours * Fraction(1, 250)


@given(rate=drop_rates, minutes=st.integers(1, 59).filter(lambda m: m % 10), frames=st.integers(0, 3))
def test_labels_that_drop_frame_leaves_out_name_nothing(rate, minutes, frames):
    code = Timecode(0, minutes, 0, frames, drop=True)
    if frames < round(rate) // 15:
        with pytest.raises(ValueError, match="leaves out"):
            frame_of(code, rate)
    else:
        frame_of(code, rate)


@pytest.mark.parametrize(
    ("label", "rate", "frame"),
    [
        ("01:00:00:00", Fraction(25), 90_000),
        ("01:00:00:00", NTSC, 108_000),
        ("01:00:00;00", NTSC, 107_892),
        ("00:00:59;29", NTSC, 1_799),
        ("00:01:00;02", NTSC, 1_800),
        ("00:10:00;00", NTSC, 17_982),
        ("00:01:00;04", Fraction(60000, 1001), 3_600),
        ("00;00;01;15", NTSC, 45),
        ("00:00:01:23", Fraction(24000, 1001), 47),
    ],
)
def test_known_labels(label, rate, frame):
    assert frame_of(parse_timecode(label), rate) == frame


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("12.5", Fraction(25, 2)),
        ("1:02.5", Fraction(125, 2)),
        ("1:00:00", 3600),
        (".04", Fraction(1, 25)),
    ],
)
def test_times_are_read_exactly(text, seconds):
    assert parse_moment(text) == seconds


@given(st.integers(0, 10**9 - 1), st.integers(0, 10**6 - 1))
def test_decimals_lose_nothing(seconds, micro):
    assert parse_moment(f"{seconds}.{micro:06d}") == seconds + Fraction(micro, 10**6)


@pytest.mark.parametrize(
    "text",
    ["", "nan", "inf", "-1", "1e3", "1:60", "1:75:00", "00:00:60:00", "1,5", "٣", "1:2:3:4:5", "12.5s"],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"no time|more than 59"):
        parse_moment(text)


def test_frames_beyond_the_second_are_refused():
    with pytest.raises(ValueError, match="names frame 25"):
        frame_of(Timecode(0, 0, 1, 25), Fraction(25))


def test_drop_frame_is_refused_where_there_is_none():
    with pytest.raises(ValueError, match=r"29\.97 and 59\.94"):
        frame_of(Timecode(0, 0, 1, 0, drop=True), Fraction(25))


@given(rate=rates, off=st.floats(-2e-4, 2e-4))
def test_a_measured_rate_is_the_one_it_is_near_to(rate, off):
    assert exact_rate(float(rate) * (1 + off)) == rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("25", 25),
        ("23.976", Fraction(24000, 1001)),
        ("29.97", NTSC),
        ("30000/1001", NTSC),
        ("12.5", Fraction(25, 2)),
    ],
)
def test_rates_as_people_write_them(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-25", "nan", "fast", "25/0", ""])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="rate"):
        parse_rate(text)
