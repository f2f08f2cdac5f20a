"""What the command `tension` prints of a score, in every dialect and window."""

import json

import mido
import pytest

from tensionbgm import __main__, config
from tensionbgm.music.dialects import DIALECTS
from tensionbgm.music.reading import UNITS
from tensionbgm.music.tension import MEASURES


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    """Eight bars in D minor, a chord a bar, ending as it began."""
    chords = [(62, 65, 69), (67, 70, 74), (69, 73, 76), (62, 65, 69)] * 2
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    for chord in chords:
        track += [mido.Message("note_on", note=n, velocity=70) for n in chord]
        track += [mido.Message("note_off", note=n, time=1920 if n == chord[0] else 0) for n in chord]
    path = tmp_path_factory.mktemp("song") / "song.mid"
    mido.MidiFile(tracks=[track]).save(path)
    return path


def told(capsys, *arguments):
    assert __main__.main(["tension", *map(str, arguments), "--json"]) == 0
    out, err = capsys.readouterr()
    assert "Warning" not in err
    return json.loads(out)


def test_the_command_line_knows_every_dialect():
    assert set(config.DIALECTS) == set(DIALECTS)
    assert set(UNITS) == set(MEASURES)


@pytest.mark.parametrize("dialect", config.DIALECTS)
@pytest.mark.parametrize("window", [None, "16th", "beat", "bar", "1.5"])
def test_every_figure_has_a_value_for_every_window(song, capsys, dialect, window):
    asked = [] if window is None else ["--window", window]
    data = told(capsys, song, "--dialect", dialect, *asked)
    n = len(data["times_s"])
    assert n > 3
    lists = [data["start_s"], data["end_s"], *(data[name] for name in MEASURES), *data["levels"].values()]
    assert {len(values) for values in lists} == {n}
    assert all(0 <= level <= 1 for values in data["levels"].values() for level in values)
    assert data["composite"] == data["levels"]["composite"]


def test_bars_of_two_seconds_begin_where_they_should(song, capsys):
    assert told(capsys, song, "--window", "bar")["times_s"] == [2.0 * bar for bar in range(8)]


def test_the_key_is_found_or_given_or_followed(song, capsys):
    assert told(capsys, song)["key"] == [[0.0, "D minor"]]
    given = told(capsys, song, "--key", "F major")
    assert (given["key"], given["key_source"]) == ([[0.0, "F major"]], "given")
    followed = told(capsys, song, "--key", "local")
    assert len(followed["key"]) == len(followed["key_confidence"])
    assert all(0 <= sure <= 1 for sure in followed["key_confidence"])


def test_measured_against_another_key_the_same_music_is_strained(song, capsys):
    home, away = told(capsys, song), told(capsys, song, "--key", "F# major")
    assert sum(away["strain"]) > 1.5 * sum(home["strain"])


@pytest.mark.parametrize(
    ("arguments", "status", "fault"),
    [
        (["--window", "0"], 2, "is no window"),
        (["--window", "nan"], 2, "is no window"),
        (["--key", "H flat"], 1, "is no key"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(song, capsys, arguments, status, fault):
    assert __main__.main(["tension", str(song), *arguments]) == status
    out, err = capsys.readouterr()
    assert fault in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize("out", ["song.mid", "curve.csv"])
def test_no_picture_takes_the_place_of_what_it_is_drawn_from(song, tmp_path, capsys, out):
    import shutil

    shutil.copy(song, tmp_path / "song.mid")
    (tmp_path / "curve.csv").write_text("time_s,tension\n0,0.2\n20,0.8\n")
    before = {name: (tmp_path / name).read_bytes() for name in ("song.mid", "curve.csv")}
    asked = ["tension", str(tmp_path / "song.mid"), "--against", str(tmp_path / "curve.csv"), "--force"]
    assert __main__.main([*asked, "-o", str(tmp_path / out)]) == 1
    assert "png" in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
