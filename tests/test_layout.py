"""The house: everything is shipped, rooms import in one direction, heavy libraries stay outside the door."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STAGES = {"video", "model", "plan", "search", "render", "report", "markers"}
ALONE = {"forms", "saved", "errors", "config", "progress", "version"}  # what every room may import
HEAVY = ("torch", "scipy", "av", "cv2", "music21", "matplotlib", "ortools", "numba", "rich", "opentimelineio")


def modules(folder):
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path):
    """Dotted names of all modules a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield from (
                base,
                *(f"{base.rstrip('.') or '.'}.{alias.name}".replace("..", ".") for alias in node.names),
            )


def rooms_of(path):
    """First-level rooms of ours that a file imports."""
    return {name.split(".")[1] for name in imports(path) if name.startswith("tensionbgm.")}


def test_every_package_is_listed_and_so_shipped():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    inside = {
        ".".join(p.parent.relative_to(ROOT).parts)
        for p in (ROOT / "tensionbgm").rglob("__init__.py")
        if not p.parent.is_symlink()
    }
    mapped = set(settings["package-dir"])
    assert set(settings["packages"]) == inside | mapped


@pytest.mark.parametrize("room", sorted(STAGES))
def test_stage_rooms_meet_only_in_the_nouns(room):
    allowed = ALONE | {"music", room} | ({"kernels"} if room == "search" else set())
    for path in modules(f"tensionbgm/{room}"):
        assert rooms_of(path) <= allowed, path


def test_music_knows_no_film_and_no_solver():
    for path in modules("tensionbgm/music"):
        assert rooms_of(path) <= ALONE | {"music", "corpora"}, path


def test_kernels_are_a_leaf():
    for path in modules("kernels"):
        for name in imports(path):
            top = name.split(".")[0]
            ours = name.startswith(("tensionbgm.kernels", ".")) and not name.startswith("..")
            assert ours or top in {*sys.stdlib_module_names, "numpy", "numba"}, f"{path}: {name}"


def test_corpora_stand_on_music_alone():
    for path in modules("corpora"):
        assert rooms_of(path) <= ALONE | {"music", "corpora"}, path


def test_help_loads_nothing_heavy():
    code = (
        "import sys; from tensionbgm import cli; cli.build_parser().format_help(); "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_kernels_refuse_to_be_imported_under_another_name():
    done = subprocess.run([sys.executable, "-c", "import kernels"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "tensionbgm.kernels" in done.stderr


def test_no_file_grows_beyond_one_sitting():
    for folder in ("tensionbgm", "kernels", "corpora"):
        for path in modules(folder):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 450, path


def test_every_stage_is_found_under_the_package_itself():
    import tensionbgm

    for name in tensionbgm.__all__:
        assert getattr(tensionbgm, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'stage'"):
        _ = tensionbgm.stage


def test_every_source_that_is_cited_is_listed():
    listed = set(re.findall(r"\*\*\[(\w+)\]\*\*", (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")))
    for folder in ("tensionbgm", "kernels", "corpora", "benchmarks"):
        for path in modules(folder):
            cited = set(re.findall(r"\[(\w+)\]_", path.read_text(encoding="utf-8")))
            assert cited <= listed, path
