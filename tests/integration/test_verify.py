"""`verify` against recordings that were tampered with in every way it promises to notice."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from helpers import FFMPEG, RAW, LedCamera, camera_config, decode, invoke, read_about, run, until

from recorder import RecorderError, verify
from recorder.pipeline.session import Session

FRAMES = 24


class BlackCamera(LedCamera):
    """Sees nothing: all of its frames are equal."""

    def retrieve(self, out: np.ndarray) -> None:
        out[...] = 0


def make(folder: Path, camera: LedCamera | None = None, **changes: Any) -> Path:
    """Record into a folder; return the video."""
    camera = camera or LedCamera(frames=FRAMES)
    session = Session(camera_config(folder, **changes), camera=camera)
    session.start(record=True)
    summary = session.wait(60)
    assert summary is not None
    return Path(summary.files[0])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that is there to be copied."""
    return make(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def video(recorded: Path, tmp_path: Path) -> Path:
    """A whole recording in the test's own folder."""
    for path in recorded.parent.iterdir():
        shutil.copy(path, tmp_path)
    return tmp_path / recorded.name


def alter_about(video: Path, **changes: Any) -> None:
    about = read_about(video) | changes
    video.with_suffix(".json").write_text(json.dumps(about))


def interrupt(video: Path) -> None:
    """Have it look as after a SIGKILL: nobody that wrote it lives any more."""
    about = read_about(video)
    writer = about["writer"] | {"process_started": about["writer"]["process_started"] - 1000}
    about.pop("totals")
    video.with_suffix(".json").write_text(
        json.dumps(about | {"state": "recording", "writer": writer})
    )


def rewrite(video: Path, alter: Callable[[list[bytes]], list[bytes]]) -> None:
    """Encode the frames again, altered; the ledger stays as it is."""
    about = read_about(video)
    frames = alter(decode(video, about))
    raw = ["-f", "rawvideo", "-pix_fmt", RAW[about["pixel_format"]]]
    raw += ["-s", f"{about['width']}x{about['height']}", "-i", "pipe:0"]
    coded = ["-c:v", "ffv1", "-f", "matroska", "-y", str(video)]
    subprocess.run(
        [FFMPEG, "-v", "error", *raw, *coded], input=b"".join(frames), check=True, timeout=60
    )


def verify_command(*arguments: Any) -> tuple[int, dict[str, Any]]:
    result = invoke("verify", *arguments, "--json")
    lines = result.stdout.splitlines()
    assert len(lines) == 1
    whole = json.loads(lines[0])
    assert whole["exit_code"] == result.returncode
    return result.returncode, whole


# -- what is fine -----------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize(
    "size",
    [
        *((64, 48), (33, 17), (1, 1)),
        *(pytest.param(each, marks=pytest.mark.slow) for each in ((5, 1), (1, 7))),
    ],
)
def test_complete(tmp_path: Path, pixel_format: str, size: tuple[int, int]) -> None:
    video = make(tmp_path, LedCamera(*size, pixel_format, frames=FRAMES))
    verdict = verify(video)
    assert (verdict.ok, verdict.exit_code) == (True, 0)
    (part,) = verdict.parts
    assert (part.state, part.expected, part.exact, part.wrong) == ("complete", FRAMES, FRAMES, 0)
    assert part.first is None


def test_files_stems_and_folders(tmp_path: Path) -> None:
    one = make(tmp_path / "a", recording__name="one")
    two = make(tmp_path / "a", recording__name="two.dots")
    ledger = one.with_name("one.frames.csv")
    for path in (one, ledger, one.with_suffix(".json"), one.with_suffix(""), tmp_path / "a"):
        verdict = verify(path)
        assert verdict.ok
        assert {Path(part.file) for part in verdict.parts} == (
            {one, two} if path.is_dir() else {one}
        )
    assert [part.file for part in verify(one, tmp_path / "a").parts].count(str(one)) == 1
    assert Path(verify(tmp_path / "a" / "two.dots").parts[0].file) == two


def test_the_command(tmp_path: Path) -> None:
    make(tmp_path / "a", recording__name="one")
    result = run("verify", tmp_path / "a")
    assert result.returncode == 0
    assert f"all {FRAMES} frames are exact" in result.stdout
    assert result.stderr == ""
    code, whole = verify_command(tmp_path / "a")
    assert code == 0
    (file,) = whole["files"]
    assert (file["ok"], file["exact"], file["state"]) == (True, FRAMES, "complete")


