from __future__ import annotations

import json
import os
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensionbgm.errors import InputError
from tensionbgm.forms import Curve
from tensionbgm.model.drawn import check_spec, read_curve, write_curve_csv
from tensionbgm.saved import save

FILM_S = 30.0
POINTS = [(0.0, 0.2), (12.0, 0.9), (30.0, 0.1)]
PROBE_S = np.linspace(0.5, 29.5, 59)


def reads_as_points(curve: Curve, tolerance: float = 1e-9) -> bool:
    expected = np.interp(PROBE_S, *zip(*POINTS, strict=True))
    return bool(np.abs(curve.at(PROBE_S) - expected).max() <= tolerance)


@st.composite
def curves(draw):
    n = draw(st.integers(2, 30))
    step_s = draw(st.lists(st.floats(1e-6, 50.0), min_size=n - 1, max_size=n - 1))
    value = draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n))
    return Curve(np.concatenate([[0.0], np.cumsum(step_s)]), np.array(value), "file")


# --------------------------------------------------------------------------- points and tables


@settings(max_examples=50, deadline=None)
@given(curve=curves())
def test_a_written_curve_reads_back_the_same(tmp_path_factory, curve):
    path = tmp_path_factory.mktemp("curve") / "curve.csv"
    write_curve_csv(curve, path)
    back = read_curve(str(path), float(curve.time_s[-1])).curve
    np.testing.assert_array_equal(back.time_s, curve.time_s)
    np.testing.assert_array_equal(back.value, curve.value)
    assert [p.name for p in path.parent.iterdir()] == ["curve.csv"]


@settings(max_examples=50, deadline=None)
@given(curve=curves(), comma=st.booleans())
def test_inline_points_read_as_they_stand(curve, comma):
    pairs = [f"{t!r}:{v!r}" for t, v in zip(curve.time_s.tolist(), curve.value.tolist(), strict=True)]
    spec = ";".join(pairs).replace(".", ",") if comma else ",".join(pairs)
    back = read_curve(spec, float(curve.time_s[-1])).curve
    assert back.source == "inline"
    np.testing.assert_array_equal(back.value, curve.value)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='0123456789.:,;-+eE nan\t\n"{}[]<>svg/x#', max_size=60))
