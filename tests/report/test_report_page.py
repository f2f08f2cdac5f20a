"""The page and the pictures: whole without a network, harmless whatever the names, true to the notes."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from tensionbgm.forms import Chord, Curve, Part, Shots, Thumbnails, Video
from tensionbgm.music.notes import from_piece
from tensionbgm.music.reading import read_tension
from tensionbgm.music.tension import tension_profile
from tensionbgm.report import build, looks, page, picture, timeline, words

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"' onload=alert(1) "
    "$\\frac{1}$ {{ 7*7 }} é\u202e語.mp4"
)


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and all text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self._inside = [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text += data

    def handle_endtag(self, tag):
        self._inside = ""


def report_of(job, **more):
    return build.build_report(
        piece=job.piece,
        notes=from_piece(job.piece),
        analysis=job.analysis,
        command=["score", "holiday.mp4"],
        **more,
    )


def page_of(job, folder, files=None, **more):
    path = folder / "report.html"
    thumbnails = job.analysis.thumbnails if job.analysis else None
    page.write_page(report_of(job, **more), from_piece(job.piece), job.piece.plan, thumbnails, path, files)
    return path.read_text("utf-8")


def hostile_job(job):
    plan = job.piece.plan
    chord = plan.chords[0]
    chords = (
        Chord(chord.start_tick, chord.end_tick, HOSTILE, chord.pcs, chord.root, chord.bass),
        *plan.chords[1:],
    )
    parts = (replace(plan.parts[0], name=HOSTILE), *plan.parts[1:])
    video = replace(job.analysis.video, path="/films/" + HOSTILE)
    shots = replace(job.analysis.shots, source=f"picture and {HOSTILE}")
    piece = replace(job.piece, plan=replace(plan, parts=parts, chords=chords, palette=HOSTILE))
    return replace(
        job, piece=piece, analysis=replace(job.analysis, video=video, shots=shots, warnings=(HOSTILE,))
    )


# --------------------------------------------------------------------------- the page


def test_the_page_says_whence_cuts_are_that_were_not_only_seen(job, tmp_path):
    told = replace(job.analysis, shots=replace(job.analysis.shots, source="picture and trailer.edl"))
    assert "cuts by picture and trailer.edl" in Tags(page_of(replace(job, analysis=told), tmp_path)).text
    assert "cuts by picture" not in Tags(page_of(job, tmp_path)).text


def test_a_page_asks_nothing_of_the_network(job, tmp_path):
    text = page_of(job, tmp_path, files=["scored.mp4", "music.mid", "stems"])
    assert not re.search(r"https?:|[\"'(=]//|@import|url\(|fetch\(", text, re.IGNORECASE)
    links = [
        v for _, attrs in Tags(text).tags for k, v in attrs.items() if k in ("src", "href", "poster", "data")
    ]
    assert {v for v in links if not v.startswith("data:image/jpeg;base64,")} == {
        "scored.mp4",
        "./scored.mp4",
        "./music.mid",
        "./stems",
    }


def test_hostile_names_are_harmless(job, tmp_path):
    text = page_of(hostile_job(job), tmp_path, files=[HOSTILE, "javascript:alert(1)"], effort=HOSTILE)
    tags = Tags(text)
    assert [tag for tag, _ in tags.tags].count("script") == 2
    assert not [k for _, attrs in tags.tags for k in attrs if k.startswith("on")]
    assert all(attrs.get("src", "").startswith("data:") for tag, attrs in tags.tags if tag == "img")
    assert not [
        attrs["href"] for tag, attrs in tags.tags if tag == "a" and not attrs["href"].startswith("./")
    ]
    assert "{{ 7*7 }}" in tags.text
    assert "alert(1)" in tags.text


def test_the_page_without_a_film_beside_it_has_no_player(job, tmp_path):
    assert "<video" not in page_of(job, tmp_path)
    (tmp_path / "scored.mp4").touch()
    assert "<video" in page_of(job, tmp_path)


def test_ten_minutes_stay_a_small_page(job_of, tmp_path):
    assert len(page_of(job_of(600.0), tmp_path).encode()) < 1_500_000


def test_the_page_says_warnings_numbers_and_cuts(job, tmp_path):
    text = Tags(page_of(job, tmp_path)).text
    assert "the sound breaks off at 59.2 s" in text
    assert "71 %" in text
    assert "chance 9 %" in text
    assert text.count("130 ms early") == 4
    assert "A returns +2 · 7 bars" in text


@pytest.mark.parametrize(("lost", "said"), [(0.0, False), (0.015, False), (0.041, True)])
def test_what_returns_cost_is_said_where_it_matters(job, tmp_path, lost, said):
    text = Tags(page_of(job, tmp_path, irreducible={"curve": lost})).text
    assert ("0.041 is out of reach of the harmony: returns must be the same" in text) == said


def test_late_music_lies_below_the_cut_line_and_early_above(job, tmp_path):
    dots = re.findall(
        r'title="cut at [^"]*: music ([^"]*)" style="left: [^;]*; top: ([0-9.]+)%', page_of(job, tmp_path)
    )
    assert len(dots) == 14
    assert all(float(top) < 40 for said, top in dots if said == "130 ms early")
    assert all(float(top) == 50 for said, top in dots if said == "0 ms")


def test_a_page_holds_every_note_once(job, tmp_path):
    text = page_of(job, tmp_path)
    boxes = sum(
        len(re.findall(r"v1h-", attrs.get("d", ""))) for tag, attrs in Tags(text).tags if tag == "path"
    )
    assert boxes == len(job.piece.plan.slots)


def test_a_film_without_cuts_drums_speech_or_pictures_has_a_page(job, tmp_path):
    none = Shots(np.zeros(0), np.zeros(0), np.zeros((0, 2)), np.zeros(0))
    empty = Thumbnails(np.zeros(0), np.zeros((0, 90, 160, 3), np.uint8))
    analysis = replace(job.analysis, shots=none, speech_s=np.zeros((0, 2)), thumbnails=empty)
    slots = job.piece.plan.slots
    keep = slots["part"] != 5
    plan = replace(job.piece.plan, slots=slots[keep], curve=Curve(np.array([0.0]), np.array([0.4]), "inline"))
    piece = replace(
        job.piece, plan=plan, pitch=job.piece.pitch[keep], velocity=job.piece.velocity[keep], search=None
    )
    bare = replace(job, analysis=analysis, piece=piece)
    assert "No cuts to meet" in page_of(bare, tmp_path)
    report = report_of(bare)
    picture.report_picture(report, from_piece(piece), plan, empty, tmp_path / "report.png")
    assert (tmp_path / "report.png").read_bytes()[:4] == b"\x89PNG"


def test_a_piece_without_a_film_has_a_page(job, tmp_path):
    notes = from_piece(job.piece)
    report = build.build_report(piece=job.piece, notes=notes)
    page.write_page(report, notes, job.piece.plan, None, tmp_path / "report.html")
    assert "A piece without a film" in (tmp_path / "report.html").read_text("utf-8")


def measured(notes):
    profile = tension_profile(notes)
    return notes, profile, read_tension(Path("made.mid"), notes, profile)


def test_the_same_job_gives_the_same_page_and_picture(job, tmp_path):
    assert page_of(job, tmp_path) == page_of(job, tmp_path)
    for name in "ab":
        notes = from_piece(job.piece)
        picture.tension_picture(*measured(notes), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


# --------------------------------------------------------------------------- the pictures


@pytest.mark.filterwarnings("error")
def test_pictures_survive_hostile_names(job, tmp_path):
    odd = hostile_job(job)
    notes = from_piece(odd.piece)
    picture.report_picture(report_of(odd), notes, odd.piece.plan, odd.analysis.thumbnails, tmp_path / "a.png")
    picture.analysis_picture(odd.analysis, odd.piece.plan.curve, odd.form, tmp_path / "b.png")
    picture.tension_picture(*measured(notes), tmp_path / "c.png", odd.piece.plan.curve, HOSTILE)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]


def test_a_portrait_film_is_drawn_without_stretching(job, tmp_path):
    tall = Thumbnails(np.array([1.0, 30.0]), np.full((2, 160, 90, 3), 128, np.uint8))
    video = replace(job.analysis.video, width=720, height=1280)
    analysis = replace(job.analysis, thumbnails=tall, video=video)
    picture.analysis_picture(analysis, job.piece.plan.curve, job.form, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_very_short_film_is_drawn(job_of, tmp_path):
    short = job_of(8.0)
    report = report_of(short)
    notes = from_piece(short.piece)
    picture.report_picture(report, notes, short.piece.plan, short.analysis.thumbnails, tmp_path / "a.png")
    assert "<svg" in page_of(short, tmp_path)


# --------------------------------------------------------------------------- strings and looks


def test_a_curve_is_drawn_to_both_ends_of_the_film():
    assert timeline.curve_path([1.0, 2.0], [0.0, 1.0], 4.0) == "M0 100.0L100 100.0L200 0.0L400 0.0"


def test_notes_lie_in_the_layer_of_their_part(job):
    roll = timeline.piano_roll(from_piece(job.piece), job.piece.plan.parts)
    for index, layer in enumerate(roll.layers):
        boxes = sum(path.count("M") for _, path in layer.paths)
        assert boxes == (0 if layer.role == "percussion" else np.sum(job.piece.plan.slots["part"] == index))
    assert roll.layers[roll.order[-1]].role == "melody"


def test_parts_of_one_role_have_shades_of_one_colour():
    parts = [Part(f"P{i}", "pad", 0, i, 0, 127) for i in range(3)]
    assert len(set(looks.part_colours(parts))) == 3


def test_equal_labels_have_equal_colours():
    colours = looks.section_colours(["A", "B", "A", *"CDEFGHIJKLMNOPQRST"])
    assert list(colours) == list("ABCDEFGHIJKLMNOPQRST")
    assert len(set(colours.values())) == 20


@pytest.mark.parametrize(
    ("time_s", "decimals", "said"),
    [(0, 0, "0:00"), (65, 0, "1:05"), (59.996, 2, "1:00.00"), (5.25, 2, "0:05.25"), (3661, 0, "61:01")],
)
def test_the_clock_reads_minutes_and_seconds(time_s, decimals, said):
    assert looks.clock(time_s, decimals) == said


def test_pictures_of_the_strip_meet_and_cover_the_film():
    spans = looks.frame_spans(np.array([2.0, 5.0, 6.0]), 9.0)
    assert spans.tolist() == [[0, 3.5], [3.5, 5.5], [5.5, 9]]


def test_speech_is_judged_by_its_worst_stretch(job):
    figures = words.headline(report_of(job, sound={"speech_to_music_db": (15.0, 9.0), "mix_lufs": -16.5}))
    speech = next(f for f in figures if f.title == "Speech above music")
    assert speech.value == "9 dB"
    assert speech.good is False


def test_music_that_meets_cuts_by_chance_is_not_praised(job):
    report = report_of(job)
    report["metrics"]["cuts"] |= {"hit_40ms": 0.1, "chance_40ms": 0.09}
    assert words.headline(report)[0].good is False


def test_the_film_of_the_test_is_what_the_page_describes(job, tmp_path):
    assert isinstance(job.analysis.video, Video)
    assert "1280×720 · 14 cuts · D minor · 4/4 · 120 quarters a minute" in page_of(job, tmp_path)
