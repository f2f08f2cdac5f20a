"""The command line: derived from the configuration, quick to answer, honest in its exit status."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tensionbgm import __main__, cli, config, doctor, stop
from tensionbgm.errors import InputError, TensionbgmError
from tensionbgm.progress import Watch


def options_of(command):
    parser = cli.build_parser()
    subparsers = next(a for a in parser._actions if a.dest == "command")
    return {s for action in subparsers.choices[command]._actions for s in action.option_strings}


@pytest.mark.parametrize("group", [config.Ask, config.Effort, config.Sound])
def test_every_wish_of_the_configuration_is_an_option_of_score(group):
    assert {f"--{field.name}" for field in dataclasses.fields(group)} <= options_of("score")


@pytest.mark.parametrize("arguments", [["score"], ["nonsense"], ["score", "x.mp4", "--effort", "huge"], []])
def test_a_wrong_call_exits_with_two(arguments):
    try:
        status = __main__.main(arguments)
    except SystemExit as end:
        status = end.code
    assert status == 2


def test_a_fault_becomes_one_line_and_its_status(capsys, tmp_path):
    assert __main__.main(["tension", str(tmp_path / "no.mid")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("tensionbgm: ")
    assert "no.mid" in err


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (InputError("a: b; c"), 1),
        (TensionbgmError("ours"), 3),
        (KeyboardInterrupt(), 130),
        (PermissionError(13, "denied", "file"), 1),
        (ZeroDivisionError("oops\nsecond line"), 3),
    ],
)
def test_no_fault_shows_a_traceback(monkeypatch, capsys, fault, status):
    def fail(arguments):
        raise fault

    monkeypatch.delenv("TENSIONBGM_DEBUG", raising=False)
    monkeypatch.setattr(cli, "run", fail)
    assert __main__.main([]) == status
    assert capsys.readouterr().err.count("\n") == 1


def test_names_no_terminal_can_print_are_still_printed():
    code = "from tensionbgm.console import say; say('odd \\udcff name')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert b"odd \\udcff name" in done.stderr


def test_tension_prints_json_alone_on_stdout(tmp_path, capsys):
    import mido

    midi = mido.MidiFile()
    notes = [mido.Message("note_on", note=n, velocity=80) for n in (60, 64, 67)]
    notes += [mido.Message("note_off", note=n, time=1920 if n == 60 else 0) for n in (60, 64, 67)]
    midi.tracks.append(mido.MidiTrack(notes))
    midi.save(tmp_path / "chord.mid")
    arguments = ["tension", str(tmp_path / "chord.mid"), "--json", "--against", "0:0.2,2:0.8", "-o"]
    assert __main__.main([*arguments, str(tmp_path / "chord.png")]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["times_s"]) == len(data["composite"]) == len(data["strain"])
    assert set(data["fit"]) == {"pearson", "spearman", "rmse"}
    assert (tmp_path / "chord.png").stat().st_size > 1000


def test_the_doctor_finds_everything_that_is_installed():
    findings = doctor.examine()
    assert {"python", "torch", "numba", "soundfont", "shot detector", "device"} <= {f.name for f in findings}
    assert [f.name for f in findings if not f.ok] == []


def test_the_doctor_names_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: [doctor.Finding("torch", False, "not installed")])
    assert __main__.main(["doctor"]) == 3
    out, err = capsys.readouterr()
    assert "MISSING torch" in out
    assert "torch" in err


def test_an_interrupt_that_a_library_renames_is_still_an_interrupt(monkeypatch, capsys):
    def import_something(arguments):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt as stopped:
            raise ImportError("initialization failed") from stopped

    monkeypatch.setattr(cli, "run", import_something)
    assert __main__.main([]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_an_interrupt_that_a_library_swallows_stops_the_next_step(monkeypatch, capsys):
    def swallow(arguments):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(1)
        except KeyboardInterrupt:
            pass
        Watch(cancelled=stop.asked).tick(0.5)

    monkeypatch.setattr(cli, "run", swallow)
    assert __main__.main([]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_nothing_interrupts_files_on_their_way_into_place():
    stop.listen()
    with stop.held():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
    assert stop.asked()
    stop.listen()


def run_in_shell(line):
    return subprocess.run(
        ["bash", "-c", line.replace("tensionbgm", f"{sys.executable} -m tensionbgm")],
        capture_output=True,
        text=True,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_under_stdout_is_told_once():
    done = run_in_shell("tensionbgm demo --keep / > /dev/full")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_reader_who_leaves_is_no_fault():
    done = run_in_shell("tensionbgm doctor | true; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stderr) == (0, "")


def test_faults_are_answered_without_a_terminal():
    assert run_in_shell("tensionbgm tension missing.mid 2>&-").returncode == 1


def test_a_pipe_is_refused_and_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "film.mp4")
    assert (
        __main__.main(["analyze", str(tmp_path / "film.mp4"), "-o", str(tmp_path / "a.png"), "--quiet"]) == 1
    )
    assert "no plain file" in capsys.readouterr().err