def test_whatever_text_is_given_the_answer_is_a_curve_or_one_line(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("fuzz") / "curve"
    path.write_text(text, encoding="utf-8")
    told = []
    for spec in (text, str(path)):
        try:
            curve = read_curve(spec, FILM_S).curve
        except InputError as fault:
            told.append(str(fault))
        else:
            assert np.all((curve.value >= 0) & (curve.value <= 1))
    assert "\n" not in "".join(told)


@pytest.mark.parametrize(
    "content",
    [
        "time_s,tension\n0,0.2\n12,0.9\n30,0.1\n",
        "0,0.2\n12,0.9\n30,0.1",
        "\ufeffTime (s);Tension\r\n0;0,2\r\n12;0,9\r\n30;0,1\r\n",
        "0\t0,2\n12\t0,9\n30\t0,1\n",
        "# drawn on Monday\n0 0.2\n\n12  0.9\n30 0.1\n",
        "tension,note,time_s\n0.2,calm,0\n0.9,a chase,12\n0.1,,30\n",
        '"0","0.2"\n"12","0.9"\n"30","0.1"\n',
        "[[0, 0.2], [12, 0.9], [30, 0.1]]",
        '{"times_s": [0, 12, 30], "values": [0.2, 0.9, 0.1]}',
        '{"times_s": [0, 12, 30], "tension": [0.2, 0.9, 0.1]}',
        '{"version": "1", "curve": {"times_s": [0, 12, 30], "target": [0.2, 0.9, 0.1], "achieved": []}}',
    ],
)
def test_tables_in_every_dialect_say_the_same(tmp_path, content):
    path = tmp_path / "curve.txt"
    path.write_text(content, encoding="utf-8", newline="")
    drawn = read_curve(str(path), FILM_S)
    assert reads_as_points(drawn.curve)
    assert drawn.curve.source == "file"
    assert drawn.warnings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_of_spreadsheets_are_understood(tmp_path, encoding):
    path = tmp_path / "curve.csv"
    path.write_bytes("time_s\ttension\n0\t0,2\n12\t0,9\n30\t0,1\n# gezeichnet für Ü\n".encode(encoding))
    assert reads_as_points(read_curve(str(path), FILM_S).curve)


def test_a_saved_curve_noun_reads_back(tmp_path):
    path = tmp_path / "curve.json"
    save(Curve(np.array([0.0, 12, 30]), np.array([0.2, 0.9, 0.1]), "estimated"), path)
    assert reads_as_points(read_curve(str(path), FILM_S).curve)


def test_a_curve_longer_than_the_film_is_cut_off_and_it_is_said():
    drawn = read_curve("0:0,20:1", 10.0)
    assert (drawn.curve.time_s[-1], drawn.curve.value[-1]) == (10.0, 0.5)
    assert "10.00 s lie beyond" in drawn.warnings[0]


def test_ends_may_miss_the_film_by_a_little():
    assert read_curve("0.3:0.2,29.6:0.4", FILM_S).warnings == ()
    assert read_curve("0:0.2,30.3:0.4", FILM_S).warnings == ()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("0:0.2,12:0.9,11:0.5,30:0.1", "not rising"),
        ("0:0.2,12:0.9,12:0.5,30:0.1", "two points at 12 s"),
        ("0:0.2,30:1.2", "outside 0..1"),
        ("0:20,30:90", "divide by 100"),
        ("0:-0.2,30:0.2", "outside 0..1"),
        ("0:nan,30:0.2", "not a finite number"),
        ("0:0.1,inf:0.2", "not a finite number"),
        ("0:0.5", "needs two or more"),
        ("0:0.2,28:0.9", "2.00 s before the film"),
        ("5:0.2,30:0.9", "begins 5.00 s after"),
        ("-1:0.2,30:0.9", "before the film"),
        ("0:0.2,12", 'is not "time:tension"'),
        ("0:0.2,x:0.5", 'is not "time:tension"'),
        ("nothing.csv", "no such file"),
        ("", "is not a plain file"),
        ("x" * 5000, "no such file"),
        ("a\0b", "no such file"),
    ],
)
def test_faults_are_told_in_one_line(spec, told):
    with pytest.raises(InputError) as fault:
        read_curve(spec, FILM_S)
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)
    assert ";" in str(fault.value)  # fault; remedy


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\n\n", "holds no points"),
        (b"0,0,2\n30,0,9\n", "decimal commas"),
        (b"a,b,c\n1,2,3\n", "no columns called"),
        (b"0,0.2\nfrog,0.9\n", "'frog,0.9' is not a time"),
        (b"0,0.2\n30\n", "is not a time"),
        (b'{"times_s": [0, 30]}', "no lists"),
        (b'{"times_s": [0, 30], "values": [0.1]}', "2 times but 1"),
        (b'[[0, 0.2], [30, "x"]]', "point 2"),
        (b"[[0, 0.2], [30, true]]", "point 2"),
        (b"[[0, NaN], [30, 0.2]]", "not a finite number"),
        (b"[[0, 0.1], [1" + b"0" * 400 + b", 0.2]]", "not a finite number"),
        (b"[" * 100_000, "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\x00\x01\x02\x03" * 50, "neither text nor"),
        (b"%PDF-1.7\x00\xff\xfe", "neither text nor"),
        (b"GIF89a\x01\x00\x01\x00", "neither text nor"),
        (b"\x89PNG\r\n\x1a\n" + b"junk" * 20, "damaged PNG"),
        (b"\xff\xd8\xff\xe0" + b"junk" * 20, "picture"),
    ],
)
def test_faulty_files_are_refused_by_name(tmp_path, content, told):
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(InputError) as fault:
        read_curve(str(path), FILM_S)
    assert told in str(fault.value)
    assert str(path) in str(fault.value)
    assert "\n" not in str(fault.value)


