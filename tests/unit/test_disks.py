"""How large files may become on a disk, and which disk a folder is on."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from recorder import disks
from recorder.disks import FAT_LARGEST, FileLimit, disk_of, file_limit, file_system, nearest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="mounts, and a limit of a process")

MIB = 2**20


def mount(monkeypatch: pytest.MonkeyPatch, *mounted: tuple[Path | str, str]) -> None:
    """Have the system say that disks of these kinds are mounted at these places, in this order."""
    places = {str(place) for place, _ in mounted}
    found = [SimpleNamespace(mountpoint=str(place), fstype=kind) for place, kind in mounted]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: found)
    monkeypatch.setattr(disks.os.path, "ismount", lambda place: str(place) in places)


@pytest.mark.parametrize("kind", ["vfat", "msdos", "FAT32"])
def test_files_on_a_fat_disk_end_at_4_gib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mount(monkeypatch, ("/", "ext4"), (tmp_path, kind))
    limit = file_limit(tmp_path / "not" / "made" / "yet")
    assert limit == (FAT_LARGEST, "the disk is FAT")
    assert str(limit) == "files end at 4 GiB (the disk is FAT)"
    assert file_limit(tmp_path.parent) is None


@pytest.mark.parametrize("kind", ["ext4", "exfat", "ntfs", "fuseblk", "apfs", ""])
def test_files_on_other_disks_have_no_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mount(monkeypatch, ("/", "vfat"), (tmp_path, kind))
    assert file_limit(tmp_path) is None


def test_of_two_disks_mounted_at_one_place_the_later_one_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(monkeypatch, ("/", "ext4"), (tmp_path, "autofs"), (tmp_path, "vfat"))
    assert file_system(tmp_path) == "vfat"


def test_a_link_leads_to_the_disk_it_points_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick, link = tmp_path / "stick", tmp_path / "link"
    stick.mkdir()
    link.symlink_to(stick)
    mount(monkeypatch, ("/", "ext4"), (stick, "vfat"))
    assert file_system(link) == "vfat"


def test_the_real_disk_has_a_kind_and_no_limit(tmp_path: Path) -> None:
    assert file_system(tmp_path)
    assert file_limit(tmp_path) is None


def test_the_smaller_of_two_limits_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mount(monkeypatch, ("/", "vfat"))
    for own, size in ((3 * MIB, 3 * MIB), (2**40, FAT_LARGEST), (None, FAT_LARGEST)):
        monkeypatch.setattr(disks, "_own_limit", lambda own=own: own)
        limit = file_limit(tmp_path)
        assert limit is not None
        assert limit.size == size


def test_a_limit_is_below_what_is_larger_or_without_end() -> None:
    limit = FileLimit(3 * MIB, "ulimit -f of this process")
    assert [limit.is_below(size) for size in (None, 4 * MIB, 3 * MIB)] == [True, True, False]
    assert str(limit) == "files end at 3 MiB (ulimit -f of this process)"


class Kernel:
    """Windows' own functions, as far as they are asked: one volume, of one kind."""

    def __init__(self, root: str, kind: str) -> None:
        self.root, self.kind = root, kind

    def GetVolumePathNameW(self, path: str, root: Any, size: int) -> int:
        assert len(self.root) < size
        root.value = self.root if Path(path).is_absolute() else ""
        return len(root.value)

    def GetVolumeInformationW(self, root: Any, *rest: Any) -> int:
        *nothing, kind, size = rest
        assert nothing == [None, 0, None, None, None]
        assert len(self.kind) < size
        kind.value = self.kind if root.value == self.root else ""
        return len(kind.value)


@pytest.mark.parametrize(("kind", "is_limited"), [("FAT32", True), ("NTFS", False), ("", False)])
def test_windows_is_asked_for_the_folders_own_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_limited: bool
) -> None:
    windll = SimpleNamespace(kernel32=Kernel("E:\\", kind))
    monkeypatch.setattr(ctypes, "windll", windll, raising=False)
    monkeypatch.setattr(disks, "WINDOWS", True)
    assert file_system(tmp_path / "new") == kind
    assert (file_limit(tmp_path) is not None) == is_limited


def test_folders_of_one_disk_have_one_number_also_before_they_are_made(tmp_path: Path) -> None:
    missing = tmp_path / "a" / "b"
    assert nearest(missing) == tmp_path
    assert disk_of(missing) == disk_of(tmp_path) == tmp_path.stat().st_dev
    assert disk_of(Path("/proc")) != disk_of(tmp_path)
