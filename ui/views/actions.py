"""Everything that can be asked of the window, as data: menus, keys and help come from here."""
# ruff: noqa: E501 - a table reads better with a line for each

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to ask for.

    Parameters
    ----------
    key
        Names the window's method ``do_KEY``.
    menu
        Where it stands.
    text
        With its mnemonic.
    tip
        A sentence.
    shortcuts
        Keys; the first is shown.
    is_switch
        It is on or off, and its method is told which.
    begins_group
        A line stands above it.
    needs
        When it can be asked for: ``""`` always, ``rig`` with one, ``camera`` with a selected one,
        ``idle`` while nothing records, ``files`` after a recording.
    """

    key: str
    menu: str
    text: str
    tip: str
    shortcuts: tuple[str, ...] = ()
    is_switch: bool = False
    begins_group: bool = False
    needs: str = ""


MENUS = ("&Config", "&Record", "C&amera", "&View", "Ri&g", "&Help")

ACTIONS = (
    Action("new", "&Config", "&New", "Begin a config with one synthetic camera", ("Ctrl+N",), needs="idle"),
    Action("open", "&Config", "&Open…", "Open a config and its cameras", ("Ctrl+O",), needs="idle"),
    Action("save", "&Config", "&Save", "Write the file that `recorder record` runs", ("Ctrl+S",), begins_group=True),
    Action("save_as", "&Config", "Save &as…", "Write the config under another name", ("Ctrl+Shift+S",)),
    Action("quit", "&Config", "&Quit", "Close the window", ("Ctrl+Q",), begins_group=True),
    Action("record", "&Record", "&Record or stop", "Begin a recording, or end it; Space does it too", ("R",)),
    Action("check", "&Record", "&Verify the last recording", "Decode its files and compare every frame", ("Ctrl+Shift+V",), begins_group=True, needs="files"),
    Action("folder", "&Record", "Open the &folder", "Show the recordings in the file manager", ("Ctrl+Shift+O",)),
    Action("photo", "C&amera", "Keep this &picture", "Write the newest frame, whole and in full depth, as PNG", ("P",), needs="camera"),
    Action("photo_tiff", "C&amera", "Keep this picture as &TIFF", "Write the newest frame, whole and in full depth, as TIFF", ("Shift+P",), needs="camera"),
    Action("crop", "C&amera", "Draw the &crop", "Draw with the mouse which part is recorded", ("C",), is_switch=True, begins_group=True, needs="camera"),
    Action("whole", "C&amera", "&Whole picture", "Record all of the camera's picture again", ("Shift+C",), needs="camera"),
    Action("auto_levels", "C&amera", "&Fit the levels", "Fit black and white to the picture once, now", ("A",), begins_group=True, needs="camera"),
    Action("full_levels", "C&amera", "F&ull range", "Show every grey level that the camera can give", ("Shift+A",), needs="camera"),
    Action("alone", "&View", "This camera &alone", "Show one camera, or all of them", ("S",), is_switch=True, needs="camera"),
    Action("full_screen", "&View", "&Full screen", "The selected camera as large as the screen; Esc leaves", ("F", "F11"), is_switch=True, needs="camera"),
    Action("marks", "&View", "&Mark saturated and black", "Saturated pixels red, those at 0 blue; on the screen only", ("M",), is_switch=True, begins_group=True),
    Action("crosshair", "&View", "&Crosshair", "Lines through the middle of every picture", ("X",), is_switch=True),
    Action("grid", "&View", "&Grid", "Lines at round numbers of pixels", ("G",), is_switch=True),
    Action("side", "&View", "&Side panel", "Camera, recording and picture settings", ("Ctrl+B",), is_switch=True, begins_group=True),
    Action("traces", "&View", "&Numbers and traces", "All of the strip at the bottom, or one line", ("Ctrl+T",), is_switch=True),
    Action("light", "&View", "&Light colours", "For bright rooms", ("Ctrl+L",), is_switch=True, begins_group=True),
    Action("reopen", "Ri&g", "&Open the cameras again", "Close all cameras and open them as the config says", ("Ctrl+R",), needs="idle"),
    Action("close_cameras", "Ri&g", "&Close the cameras", "Others may use them then", needs="idle"),
    Action("keys", "&Help", "&Keys", "What the keyboard does", ("F1",)),
)  # fmt: skip


def keys_help() -> tuple[tuple[str, str], ...]:
    """Return (key, what it does) for everything that has one."""
    extra = (
        ("Space", "Record or stop"),
        ("1 … 9, arrows", "Select a camera"),
        ("wheel, + and −", "Zoom"),
        ("drag, Shift+arrows", "Move the picture"),
        ("0, double click", "Show all of the picture"),
        ("Esc", "Leave full screen; stop drawing"),
    )
    own = tuple(
        (" or ".join(each.shortcuts), each.text.replace("&", "").rstrip("…"))
        for each in ACTIONS
        if each.shortcuts
    )
    return own + extra
