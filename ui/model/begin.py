"""What is on the desk when the window opens, by the command that opens it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import RecorderError
from ui.model.desk import Desk
from ui.model.draft import Draft

if TYPE_CHECKING:
    from ui.model.control import Control
    from ui.model.preferences import Preferences


def begin_gui(control: Control, preferences: Preferences, path: Path | None) -> Desk:
    """Return the desk of `recorder gui`: on a rig that runs already, or with its cameras opened.

    Raises
    ------
    RecorderError
        The config is not valid.
    """
    draft = _first_draft(preferences, path)
    desk = Desk(control, preferences, draft or Draft.new())
    names = _running(control)
    wanted = path.stem if path is not None else None
    if wanted in names or (wanted is None and names):
        control.attach(wanted or names[0])
        if len(names) > 1:
            others = ", ".join(name for name in names if name != (wanted or names[0]))
            desk.notices.say("info", f"Also running: {others}", "Rig › Attach to", key="others")
        return desk
    if draft is not None and draft.path is not None:
        preferences.remember(draft.path)
    desk.apply()
    return desk


def begin_preview(control: Control, preferences: Preferences, what: str | None) -> Desk:
    """Return the desk of `recorder preview`: a config or a source, and nothing to write.

    Raises
    ------
    RecorderError
        The config or source is not valid.
    """
    if what is not None and what.lower().endswith((".yaml", ".yml")):
        draft = Draft.open(what)
        draft = Draft(draft.text())  # not the file's: nothing of this is to be saved over it
        for name in draft.camera_names:
            draft.set(None, "cameras", name, "recording")
    else:
        draft = Draft.new(_source(what))
    draft.set("none", "recording", "format")
    desk = Desk(control, preferences, draft, writes=False)
    draft.config()  # what is wrong is said at the terminal
    control.open(draft.config(), "preview")
    return desk


def begin_attach(control: Control, preferences: Preferences, name: str | None) -> Desk:
    """Return the desk of `recorder attach`, on a rig that runs.

    Raises
    ------
    RecorderError
        None runs, several do and none was named, or none of that name; or it does not answer.
    """
    draft = control.attach_now(name)
    writes = any(
        draft.get("cameras", each, "recording", "format") != "none" for each in draft.camera_names
    )
    return Desk(control, preferences, draft, writes)


def _source(what: str | None) -> Any:
    if what is None:
        return 0
    return int(what) if what.isdecimal() else what


def _first_draft(preferences: Preferences, path: Path | None) -> Draft | None:
    if path is not None:
        return Draft.open(path)
    last = preferences.draft
    if last is None:
        return None
    try:
        return Draft.open(last)
    except (RecorderError, OSError):
        return None


def _running(control: Control) -> list[str]:
    try:
        return [rig.name for rig in control.rigs.running()]
    except RecorderError:
        return []
