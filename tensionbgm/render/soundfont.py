"""SoundFont bytes in, tables and samples out, and back: reading, expanding SF3 to SF2, writing.

An SF3 file is an SF2 file [SF2.04]_ whose samples are Ogg Vorbis streams: `start` and `end` of a
sample count bytes, its loop points count frames from the sample's own start, and bit 4 of its type is set.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field, replace

import numpy as np
import soundfile

VORBIS = 0x10  # bit of `kind`: this sample is compressed
GUARD = 46  # silent frames the standard asks for after every sample
MAX_FRAMES = 400_000_000  # 800 MB of samples: more is a mistake, or meant to fill the disk

PRESET = np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("rest", "V12")])
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
BAG = np.dtype([("gen", "<u2"), ("mod", "<u2")])
MOD = np.dtype("V10")
GEN = np.dtype([("oper", "<u2"), ("amount", "<u2")])
SAMPLE = np.dtype(
    [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate", "<u4"),
        ("pitch", "u1"),
        ("correction", "i1"),
        ("link", "<u2"),
        ("kind", "<u2"),
    ]
)
TABLES = {
    b"phdr": PRESET,
    b"pbag": BAG,
    b"pmod": MOD,
    b"pgen": GEN,
    b"inst": INSTRUMENT,
    b"ibag": BAG,
    b"imod": MOD,
    b"igen": GEN,
    b"shdr": SAMPLE,
}


class BadFont(ValueError):
    """The bytes are not a SoundFont that can be read."""


@dataclass(frozen=True)
class SoundFont:
    """A SoundFont in memory; every table keeps its terminal record."""

    info: dict[bytes, bytes]  # INFO chunks: ifil, INAM, ICOP, ...
    table: dict[bytes, np.ndarray]  # the nine tables of pdta
    smpl: bytes = field(repr=False)  # 16-bit frames, or Vorbis streams

    @property
    def compressed(self) -> bool:
        """Whether the samples are Vorbis streams (SF3)."""
        return bool((self.table[b"shdr"]["kind"][:-1] & VORBIS).any())

    @property
    def name(self) -> str:
        """The font's own name."""
        return self.info.get(b"INAM", b"").split(b"\0")[0].decode("latin-1").strip() or "unnamed"


def read(data: bytes) -> SoundFont:
    """The SoundFont in `data`.

    Raises
    ------
    BadFont
        the bytes are no SoundFont, or a table is missing, broken or points outside the file
    """
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise BadFont("not a SoundFont")
    lists = {kind: (start, stop) for kind, start, stop in _lists(data)}
    if not {b"INFO", b"sdta", b"pdta"} <= lists.keys():
        raise BadFont("a part of the SoundFont is missing, perhaps cut off")
    info = {name: data[a:b] for name, a, b in _chunks(data, *lists[b"INFO"])}
    smpl = {name: (a, b) for name, a, b in _chunks(data, *lists[b"sdta"])}.get(b"smpl")
    raw = {name: data[a:b] for name, a, b in _chunks(data, *lists[b"pdta"])}
    if smpl is None or not TABLES.keys() <= raw.keys():
        raise BadFont("a table of the SoundFont is missing")
    font = SoundFont(info, {n: _table(raw[n], kind) for n, kind in TABLES.items()}, data[smpl[0] : smpl[1]])
    _check(font)
    return font


def write(font: SoundFont) -> bytes:
    """The font as a RIFF file; equal fonts give equal bytes."""
    # Texts take an even number of bytes [SF2.04, 5]; readers exist that do not skip a pad byte here.
    info = b"".join(_chunk(name, body + bytes(len(body) % 2)) for name, body in font.info.items())
    pdta = b"".join(_chunk(name, font.table[name].tobytes()) for name in TABLES)
    body = (
        _chunk(b"LIST", b"INFO" + info)
        + _chunk(b"LIST", b"sdta" + _chunk(b"smpl", font.smpl))
        + _chunk(b"LIST", b"pdta" + pdta)
    )
    return _chunk(b"RIFF", b"sfbk" + body)


