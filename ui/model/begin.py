"""What is on the desk when the window opens, by the command that opens it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import RecorderError
from ui.model.desk import Desk
from ui.model.draft import Draft
from ui.model.drafting import unwritten
from ui.model.rigs import name_of
from ui.model.wording import not_opened

if TYPE_CHECKING:
    from ui.model.cameras import CameraFinder
    from ui.model.control import Control
    from ui.model.preferences import Preferences

_NO_CAMERA = "`recorder cameras` lists what is connected; `recorder preview synthetic` needs none."


def begin_gui(
    control: Control,
    preferences: Preferences,
    path: Path | None,
    finder: CameraFinder | None = None,
) -> Desk:
    """Return the desk of `recorder gui`: on a rig that runs already, or with its cameras opened.

    The config is the one that is named, else the last one. Without any, the first camera that is
    connected is opened, or the synthetic one.

    Raises
    ------
    RecorderError
        The config is not valid.
    """
    draft, problem = _first_draft(preferences, path)
    desk = Desk(control, preferences, draft or Draft.new(), finder=finder)
    if problem is not None:
        desk.notices.say("warn", problem, key="draft")
    if draft is not None:
        desk.lay(draft)
    name, others = _running(control, draft, path)
    if name is not None:
        control.attach(name)
        if others:
            text = f"Also running: {', '.join(others)}"
            desk.notices.say("info", text, "Rig, Attach to, shows them.", key="others")
    elif draft is not None:
        desk.apply()
    else:
        desk.begin_with_camera()
    return desk


def begin_preview(control: Control, preferences: Preferences, what: str | None) -> Desk:
    """Return the desk of `recorder preview`: a config or a source, and nothing to write.

    Raises
    ------
    RecorderError
        The config or source is not valid.
    """
    if what is not None and what.lower().endswith((".yaml", ".yml")):
        draft = Draft(Draft.open(what).text())  # not the file's: nothing is to be saved over it
    else:
        draft = Draft.new(_source(what))
    unwritten(draft).config()  # what is wrong is said at the terminal
    desk = Desk(control, preferences, draft, writes=False)
    desk.remedies["opening cameras"] = _NO_CAMERA
    desk.apply()
    return desk


def begin_attach(control: Control, preferences: Preferences, name: str | None) -> Desk:
    """Return the desk of `recorder attach`, on a rig that runs.

    Raises
    ------
    RecorderError
        None runs, several do and none was named, or none of that name; or it does not answer.
    """
    draft = control.attach_now(name)
    names = draft.camera_names
    writes = any(draft.get("cameras", each, "recording", "format") != "none" for each in names)
    desk = Desk(control, preferences, draft, writes)
    desk.is_guest = True
    return desk


def _source(what: str | None) -> Any:
    if what is None:
        return 0
    return int(what) if what.isdecimal() else what


def _first_draft(preferences: Preferences, path: Path | None) -> tuple[Draft | None, str | None]:
    """Return the config to begin with, and why it is not the last one."""
    if path is not None:
        return Draft.open(path), None
    last = preferences.draft
    if last is None:
        return None, None
    try:
        return Draft.open(last), None
    except (RecorderError, OSError) as error:
        return None, not_opened(f"{last}, the config that was open last,", last, error)


def _running(
    control: Control, draft: Draft | None, path: Path | None
) -> tuple[str | None, list[str]]:
    """Return the rig to attach to, and the others that run.

    It is that of the config; any one if no config was named.
    """
    try:
        names = [rig.name for rig in control.rigs.running()]
    except RecorderError:
        return None, []
    control.rig_names = tuple(names)
    own = None if draft is None or draft.path is None else name_of(draft.path)
    if own not in names:
        own = None if path is not None or not names else names[0]
    return own, [name for name in names if name != own]
