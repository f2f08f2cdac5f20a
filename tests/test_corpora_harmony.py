"""Labels of chords as they are written down, and what is counted of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tensionbgm.corpora import build_harmony
from tensionbgm.corpora.annotated import Label, Piece, pieces
from tensionbgm.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data" / "corpora"
HEADS = [
    *("mc", "timesig", "mc_onset", "localkey", "localkey_is_minor", "pedal"),
    *("chord_type", "chord_tones", "added_tones", "root", "bass_note", "cadence", "phraseend"),
]


def expert_file(folder: Path, *rows: str) -> Path:
    """A labelled piece; cells are parted by spaces and `.` is an empty one."""
    lines = [HEADS, *(row.split() for row in rows)]
    text = "\n".join("\t".join("" if cell == "." else cell for cell in line) for line in lines)
    path = folder / "set" / "piece.harmonies.tsv"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("+", ", ") + "\n", encoding="utf-8")
    return path.parent


def song(folder: Path, chords: str, key: str = "0 9 A:min") -> Path:
    place = folder / "songs" / "001"
    place.mkdir(parents=True)
    (place / "chord_beat.txt").write_text(chords, encoding="utf-8")
    (place / "beats.txt").write_text("beats_per_bar 4\n", encoding="utf-8")
    (place / "key_audio.txt").write_text(key, encoding="utf-8")
    return place.parent


def told(labels: tuple[Label | None, ...]) -> list[str | None]:
    return [build_harmony.chord(label) if label else None for label in labels]


def test_expert_labels_are_told_from_the_tonic_of_the_local_key(tmp_path: Path):
    folder = expert_file(
        tmp_path,
        "1 3/4 0 I 0 . M 0+4+1 . 0 0 . {",
        "2 3/4 1/4 I 0 . Mm7 5+2+-1+1 . 1 5 . .",
        "3 3/4 0 I 0 . M 1+0+4 . 1 1 . .",  # V(64)
        "3 3/4 1/2 I 0 . Mm7 1+0+2+-1 . 1 1 . .",  # V7(4)
        "4 3/4 0 I 0 . M 0+4+1 2 0 0 PAC }",  # with a ninth
        "5 3/4 0 vi 1 I Mm7 1+5+2+-1 . 1 1 . .",  # over a pedal
        "6 3/4 0 vi 1 . Ger -4+0+-3+6 . 6 -4 . .",
    )
    [piece] = pieces(folder, "train")
    assert told(piece.labels) == [
        None, "0 M 0", "1 7 4", "0 M 1", "1 7sus4 0", "0 add9 0", None, "1 7 -1", "-4 7 0",
    ]  # fmt: skip
    assert [label.mode for label in piece.labels if label] == ["major"] * 5 + ["minor"] * 2
    assert [label.ends for label in piece.labels if label] == ["", "", "", "", "PAC", "", ""]
    assert [label.opens for label in piece.labels if label] == [True, *[False] * 4, True, False]
    assert [label.held for label in piece.labels if label] == [*[False] * 5, True, False]
    second = piece.labels[2]
    assert second is not None
    assert (second.bar, second.beat) == (2, 1.0)
    assert piece.beats == dict.fromkeys(range(1, 7), 3)


def test_a_beat_of_a_compound_metre_is_three_of_its_notes(tmp_path: Path):
    folder = expert_file(tmp_path, "1 6/8 3/8 I 0 . M 0+4+1 . 0 0 . .")
    [piece] = pieces(folder, "train")
    assert piece.beats == {1: 2}
    assert piece.labels[1] is not None
    assert piece.labels[1].beat == 1.0


def test_songs_are_told_from_their_key_and_those_that_change_it_are_left_out(tmp_path: Path):
    chords = "0 4 N\n4 6 A:min\n6 8 D:min7/b3\n8 12 E:sus4(b7)\n12 16 C:maj/3\n"
    [piece] = pieces(song(tmp_path, chords), "train")
    assert told(piece.labels) == [None, "0 m 0", "-1 m7 -3", "1 7sus4 0", "-3 M 4"]
    assert piece.beats == dict.fromkeys(range(4), 4)
    with pytest.raises(InputError, match="no labelled chords"):
        pieces(song(tmp_path / "other", chords, "0 9 A:min\n9 20 C:maj"), "train")


def test_a_folder_without_labels_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no labelled chords"):
        pieces(tmp_path, "train")


def a_piece(*names: str | None) -> Piece:
    labels = []
    for k, name in enumerate(names):
        root, quality, bass = name.split() if name else ("0", "M", "0")
        labels.append(Label("major", int(root), quality, int(bass), k // 2, k % 2 * 2.0) if name else None)
    return Piece("made", tuple(labels), dict.fromkeys(range((len(names) + 1) // 2), 4))


def test_pairs_are_counted_within_a_key_and_the_same_chord_again_is_none():
    piece = a_piece(*(["0 M 0", "0 M 0", "1 M 0", None, "0 M 0", "1 M 0"] * 10))
    told_of = build_harmony.count([piece], "major")
    assert told_of["names"] == ["0 M 0", "1 M 0"]
    assert told_of["chords"] == [20, 20]
    assert told_of["pairs"] == [[0, 1, 20], [1, 0, 9]]
    assert told_of["triples"] == [[0, 1, 0, 9], [1, 0, 1, 9]]


def test_rare_inversions_count_in_root_position():
    piece = a_piece(*(["0 M 0", "1 M 0"] * 10), "0 M 0", "1 M 4")
    told_of = build_harmony.count([piece], "major")
    assert told_of["names"] == ["0 M 0", "1 M 0"]
    assert [0, 1, 11] in told_of["pairs"]


def test_a_pedal_is_counted_by_the_neighbours_that_keep_its_bass(tmp_path: Path):
    tonic, pedal = "I 0 . M 0+4+1 . 0 0 . .", "I 0 I Mm7 1+5+2+-1 . 1 1 . ."
    folder = expert_file(tmp_path, *(f"{k} 4/4 0 {row}" for k, row in enumerate([tonic, pedal, tonic])))
    assert build_harmony.pedals(pieces(folder, "train")) == {"held": [0, 0, 1], "other": [0, 0, 0]}


@pytest.mark.skipif(not (REAL / "dcml").is_dir(), reason="the labelled corpora are not beside the checkout")
def test_the_counts_that_ship_are_those_of_the_recipe():
    shipped = json.loads((ROOT / "corpora" / "harmony.json").read_text(encoding="utf-8"))
    again = json.loads(json.dumps(build_harmony.build([REAL / "dcml", REAL / "pop909"])))
    assert shipped == again
