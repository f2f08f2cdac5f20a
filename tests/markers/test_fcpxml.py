"""FCPXML in, hit points out: rational times, clips in clips, what is hidden, what is chosen."""

# ruff: noqa: E501 (XML)
import pytest
from films import film, saved

from tensionbgm.errors import InputError
from tensionbgm.markers.read import read_hits

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.11"><resources>
<format id="r1" frameDuration="1001/30000s"/><asset id="r2" start="100s" duration="500s" format="r1"/>
<media id="r3" name="C"><sequence format="r1" duration="5s"><spine>
<gap offset="0s" duration="5s"><marker start="1s" value="inside a compound clip"/></gap></spine></sequence></media>
</resources><library><event name="E">"""
TAIL = "</event></library></fcpxml>"


def project(spine, start="0s", name="P"):
    return f"""<project name="{name}"><sequence format="r1" duration="60s" tcStart="{start}" tcFormat="NDF">
    <spine>{spine}</spine></sequence></project>"""


def read(tmp_path, *projects, shot=None):
    return read_hits(saved(tmp_path, "a.fcpxml", HEAD + "".join(projects) + TAIL), shot or film("30000/1001"))


def found(hits):
    return [(round(m.time_s, 6), m.name) for m in hits.markers]


def test_a_project_that_starts_at_an_hour(tmp_path):
    spine = """<title ref="r2" offset="108108000/30000s" start="108108000/30000s" duration="1920919/30000s" name="T">
    <text><text-style ref="ts1">Title</text-style></text>
    <marker start="27248221/7500s" duration="1001/30000s" value="Slam [downbeat]" note="n"/>
    <chapter-marker start="108995887/30000s" duration="1001/30000s" value="Chapter" posterOffset="11/30s"/></title>"""
    hits = read(tmp_path, project(spine, "8648640000/2400000s"))
    expected = [27248221 / 7500 - 108108000 / 30000, (108995887 - 108108000) / 30000]
    assert [m.time_s for m in hits.markers] == pytest.approx(expected, abs=1e-12)
    assert [(m.name, m.beat) for m in hits.markers] == [("Slam", "downbeat"), ("Chapter", "strong")]


def test_clips_and_what_is_connected_to_them(tmp_path):
    spine = """<asset-clip ref="r2" offset="0s" name="a" start="110s" duration="10s"><marker start="112s" value="m1"/>
      <marker start="109s" value="cut off before"/><marker start="120s" value="cut off after"/></asset-clip>
    <asset-clip ref="r2" name="b" duration="10s"><marker start="101s" value="follows, and starts as its asset"/></asset-clip>
    <gap offset="20s" start="3600s" duration="10s">
      <ref-clip ref="r3" lane="1" offset="3602s" name="c" duration="5s"><marker start="1s" value="on lane"/></ref-clip>
      <spine lane="2" offset="3604s"><clip offset="1s" start="50s" duration="2s" name="d"><marker start="51s" value="deep"/>
      <video ref="r2" offset="0s" duration="9s"><marker start="0s" value="inside a clip"/></video></clip></spine></gap>
    <sync-clip offset="30s" start="7s" duration="5s" name="e"><spine><clip offset="7s" duration="5s" name="f">
      <marker start="1s" value="inside a synchronised clip"/></clip></spine><marker start="8s" value="sync"/></sync-clip>"""
    hits = read(tmp_path, project(spine))
    assert found(hits) == [
        (2.0, "m1"),
        (11.0, "follows, and starts as its asset"),
        (23.0, "on lane"),
        (26.0, "deep"),
        (31.0, "sync"),
    ]
    assert any("left out: 2 markers in parts of clips that are cut off" in note for note in hits.notes)


def test_the_time_of_a_transition_begins_at_an_hour(tmp_path):
    spine = """<transition offset="3600s" duration="2s"><marker start="3600s" value="t1"/><marker start="7201/2s" value="t2"/>
    </transition><title offset="3600s" start="3600s" duration="10s"/>
    <transition offset="3609s" duration="2s"><marker start="3601s" value="t3"/></transition>
    <title offset="3610s" start="3600s" duration="10s"/>"""
    hits = read(tmp_path, project(spine, "3600s"))
    assert found(hits) == [(0.0, "t1"), (0.5, "t2"), (10.0, "t3")]


def test_of_an_audition_the_clip_that_is_chosen_counts(tmp_path):
    spine = """<audition offset="3600s"><title start="0s" duration="9s"><marker start="1s" value="chosen"/></title>
    <title start="0s" duration="9s"><marker start="2s" value="not"/></title></audition>"""
    assert found(read(tmp_path, project(spine, "3600s"))) == [(1.0, "chosen")]


def test_cuts_of_the_primary_storyline_count_where_there_are_no_markers(tmp_path):
    spine = """<clip offset="3600s" duration="4s" name="a"/><transition offset="3603s" duration="2s"/>
    <clip offset="3604s" duration="3s" name="b"><clip lane="1" offset="1s" duration="1s"/></clip><gap duration="9s"/>"""
    assert read(tmp_path, project(spine, "3600s")).edit_s == (4.0, 7.0)


def test_the_first_of_several_projects_counts_and_is_told(tmp_path):
    one, two = (
        f'<gap offset="0s" start="0s" duration="9s"><marker start="{n}s" value="m"/></gap>' for n in (1, 2)
    )
    hits = read(tmp_path, project(one, name="Cut 1"), project(two, name="Cut 2"))
    assert found(hits) == [(1.0, "m")]
    assert any('holds 2 projects; the first, "Cut 1", counts' in note for note in hits.notes)


def test_the_film_may_begin_later_than_the_project(tmp_path):
    spine = '<gap offset="3590s" start="0s" duration="70s"><marker start="12s" value="m"/></gap>'
    hits = read(tmp_path, project(spine, "3590s"), shot=film(25, first="01:00:00:00"))
    assert found(hits) == [(2.0, "m")]


def test_a_bundle_is_a_folder(tmp_path):
    bundle = tmp_path / "a.fcpxmld"
    bundle.mkdir()
    spine = '<gap offset="0s" start="0s" duration="9s"><marker start="1s" value="m"/></gap>'
    saved(bundle, "Info.fcpxml", HEAD + project(spine) + TAIL)
    assert found(read_hits(bundle, film())) == [(1.0, "m")]


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><fcpxml>&b;</fcpxml>'
FETCH = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><fcpxml>&a;</fcpxml>'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not valid XML"),
        ("<fcpxml>", "is not valid XML"),
        ("\x00\x01\x02", "is not valid XML"),
        (b"\xff\xfe\xfa", "is not valid XML"),
        ('<?xml version="1.0" encoding="klingon"?><fcpxml/>', "is not valid XML"),
        (BOMB, "declares XML entities"),
        (FETCH, "declares XML entities"),
        ("<xmeml/>", "<xmeml> and no FCPXML"),
        ("<fcpxml/>", "holds no project"),
        (HEAD + project('<gap offset="1/0s" duration="1s"/>') + TAIL, '"1/0s" is no time'),
        (HEAD + project('<gap offset="NaNs" duration="1s"/>') + TAIL, '"NaNs" is no time'),
        (HEAD + project("<spine>" * 5000 + "</spine>" * 5000) + TAIL, "nests clips in clips without end"),
        (HEAD + project("") + TAIL, "holds no markers and no cuts"),
    ],
)
def test_faults(tmp_path, text, fault):
    with pytest.raises(InputError, match=r"a\.fcpxml: .*; ") as told:
        read_hits(saved(tmp_path, "a.fcpxml", text), film())
    assert fault in str(told.value)
    assert "\n" not in str(told.value)