@pytest.mark.parametrize("name", ["%d", "with space", "Mäuse 🐭", "it's", "100%.5d"])
def test_any_name(tmp_path: Path, name: str) -> None:
    video = make(tmp_path / name, recording__name=name)
    assert verify_command(video)[0] == 0
    assert verify_command(tmp_path / name)[0] == 0


def test_dropped_and_bad_frames_are_no_difference(tmp_path: Path) -> None:
    video = make(tmp_path, LedCamera(frames=FRAMES, bad=[3, 4]))
    (part,) = verify(video).parts
    assert (part.ok, part.exact, part.bad) == (True, FRAMES - 2, 2)
    assert "2 bad" in part.sentence()


def test_while_it_is_being_recorded(tmp_path: Path) -> None:
    gate = threading.Event()
    with Session(camera_config(tmp_path), camera=LedCamera(holds={60: gate})) as session:
        try:
            session.start(record=True)
            until(lambda: session.status().totals.written == 60)
            until(lambda: list(tmp_path.glob("*.mkv")))
            (part,) = verify(tmp_path).parts
        finally:
            gate.set()
    assert part.state == "recording"
    assert part.ok
    assert part.exact + part.beyond_end == 60
    assert verify(tmp_path).ok


# -- interrupted ------------------------------------------------------------------------------


def test_interrupted_and_whole(video: Path) -> None:
    interrupt(video)
    (part,) = verify(video).parts
    assert (part.ok, part.state, part.exact, part.beyond_end) == (True, "interrupted", FRAMES, 0)


