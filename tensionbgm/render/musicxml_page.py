"""A plan -> what stands above the first system: title, origin, and the size of page and staves."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from tensionbgm.forms import Plan
from tensionbgm.render.midi import plain_text
from tensionbgm.version import VERSION

PAGE_MM = (210, 297)  # A4 upright
MARGIN_MM = 12
MUSIC_MM = 215  # of the height that staves may take, title and marks left room
STAFF_MM = (3.2, 5.5)  # the least a conductor can read, the most a player needs
STAVES_APART = 2.6  # a staff and the room below it, in staff heights


def staff_height(staves: int) -> float:
    """The height of a staff [mm] at which a system of so many fits on a page."""
    return round(min(max(MUSIC_MM / (STAVES_APART * max(staves, 1)), STAFF_MM[0]), STAFF_MM[1]), 1)


def header(score: Element, plan: Plan, staff_mm: float) -> None:
    """Append title, origin, layout and credits to a score."""
    title, author = plain_text(plan.title).replace("_", " "), f"tensionbgm, seed {plan.seed}"
    SubElement(SubElement(score, "work"), "work-title").text = title
    identification = SubElement(score, "identification")
    SubElement(identification, "creator", type="composer").text = author
    encoding = SubElement(identification, "encoding")
    SubElement(encoding, "software").text = f"tensionbgm {VERSION}"
    for element in ("accidental", "beam"):
        SubElement(encoding, "supports", element=element, type="yes")
    tenths = 40 / staff_mm
    _defaults(score, staff_mm, tenths)
    width, top = PAGE_MM[0] * tenths, (PAGE_MM[1] - MARGIN_MM) * tenths
    if title:
        _credit(score, "title", title, (width / 2, top), "center", "20")
    _credit(score, "composer", author, (width - MARGIN_MM * tenths, top - 10 * tenths), "right", "9")


def _defaults(score: Element, staff_mm: float, tenths: float) -> None:
    defaults = SubElement(score, "defaults")
    scaling = SubElement(defaults, "scaling")
    SubElement(scaling, "millimeters").text = str(staff_mm)
    SubElement(scaling, "tenths").text = "40"
    page = SubElement(defaults, "page-layout")
    SubElement(page, "page-height").text = str(round(PAGE_MM[1] * tenths))
    SubElement(page, "page-width").text = str(round(PAGE_MM[0] * tenths))
    margins = SubElement(page, "page-margins", type="both")
    for side in ("left", "right", "top", "bottom"):
        SubElement(margins, f"{side}-margin").text = str(round(MARGIN_MM * tenths))


def _credit(score: Element, kind: str, text: str, at: tuple[float, float], justify: str, size: str) -> None:
    credit = SubElement(score, "credit", page="1")
    SubElement(credit, "credit-type").text = kind
    words = SubElement(credit, "credit-words")
    words.set("default-x", f"{at[0]:.1f}")
    words.set("default-y", f"{at[1]:.1f}")
    words.set("justify", justify)
    words.set("halign", justify)
    words.set("valign", "top")
    words.set("font-size", size)
    words.text = text
