"""A big SoundFont in, a small one out that holds the named presets and what they sound with.

Made the font this package ships:

    python -m tensionbgm.render.font_subset FluidR3Mono_GM.sf3 tensionbgm/render/sound-font/tensionbgm.sf3
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from tensionbgm.render import soundfont
from tensionbgm.render.soundfont import SoundFont

INSTRUMENT_GEN, SAMPLE_GEN = 41, 53  # generators that name an instrument, a sample

# General MIDI programs that music for film asks for (0-based), and drum kits (bank 128).
PROGRAMS = (
    *(0, 1, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 19, 21, 22, 24, 25, 26, 27, 32, 33, 35, 38, 39),
    *range(40, 58),
    *(58, 59, 60, 61, 62, 68, 69, 70, 71, 72, 73, 74, 75, 77, 79, 80, 81),
    *range(88, 100),
    *(104, 107, 108, 114, 116, 117, 118, 119),
)
KITS = (0, 8, 25, 40, 48)
DRUMS = 128  # the bank of the kits


def subset(font: SoundFont, programs: tuple[int, ...] = PROGRAMS, kits: tuple[int, ...] = KITS) -> SoundFont:
    """The font with only these programs of bank 0 and these drum kits."""
    table = font.table
    presets = table[b"phdr"][:-1]
    wanted = (presets["bank"] == 0) & np.isin(presets["program"], programs)
    wanted |= (presets["bank"] == DRUMS) & np.isin(presets["program"], kits)
    phdr, pbag, pgen, pmod = _keep(table, (b"phdr", b"pbag", b"pgen", b"pmod"), np.flatnonzero(wanted))
    used = np.unique(pgen["amount"][:-1][pgen["oper"][:-1] == INSTRUMENT_GEN])
    inst, ibag, igen, imod = _keep(table, (b"inst", b"ibag", b"igen", b"imod"), used)
    sounding = np.unique(igen["amount"][:-1][igen["oper"][:-1] == SAMPLE_GEN])
    _renumber(pgen, INSTRUMENT_GEN, used)
    _renumber(igen, SAMPLE_GEN, sounding)
    shdr, smpl = _keep_samples(font, sounding)
    tables = (phdr, pbag, pmod, pgen, inst, ibag, imod, igen, shdr)
    return SoundFont(_info(font), dict(zip(soundfont.TABLES, tables, strict=True)), smpl)


def _info(font: SoundFont) -> dict[bytes, bytes]:
    """Names and copyrights stay; the comment says that this is a part."""
    comment = b"A part of " + font.name.encode("latin-1") + b"; made by tensionbgm.render.font_subset\0"
    return {**font.info, b"ICMT": comment}


def _keep(
    table: dict[bytes, np.ndarray], names: tuple[bytes, bytes, bytes, bytes], chosen: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Heads, bags, generators and modulators of the chosen heads, counted from 0 again."""
    head, bag, gen, mod = (table[name] for name in names)
    bags = _spans(head["bag"], chosen)
    gens, mods = _spans(bag["gen"], bags), _spans(bag["mod"], bags)
    new_head, new_bag = head[np.append(chosen, -1)], bag[np.append(bags, -1)]
    new_head["bag"] = _starts(head["bag"], chosen)
    new_bag["gen"], new_bag["mod"] = _starts(bag["gen"], bags), _starts(bag["mod"], bags)
    return new_head, new_bag, gen[np.append(gens, -1)], mod[np.append(mods, -1)]


def _spans(first: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """All indices from `first[i]` up to `first[i + 1]`, for the chosen i."""
    return np.concatenate([np.arange(first[i], first[i + 1]) for i in chosen] or [np.arange(0)]).astype(
        np.int64
    )


def _starts(first: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Where the chosen spans start when nothing lies between them, and the end."""
    return np.concatenate([[0], np.cumsum([int(first[i + 1]) - int(first[i]) for i in chosen])])


def _renumber(gen: np.ndarray, oper: int, kept: np.ndarray) -> None:
    rows = gen["oper"] == oper
    rows[-1] = False
    gen["amount"][rows] = np.searchsorted(kept, gen["amount"][rows])


def _keep_samples(font: SoundFont, kept: np.ndarray) -> tuple[np.ndarray, bytes]:
    """Headers and bytes of the samples; streams that two headers share are stored once."""
    old = font.table[b"shdr"]
    new, pieces, at, seen = old[np.append(kept, -1)], [], 0, {}
    for row in new[:-1]:
        span = (int(row["start"]), int(row["end"]))
        if span not in seen:
            seen[span] = at
            pieces.append(font.smpl[span[0] : span[1]])
            at += span[1] - span[0]
        row["start"], row["end"] = seen[span], seen[span] + span[1] - span[0]
        row["link"] = np.searchsorted(kept, row["link"]) if row["link"] in kept else 0
    return new, b"".join(pieces)


def main(source: str, target: str) -> None:
    """Write the subset of one SF3 file to another."""
    font = soundfont.read(Path(source).read_bytes())
    if not font.compressed:
        raise SystemExit(f"{source}: is not an SF3 file; give one with Vorbis samples")
    aside = Path(target + ".part")
    aside.write_bytes(soundfont.write(subset(font)))
    os.replace(aside, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
