"""The side panel for recordings: how and where they are written, under which name, for how long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from PyQt5.QtCore import pyqtSignal

from recorder.errors import ConfigError
from ui.model.wording import FORMATS, NO_NAME, example_names, inexact, not_here, profiles
from ui.theme import Theme
from ui.views.draft_form import DraftForm, Keys
from ui.views.fields import ChoiceField, DurationField, TextField
from ui.views.pickers import Ask, FolderField, KeyTable, ask_folder
from ui.views.rows import FieldRow, Note, button, switch, title

_NEXT = "What you change holds for the next recording."


class RecordingPanel(DraftForm):
    """The common ``recording`` section and ``metadata``.

    Parameters
    ----------
    theme
        The look; the style sheet does the rest.
    ask
        How to let somebody choose a folder.
    now
        The time for example names.
    """

    openFolderRequested = pyqtSignal(str)
    verifyToggled = pyqtSignal(bool)

    def __init__(
        self, theme: Theme, ask: Ask = ask_folder, now: Callable[[], datetime] = datetime.now
    ) -> None:
        super().__init__()
        self._theme = theme
        self._now = now
        self._make_fields(ask)
        self._lay_out()
        self._connect()

    def section(self) -> Keys:  # noqa: D102
        return ()

    def show_draft(self) -> None:  # noqa: D102
        if self.draft is None:
            return
        self.codec.set_choices(profiles(str(self.draft.get("recording", "format"))))
        self.metadata.set_values(self.draft.get("metadata") or {})
        super().show_draft()

    def show_problems(self) -> None:  # noqa: D102
        if self.draft is None:
            return
        for row, field in ((self.format_row, self.format), (self.codec_row, self.codec)):
            row.set_hint(field.choice.sentence if field.choice else "")
        names = example_names(self.draft, self._now())
        all_names = "\n".join(f"{camera}: {name}" for camera, name in names)
        self.name_row.set_hint(_few([name for _, name in names]), all_names)
        is_forever = self.draft.get("recording", "duration") is None
        self.duration_row.set_hint("Until stopped" if is_forever else "Then it stops by itself")
        super().show_problems()
        bad = next((name for _, name in names if name.startswith(NO_NAME)), "")
        if bad and not self.name_row.has_problem:
            self.name_row.set_problem(bad.removeprefix(NO_NAME))
        if (refused := inexact(self.draft)) and not self.codec_row.has_problem:
            self.codec_row.set_problem(refused)
        self._show_masked()

    def show_other_problems(self, problems: list[tuple[Keys, str]]) -> None:  # noqa: D102
        mine = [(keys, text) for keys, text in problems if keys[:1] != ("cameras",)]
        told = "\n".join(f"{'.'.join(keys)}: {text}" if keys else text for keys, text in mine)
        usual = " ".join(filter(None, (self._usual, not_here(self.draft))))
        self.other.show_text(told or usual, "note-bad" if told else "dim")

    def set_recording(self, is_recording: bool) -> None:
        """Say from when on a change counts."""
        self._usual = _NEXT if is_recording else ""
        self.show_problems()

    def set_verify(self, is_on: bool) -> None:
        """Show whether a recording is verified when it has stopped."""
        self.verify.setChecked(is_on)

    def set_theme(self, theme: Theme) -> None:
        """Take another look."""
        self._theme = theme

    def _make_fields(self, ask: Ask) -> None:
        self._usual = ""
        self.other = Note(lines=2)
        self.format, self.codec = ChoiceField(FORMATS), ChoiceField()
        self.folder, self.name = FolderField(ask), TextField()
        self.open = button("↗", "Open the folder", "Show the folder in the file manager")
        self.open.setFixedWidth(30)
        self.duration, self.segment = DurationField(), TextField("one file")
        self.keep_free = TextField("1GiB or 30 s")
        self.metadata = KeyTable(rows=4)
        self.metadata.setAccessibleName("Metadata")
        self.metadata.setToolTip("Kept in the about file; a key in braces can be in the file name")
        self.verify = switch(
            "Verify after stop", "Decode every frame and compare it with what the camera gave"
        )

    def _lay_out(self) -> None:
        self.format_row = FieldRow("Format", self.format, lines=2, tip="What kind of file")
        self.codec_row = FieldRow("Profile", self.codec, lines=2, tip="All of them are lossless")
        folder = FieldRow("Folder", self.folder, self.open, tip="Made when it is missing")
        self.name_row = FieldRow(
            "Name", self.name, lines=2, tip="{camera}, {start:%Y%m%d_%H%M%S} and {metadata keys}"
        )
        tip = "90 or 90s, 10min, 2h, or 1000 frames; empty: until stopped"
        self.duration_row = FieldRow("Duration", self.duration, tip=tip)
        tip = "After a time (10min), a size (2GB) or 1000 frames; empty: one file"
        segment = FieldRow("New file", self.segment, tip=tip)
        segment.set_hint("Goes on in a new file after so much")
        tip = "Stops before the disk has less than this: 500MB, 1GiB, or 0"
        keep_free = FieldRow("Keep free", self.keep_free, tip=tip)
        keep_free.set_hint("Stops before the disk has less")
        rows = {"format": self.format_row, "codec": self.codec_row, "folder": folder}
        rows |= {"name": self.name_row, "duration": self.duration_row}
        rows |= {"segment": segment, "keep_free": keep_free}
        self._rows = rows
        self.column.addWidget(title("RECORDING"))
        for key, row in rows.items():
            self.column.addWidget(self.bind(row, getattr(self, key), "recording", key))
        self.column.addWidget(FieldRow("Proof", self.verify, lines=0))
        self.column.addWidget(title("METADATA"))
        self.column.addWidget(self.metadata)
        self.column.addWidget(self.other)
        self.column.addStretch(1)

    def _connect(self) -> None:
        self.open.clicked.connect(self._open_folder)
        self.verify.clicked.connect(self.verifyToggled)
        self.metadata.changed.connect(lambda key, value: self.edit(value, "metadata", key))
        self.metadata.removed.connect(lambda key: self.edit(None, "metadata", key))
        self.metadata.renamed.connect(self._rename)

    def _open_folder(self) -> None:
        if self.draft is not None:
            folder = str(self.draft.get("recording", "folder"))
            self.openFolderRequested.emit(str(Path(folder).expanduser().absolute()))

    def _rename(self, old: str, new: str) -> None:
        if self.draft is None:
            return
        try:
            self.draft.rename(new, "metadata", old)
        except ConfigError as error:
            self.show_draft()
            self.other.show_text(str(error), "note-bad")
            return
        self.show_draft()
        self.edited.emit(("metadata", new))

    def _show_masked(self) -> None:
        """Say where a camera has its own value, which hides the one that is edited here."""
        for key, row in self._rows.items():
            cameras = self.draft.masked("recording", key) if self.draft else ()
            if cameras and not row.has_problem:
                text = f"{', '.join(cameras)}: {self._own(cameras, key)} of its own"
                tip = "Take out what the cameras have of their own, so that this holds for all"
                row.set_remedy(text, "for all", tip, lambda key=key: self._unmask(key))  # type: ignore[misc]

    def _own(self, cameras: tuple[str, ...], key: str) -> str:
        values = [self.draft.own("cameras", name, "recording", key) for name in cameras]  # type: ignore[union-attr]
        return ", ".join(dict.fromkeys(map(str, values)))

    def _unmask(self, key: str) -> None:
        for camera in self.draft.masked("recording", key) if self.draft else ():
            self.edit(None, "cameras", camera, "recording", key)


def _few(names: list[Any]) -> str:
    """Return the names, of many cameras the first and how many more there are."""
    more = f" and {len(names) - 1} more" if len(names) > 2 else ""
    return "\n".join(names) if not more else f"{names[0]}{more}"