def test_interrupted_and_cut_short(video: Path) -> None:
    interrupt(video)
    data = video.read_bytes()
    video.write_bytes(data[: len(data) * 2 // 3])
    code, whole = verify_command(video)
    (file,) = whole["files"]
    assert code == 0
    assert 0 < file["exact"] < FRAMES
    assert file["beyond_end"] == FRAMES - file["exact"]  # what is missing is said
    assert str(file["beyond_end"]) in invoke("verify", video).stdout


def test_interrupted_with_half_a_row(video: Path) -> None:
    interrupt(video)
    ledger = video.with_suffix(".frames.csv")
    ledger.write_bytes(ledger.read_bytes() + b"24,24,wri")
    assert verify(video).ok


def test_interrupted_and_altered(video: Path) -> None:
    interrupt(video)
    rewrite(video, lambda frames: [*frames[:9], *frames[10:]])
    (part,) = verify(video).parts
    assert not part.ok
    assert part.first is not None
    assert part.first.frame == 9


# -- differences ------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [0, 11, FRAMES - 1])
def test_one_byte_flipped(video: Path, at: int) -> None:
    # magicyuv: every frame begins with its name.
    data = bytearray(video.read_bytes())
    starts = [i for i in range(len(data)) if data.startswith(b"MAGY", i)][-FRAMES:]
    ends = [*starts[1:], len(data)]
    data[(starts[at] + ends[at]) // 2] ^= 0x10
    video.write_bytes(data)
    code, whole = verify_command(video)
    assert code == 7
    (file,) = whole["files"]
    assert (file["first"]["frame"], file["first"]["grab"]) == (at, at)
    assert file["wrong"] == 1
    assert file["exact"] == FRAMES - 1
    assert f"frame {at} (grab {at})" in invoke("verify", video).stdout


def swapped(frames: list[bytes]) -> list[bytes]:
    return [*frames[:7], frames[8], frames[7], *frames[9:]]


ALTERATIONS = {
    "dropped": (lambda f: [*f[:7], *f[8:]], 7, 1),
    "first dropped": (lambda f: f[1:], 0, 1),
    "last dropped": (lambda f: f[:-1], FRAMES - 1, 1),
    "ten dropped": (lambda f: [*f[:7], *f[17:]], 7, 10),
    "doubled": (lambda f: [*f[:8], *f[7:]], 7, 1),
    "last doubled": (lambda f: [*f, f[-1]], FRAMES - 1, 1),
    "swapped": (swapped, 7, 2),
    "replaced by the one before": (lambda f: [*f[:7], f[6], *f[8:]], 7, 2),
    "one sample brighter": (lambda f: [*f[:7], bytes([f[7][0] ^ 1]) + f[7][1:], *f[8:]], 7, 1),
    "foreign frame": (lambda f: [*f[:7], bytes(len(f[7])), *f[7:]], 7, None),
    "all gone but one": (lambda f: f[:1], 1, FRAMES - 1),
    "reversed": (lambda f: f[::-1], 0, None),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_altered(video: Path, name: str) -> None:
    alter, first, wrong = ALTERATIONS[name]
    rewrite(video, alter)
    verdict = verify(video)
    assert verdict.exit_code == 7
    (part,) = verdict.parts
    assert part.first is not None
    assert abs(part.first.frame - first) <= (name == "replaced by the one before")
    assert wrong is None or abs(part.wrong - wrong) <= (name == "replaced by the one before")
    assert part.exact <= FRAMES


def test_random_alterations(video: Path) -> None:
    """Whatever is done to the order and number of frames is noticed."""
    frames = decode(video, read_about(video))
    chance = random.Random(7)
    for _ in range(12):
        altered = list(frames)
        for _ in range(chance.randint(1, 3)):
            at, to = (chance.randrange(len(altered)) for _ in range(2))
            match chance.randrange(3):
                case 0:
                    del altered[at]
                case 1:
                    altered.insert(to, altered[at])
                case 2:
                    altered[at], altered[to] = altered[to], altered[at]
        rewrite(video, lambda _, altered=altered: altered)  # type: ignore[misc]
        assert verify(video).ok == (altered == frames)


@pytest.mark.parametrize("change", [-1, 1])
def test_black_recordings(tmp_path: Path, change: int) -> None:
    """All hashes are equal: only the count tells."""
    video = make(tmp_path, BlackCamera(frames=FRAMES))
    assert verify(video).ok
    rewrite(video, lambda f: f[:change] if change < 0 else [*f, f[0]])
    (part,) = verify(video).parts
    assert (part.ok, part.wrong) == (False, 1)


def test_a_truncated_video(video: Path) -> None:
    data = video.read_bytes()
    video.write_bytes(data[: len(data) * 2 // 3])
    code, whole = verify_command(video)
    assert code == 7
    (file,) = whole["files"]
    assert file["wrong"] == FRAMES - file["exact"] > 0
    assert file["first"] == {"frame": file["exact"], "grab": file["exact"], "what": "missing"}


@pytest.mark.parametrize("content", [b"", b"not a video at all"])
def test_no_video_in_the_video(video: Path, content: bytes) -> None:
    video.write_bytes(content)
    assert verify_command(video)[0] == 7


def test_another_ones_video(tmp_path: Path) -> None:
    one = make(tmp_path / "one")
    other = make(tmp_path / "other", LedCamera(128, 96, frames=FRAMES))
    one.write_bytes(other.read_bytes())
    assert verify(one).exit_code == 7


def test_every_difference_counts(tmp_path: Path) -> None:
    good = make(tmp_path, recording__name="good")
    wrong = make(tmp_path, recording__name="wrong")
    rewrite(wrong, lambda f: f[:-1])
    code, whole = verify_command(tmp_path)
    assert code == 7
    assert [file["ok"] for file in whole["files"]] == [True, False]
    assert verify(good).exit_code == 0


def test_a_folder_means_what_is_in_the_folders_below_it_too(tmp_path: Path) -> None:
    inner = tmp_path / "rig" / "monday"
    inner.mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    files = [make(folder) for folder in (tmp_path, inner, tmp_path / ".hidden")]
    assert {Path(part.file) for part in verify(tmp_path).parts} == set(files[:2])
    assert len(verify(tmp_path / "rig").parts) == 1


def test_many_files_end_with_a_total(tmp_path: Path) -> None:
    make(tmp_path, LedCamera(frames=FRAMES, bad=[3, 5]), recording__name="good")
    (tmp_path / "below").mkdir()
    wrong = make(tmp_path / "below", recording__name="wrong")
    told = invoke("verify", tmp_path).stdout.splitlines()
    assert len(told) == 3
    assert told[-1] == "2 files: 46 of 46 frames are exact; no differences; while recording: 2 bad"
    rewrite(wrong, lambda f: f[:-1])
    make(tmp_path / "below", recording__name="broken").with_suffix(".json").write_text("{}")
    code, whole = verify_command(tmp_path)
    assert code == 7
    numbers = {"files": 3, "expected": 46, "exact": 45, "wrong": 1, "bad": 2}
    assert {key: whole["total"][key] for key in numbers} == numbers
    last = invoke("verify", tmp_path).stdout.splitlines()[-1]
    assert "1 with differences, 1 cannot be verified" in last
    assert (
        len(invoke("verify", wrong).stdout.splitlines()) == 1
    )  # of one file it would say it twice


# -- what is missing --------------------------------------------------------------------------


def test_the_video_is_missing(tmp_path: Path, video: Path) -> None:
    video.unlink()
    for path in (tmp_path, video.with_suffix("")):
        code, whole = verify_command(path)
        assert code == 7
        assert "missing" in whole["files"][0]["problem"]
    with pytest.raises(RecorderError):
        verify(video)


def test_the_ledger_is_missing(tmp_path: Path, video: Path) -> None:
    video.with_suffix(".frames.csv").unlink()
    for path in (video, tmp_path, video.with_suffix("")):
        result = invoke("verify", path)
        assert result.returncode != 0
        assert "ledger" in result.stderr + result.stdout or ".frames.csv" in result.stderr


def test_the_about_file_is_missing_or_broken(video: Path) -> None:
    about = video.with_suffix(".json")
    for broken in (b"", b"{", b"[]", b"\xff\xfe", b'{"state": "complete"}'):
        about.write_bytes(broken)
        code, whole = verify_command(video)
        assert code == 7
        assert about.name in whole["files"][0]["problem"]
    about.unlink()
    assert verify_command(video)[0] == 7


@pytest.mark.parametrize(
    "rows",
    [
        b"",
        b"a,b,c\n1,2,3\n",
        b"\x00\xff" * 100,
    ],
)
def test_the_ledger_is_broken(video: Path, rows: bytes) -> None:
    video.with_suffix(".frames.csv").write_bytes(rows)
    code, whole = verify_command(video)
    assert code == 7
    assert "ledger" in whole["files"][0]["problem"]


def test_a_row_is_missing(video: Path) -> None:
    ledger = video.with_suffix(".frames.csv")
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:5] + lines[6:]))
    assert verify(video).exit_code == 7
    ledger.write_text("".join(lines[:-1]))
    assert verify(video).exit_code == 7


def test_the_totals_do_not_fit(video: Path) -> None:
    totals = read_about(video)["totals"]
    alter_about(video, totals={**totals, "dropped": 1})
    verdict = verify(video)
    assert verdict.exit_code == 7
    assert "dropped" in verdict.parts[0].sentence()


def test_what_a_kill_left_while_it_was_opened_is_passed_over(tmp_path: Path, video: Path) -> None:
    stub = video.with_name("stub.mkv")
    stub.write_bytes(b"half a head")
    head = video.with_suffix(".frames.csv").read_text().splitlines(keepends=True)[0]
    stub.with_suffix(".frames.csv").write_text(head)
    verdict = verify(tmp_path)
    assert verdict.ok
    assert [part.exact for part in verdict.parts] == [FRAMES]


def test_nothing_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "nowhere" / "deep"):
        result = invoke("verify", path)
        assert result.returncode == 2
        assert "no recording" in result.stderr
    code, whole = verify_command(tmp_path)
    assert code == 2
    assert whole["files"] == []
    assert "no recording" in whole["error"]
    assert invoke("verify").returncode == 2


def test_foreign_files_are_left_alone(tmp_path: Path, video: Path) -> None:
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "holiday.mkv").write_bytes(b"")
    (tmp_path / ".hidden.frames.csv").write_text("")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert [Path(part.file) for part in verify(tmp_path).parts] == [video]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_verifying_needs_an_ffmpeg(tmp_path: Path, video: Path) -> None:
    """Without one, it is not the recording that is wrong."""
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    broken.chmod(0o755)
    for path in (tmp_path / "nowhere", broken):
        result = invoke("verify", video, env={"IMAGEIO_FFMPEG_EXE": str(path)})
        assert result.returncode == 4, result.stdout + result.stderr
        assert "ffmpeg" in result.stderr


def test_no_decoder_is_left_behind(video: Path) -> None:
    rewrite(video, lambda f: f * 20)
    before = {child.pid for child in psutil.Process().children()}
    verify(video)
    assert {child.pid for child in psutil.Process().children()} <= before