def test_folders_pipes_and_huge_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a plain file"):
        read_curve(str(tmp_path), FILM_S)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a plain file"):
        read_curve(str(tmp_path / "pipe"), FILM_S)
    with (tmp_path / "huge.csv").open("wb") as huge:
        huge.truncate(60_000_000)
    with pytest.raises(InputError, match="60 MB is no curve"):
        read_curve(str(tmp_path / "huge.csv"), FILM_S)


def test_writing_into_a_missing_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_curve_csv(Curve(np.array([0.0, 1]), np.array([0.0, 1]), "file"), tmp_path / "no" / "c.csv")


# --------------------------------------------------------------------------- drawings


def canvas(w=900, h=400, ground=255, channels=3):
    return np.full((h, w, channels), ground, np.uint8)


def stroke(picture, colour, thickness=5, points=POINTS, film_s=FILM_S):
    h, w = picture.shape[:2]
    at = np.array([(t / film_s * w, (1 - v) * h) for t, v in points])
    cv2.polylines(picture, [np.round(at * 16).astype(np.int32)], False, colour, thickness, cv2.LINE_AA, 4)
    return picture


def saved(path: Path, picture: np.ndarray) -> str:
    assert cv2.imwrite(str(path), picture)
    return str(path)


SKETCHES = {
    "dark on white": lambda: stroke(canvas(), (30, 20, 20)),
    "red on white": lambda: stroke(canvas(), (40, 40, 220)),
    "yellow on white": lambda: stroke(canvas(), (60, 230, 250)),
    "pencil on grey": lambda: stroke(canvas(ground=200), (150, 150, 150)),
    "chalk on black": lambda: stroke(canvas(ground=15), (230, 230, 230)),
    "thin on large": lambda: stroke(canvas(5000, 3000), (0, 0, 0), 2),
    "thick felt": lambda: stroke(canvas(), (0, 0, 0), 25),
    "small": lambda: stroke(canvas(120, 60), (0, 0, 0), 2),
    "black on nothing": lambda: stroke(canvas(ground=0, channels=4), (0, 0, 0, 255)),
    "white on nothing": lambda: stroke(canvas(ground=0, channels=4), (255, 255, 255, 255)),
    "grey scale": lambda: stroke(canvas(), (0, 0, 0))[..., 0],
}


@pytest.mark.parametrize("name", SKETCHES)
def test_a_line_reads_as_drawn(tmp_path, name):
    drawn = read_curve(saved(tmp_path / "sketch.png", SKETCHES[name]()), FILM_S)
    assert reads_as_points(drawn.curve, 0.05)
    assert drawn.curve.source == "drawn"
    assert drawn.warnings == ()


def test_sixteen_bits_read_as_eight(tmp_path):
    picture = stroke(canvas(), (0, 0, 0)).astype(np.uint16) * 257
    assert reads_as_points(read_curve(saved(tmp_path / "s.png", picture), FILM_S).curve, 0.05)


def test_a_photographed_page_with_a_shadow_and_noise_reads_well(tmp_path):
    picture = stroke(canvas(1200, 800), (60, 50, 50), 6).astype(float)
    picture *= np.linspace(1.0, 0.6, 1200)[None, :, None]
    picture += np.random.default_rng(0).normal(0, 4, picture.shape)
    path = saved(tmp_path / "page.jpg", np.clip(picture, 0, 255).astype(np.uint8))
    assert reads_as_points(read_curve(path, FILM_S).curve, 0.05)


def test_a_line_over_part_of_the_width_is_held_and_it_is_said(tmp_path):
    picture = stroke(canvas(), (0, 0, 0), points=[(6.0, 0.3), (24.0, 0.8)])
    drawn = read_curve(saved(tmp_path / "s.png", picture), FILM_S)
    assert drawn.curve.at(0.0) == pytest.approx(0.3, abs=0.03)
    assert drawn.curve.at(30.0) == pytest.approx(0.8, abs=0.03)
    assert "covers 6.0-24" in drawn.warnings[0].replace("5.9", "6.0")