def expand(font: SoundFont) -> SoundFont:
    """The same font with 16-bit samples: an SF2 from an SF3 (an SF2 comes back as it is).

    Raises
    ------
    BadFont
        a sample cannot be decoded, or together they are longer than `MAX_FRAMES`
    """
    if not font.compressed:
        return font
    samples = font.table[b"shdr"].copy()
    pieces: list[bytes] = []
    at = 0
    for row in samples[:-1]:
        frames = _decode(font.smpl, row)
        at += len(frames) + GUARD
        if at > MAX_FRAMES:
            raise BadFont("its samples are too long to expand")
        start = at - len(frames) - GUARD
        for loop in ("loop_start", "loop_end"):
            row[loop] = start + min(int(row[loop]), len(frames))
        row["start"], row["end"] = start, start + len(frames)
        row["kind"] &= ~VORBIS & 0xFFFF
        pieces += [frames.tobytes(), bytes(2 * GUARD)]
    table = {**font.table, b"shdr": samples}
    return replace(font, info={**font.info, b"ifil": b"\2\0\4\0"}, table=table, smpl=b"".join(pieces))


def _decode(smpl: bytes, row: np.void) -> np.ndarray:
    """Frames of one sample, int16 (n,)."""
    stream = smpl[int(row["start"]) : int(row["end"])]
    if not row["kind"] & VORBIS:
        raise BadFont(f"sample {row['name'].decode('latin-1')!r} is not compressed as the others are")
    try:
        with soundfile.SoundFile(io.BytesIO(stream)) as file:
            if file.frames > MAX_FRAMES or file.channels != 1:
                raise BadFont("a sample has an impossible length or more than one channel")
            wave = file.read(dtype="float32")
    except (soundfile.SoundFileError, RuntimeError) as fault:
        raise BadFont(f"sample {row['name'].decode('latin-1')!r} cannot be decoded") from fault
    return np.clip(np.rint(wave * 32768.0), -32768, 32767).astype("<i2")


def _check(font: SoundFont) -> None:
    """Everything a table points at exists."""
    table, end = font.table, len(font.smpl)
    samples = table[b"shdr"][:-1]
    compressed = (samples["kind"] & VORBIS) > 0
    unit = np.where(compressed, 1, 2)
    used = (samples["kind"] & 0x8000) == 0  # ROM samples lie in hardware, not in the file
    if (used & ((samples["end"] < samples["start"]) | (samples["end"].astype(np.int64) * unit > end))).any():
        raise BadFont("a sample lies outside the file, which may be cut off")
    for owner, bag, gen, mod in ((b"phdr", b"pbag", b"pgen", b"pmod"), (b"inst", b"ibag", b"igen", b"imod")):
        for pointers, last in (
            (table[owner]["bag"], len(table[bag]) - 1),
            (table[bag]["gen"], len(table[gen]) - 1),
            (table[bag]["mod"], len(table[mod]) - 1),
        ):
            if (np.diff(pointers.astype(np.int64)) < 0).any() or pointers[-1] > last:
                raise BadFont("its tables do not fit together")


def _table(raw: bytes, kind: np.dtype) -> np.ndarray:
    if len(raw) < kind.itemsize or len(raw) % kind.itemsize:
        raise BadFont("a table of the SoundFont has a broken length")
    return np.frombuffer(raw, kind).copy()


def _lists(data: bytes) -> list[tuple[bytes, int, int]]:
    """The LIST chunks of the file: kind, start and stop of what is in them."""
    return [(data[a : a + 4], a + 4, b) for name, a, b in _chunks(data, 12, len(data)) if name == b"LIST"]


def _chunks(data: bytes, at: int, stop: int) -> list[tuple[bytes, int, int]]:
    """Chunks between two offsets; some writers leave out the pad byte after an odd chunk."""
    found = []
    while at + 8 <= stop:
        (size,) = struct.unpack_from("<I", data, at + 4)
        if at + 8 + size > len(data):
            raise BadFont("the SoundFont is cut off")
        found.append((data[at : at + 4], at + 8, at + 8 + size))
        at += 8 + size
        if size % 2 and not data[at : at + 4].isalnum():
            at += 1
    return found


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