def test_a_gap_is_bridged_and_it_is_said(tmp_path):
    picture = stroke(canvas(), (0, 0, 0))
    picture[:, 400:550] = 255
    drawn = read_curve(saved(tmp_path / "s.png", picture), FILM_S)
    assert "gap" in drawn.warnings[0]
    assert reads_as_points(drawn.curve, 0.08)


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (canvas(), "no line found"),
        (canvas(ground=0, channels=4), "no line found"),
        (stroke(canvas(), (0, 0, 0), points=[(10, 0.2), (11, 0.9)]), "no line found"),
        (cv2.rectangle(stroke(canvas(), (0, 0, 0)), (2, 2), (897, 397), (0, 0, 0), 3), "several lines"),
        (np.random.default_rng(0).integers(0, 256, (300, 300, 3)).astype(np.uint8), "one"),
        (canvas(4, 4), "tiny"),
    ],
)
def test_what_is_no_single_line_is_refused(tmp_path, picture, told):
    path = saved(tmp_path / "s.png", picture)
    if told == "one":  # noise: whichever fault is seen first
        told = ";"
    with pytest.raises(InputError) as fault:
        read_curve(path, FILM_S)
    assert told in str(fault.value)


@pytest.mark.parametrize("change", ["cut", "flip"])
def test_a_damaged_png_is_refused_without_the_decoders_complaints(tmp_path, change, capfd):
    path = Path(saved(tmp_path / "s.png", next(iter(SKETCHES.values()))()))
    data = bytearray(path.read_bytes())
    if change == "flip":
        data[len(data) // 2] ^= 0xFF
    path.write_bytes(data if change == "flip" else data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_curve(str(path), FILM_S)
    assert capfd.readouterr().err == ""


def test_a_png_that_claims_a_huge_size_is_refused_before_decoding(tmp_path):
    head = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    data = (
        b"\x89PNG\r\n\x1a\n" + len(head[4:]).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")
    )
    (tmp_path / "bomb.png").write_bytes(data)
    with pytest.raises(InputError, match="60000 x 60000 pixels"):
        read_curve(str(tmp_path / "bomb.png"), FILM_S)


def svg(body: str, box: str = 'viewBox="0 0 900 400"', before: str = "") -> str:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" {box}>{body}</svg>'


XML = '<?xml version="1.0" encoding="latin-1"?>'
BOX = 'viewBox="0 0 30 1"'
PREFIXED = '<x:svg xmlns:x="http://www.w3.org/2000/svg" viewBox="0 0 900 400"><x:polyline {}/></x:svg>'
LINE = 'points="0,320 360,40 900,360" fill="none" stroke="#c03" stroke-width="4"'


@pytest.mark.parametrize(
    "text",
    [
        svg(f"<polyline {LINE}/>"),
        svg(f"<polyline {LINE}/>", 'width="900" height="400"'),
        svg('<path d="M0 320 L360 40 900 360" fill="none" stroke="black" stroke-width="3"/>'),
        svg(
            '<g transform="scale(30 400)"><path d="M0 .8 L12 .1 L30 .9" fill="none" stroke="black" '
            'stroke-width="0.01"/></g>'
        ),
        svg(f'<rect width="900" height="400" fill="white"/><polyline {LINE}/>'),
        svg(
            f"<metadata>by hand</metadata><polyline {LINE}/>",
            before=XML,
        ),
        svg(f"<polyline {LINE}/>", before="<!DOCTYPE svg>"),
        svg(
            '<path d="M0 .8 L12 .1 L30 .9" fill="none" stroke="black" stroke-width=".02"/>',
            'viewBox="0 0 30 1"',
        ),
        '<svg:svg xmlns:svg="http://www.w3.org/2000/svg" viewBox="0 0 900 400"><svg:polyline '
        + LINE
        + "/></svg:svg>",
    ],
)
def test_an_svg_line_reads_as_drawn(tmp_path, text):
    path = tmp_path / "curve.svg"
    path.write_text(text, encoding="utf-8")
    drawn = read_curve(str(path), FILM_S)
    assert reads_as_points(drawn.curve, 0.04)
    assert drawn.curve.source == "drawn"


BOMB = '<!DOCTYPE svg [<!ENTITY a "0,0 9,9 "><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (svg('<polyline points="&b;"/>', before=BOMB), "entities"),
        (svg("", before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "entities"),
        (svg('<image href="/etc/passwd"/>'), "contains <image>"),
        (svg('<g id="a"/><use href="#a"/>'), "contains <use>"),
        (svg(f"<polyline {LINE}/>", 'viewBox="0 0 0 400"'), "no usable size"),
        (svg(f"<polyline {LINE}/>", 'viewBox="0 0 nan 400"'), "no usable size"),
        (svg(f"<polyline {LINE}/>", 'width="100%" height="100%"'), "no usable size"),
        (svg(f"<polyline {LINE}/>", ""), "no usable size"),
        (svg("<g>" * 400 + "</g>" * 400), "too much"),
        (svg("<g>" * 50_000 + "</g>" * 50_000), "too much"),
        (svg('<g opacity=".5"><path d="M0 0 L900 400"/></g>' * 20_000), "too much"),
        (svg(f'<polyline {LINE} stroke-dasharray="0.00001"/>'), "no line found"),
        (svg(f'<g transform="scale(1e30)"><polyline {LINE}/></g>'), "no line found"),
        (svg(""), "no line found"),
        (svg('<rect x="0" y="250" width="900" height="150"/>'), "an area"),
        ("<svg", "not valid SVG"),
        ("<html><body/></html>", "no SVG drawing"),
        ("<svg><path/></svg>", "no SVG drawing"),
    ],
)
def test_hostile_and_empty_svgs_are_refused(tmp_path, text, told):
    path = tmp_path / "curve.svg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as fault:
        read_curve(str(path), FILM_S)
    assert told in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_view_box_of_absurd_shape_does_not_exhaust_memory(tmp_path):
    path = tmp_path / "curve.svg"
    path.write_text(svg('<path d="M0 0 L1 100000000"/>', 'viewBox="0 0 1 100000000"'), encoding="utf-8")
    with pytest.raises(InputError):
        read_curve(str(path), FILM_S)


def test_json_and_csv_agree_with_the_report(tmp_path):
    report = tmp_path / "report.json"
    report.write_text(
        json.dumps({"curve": {"source": "estimated", "times_s": [0, 12, 30], "target": [0.2, 0.9, 0.1]}})
    )
    assert reads_as_points(read_curve(str(report), FILM_S).curve)


def test_times_may_be_clocks_and_shares_of_the_film():
    curve = read_curve("0:0.2, 1:30:0.9, 75%:0.5, 100%:0.1", 200.0).curve
    assert curve.time_s.tolist() == [0.0, 90.0, 150.0, 200.0]
    assert curve.value.tolist() == [0.2, 0.9, 0.5, 0.1]


def test_a_table_may_hold_clock_times(tmp_path):
    path = tmp_path / "curve.csv"
    path.write_text("time,tension\n0:00,0.2\n0:20,0.9\n1:00.5,0.1\n")
    assert read_curve(str(path), 60.5).curve.time_s.tolist() == [0.0, 20.0, 60.5]


@pytest.mark.parametrize("spec", ["0:2", "0:0.2,x:0.5", "0:0.2 9:0.5", "missing.csv"])
def test_nonsense_is_refused_before_the_film_is_looked_at(spec):
    with pytest.raises(InputError):
        check_spec(spec)


@pytest.mark.parametrize("spec", ["0:0.2,5:0.5", "0:0.2,100%:0.5"])
def test_a_curve_that_may_be_long_enough_passes_the_first_look(spec):
    check_spec(spec)
