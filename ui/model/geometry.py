"""Where things are: a rectangle on the shown picture as the config's crop, and tiles in a grid.

The recorder crops the camera's picture, turns it clockwise, then flips it (`recorder.cameras.
transform`). What is shown is the result, so a rectangle drawn on it goes the way back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

Size = tuple[int, int]
Crop = tuple[int, int, int, int]
Rect = tuple[float, float, float, float]

SMALLEST_PX = 2
"""The config takes 1; nobody means to draw that."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How the camera's picture becomes the shown one.

    Parameters
    ----------
    rotate
        0, 90, 180 or 270 degrees clockwise.
    flip
        ``none``, ``horizontal`` (left and right change places), ``vertical`` or ``both``.
    crop
        (x, y, width, height) in pixels of the camera's picture, as it is now; None: all of it.
    full_size
        Width and height of the camera's picture; None: not known yet, which is no matter as long
        as there is a crop.
    """

    rotate: int = 0
    flip: str = "none"
    crop: Crop | None = None
    full_size: Size | None = None

    @property
    def kept(self) -> Crop | None:
        """The part of the camera's picture that is shown; None while nobody knows."""
        return self.crop or (None if self.full_size is None else (0, 0, *self.full_size))

    @property
    def shown_size(self) -> Size | None:
        """Width and height of the shown picture; None while nobody knows."""
        kept = self.kept
        if kept is None:
            return None
        width, height = kept[2:]
        return (height, width) if self.rotate % 180 else (width, height)

    def seen(self, size: Size) -> Orientation | None:
        """Return it with what a shown picture of that size tells; None if they do not fit.

        Just after a change the picture of before may be there still: what is drawn on it means
        nothing.
        """
        known = self
        if self.kept is None:
            upright = (size[1], size[0]) if self.rotate % 180 else size
            known = replace(self, full_size=upright)
        return known if known.shown_size == size else None

    def to_camera(self, rect: Rect) -> Crop:
        """Return the crop that a rectangle on the shown picture means.

        Parameters
        ----------
        rect
            x, y, width and height; fractions go to the nearest whole pixel, what lies outside
            to the edge, and what is too small grows to 2x2 pixels where there are as many.

        Raises
        ------
        ValueError
            The size of the picture is not known.
        """
        kept, shown = self.kept, self.shown_size
        if kept is None or shown is None:
            raise ValueError("the size of the camera's picture is not known yet")
        x, width = _whole(rect[0], rect[2], shown[0])
        y, height = _whole(rect[1], rect[3], shown[1])
        x, y, width, height = self._upright((x, y, width, height), shown)
        return (kept[0] + x, kept[1] + y, width, height)

    def _upright(self, rect: Crop, shown: Size) -> Crop:
        """Undo the flip, then the turn."""
        x, y, width, height = rect
        across, down = shown
        if self.flip in ("horizontal", "both"):
            x = across - x - width
        if self.flip in ("vertical", "both"):
            y = down - y - height
        return _turned((x, y, width, height), shown, -self.rotate)

    def to_shown(self, crop: Crop) -> Crop:
        """Return where a crop lies on the shown picture; it may reach beyond it.

        Raises
        ------
        ValueError
            The size of the picture is not known.
        """
        kept, shown = self.kept, self.shown_size
        if kept is None or shown is None:
            raise ValueError("the size of the camera's picture is not known yet")
        inside = (crop[0] - kept[0], crop[1] - kept[1], crop[2], crop[3])
        x, y, width, height = _turned(inside, (kept[2], kept[3]), self.rotate)
        if self.flip in ("horizontal", "both"):
            x = shown[0] - x - width
        if self.flip in ("vertical", "both"):
            y = shown[1] - y - height
        return (x, y, width, height)


def size_before(thin: Size, step: int, *likely: Size | None) -> Size:
    """Return the size of a picture that was thinned: the first likely one that fits.

    Parameters
    ----------
    thin
        Width and height in samples.
    step
        Every so many pixels of every so many lines were kept.
    likely
        Sizes that it may have had; None is passed over.
    """
    for size in likely:
        if size is not None and (ceil(size[0] / step), ceil(size[1] / step)) == thin:
            return size
    return (thin[0] * step, thin[1] * step)


def _whole(start: float, length: float, limit: int) -> tuple[int, int]:
    """Return start and length in whole pixels within 0 to `limit`."""
    low, high = sorted((start, start + length))
    first = min(max(round(low), 0), limit)
    last = min(max(round(high), 0), limit)
    smallest = min(SMALLEST_PX, limit)
    if last - first < smallest:
        first = min(first, limit - smallest)
        last = first + smallest
    return first, last - first


def _turned(rect: Crop, size: Size, degrees: int) -> Crop:
    """Return a rectangle after a clockwise turn of a picture of that size before it."""
    x, y, width, height = rect
    across, down = size
    if degrees % 360 == 90:
        return (down - y - height, x, height, width)
    if degrees % 360 == 180:
        return (across - x - width, down - y - height, width, height)
    if degrees % 360 == 270:
        return (y, across - x - width, height, width)
    return rect


def columns_for(count: int, space: tuple[float, float], shape: float) -> int:
    """Return how many columns give the largest pictures.

    Parameters
    ----------
    count
        Of pictures.
    space
        Width and height of where they go, in any unit.
    shape
        Width over height of a picture.
    """

    def picture_width(columns: int) -> float:
        rows = ceil(max(1, count) / columns)
        return min(space[0] / columns, space[1] / rows * shape)

    # Of equals the fewest columns: less is left empty in the last row.
    return max(range(1, max(1, count) + 1), key=lambda n: (round(picture_width(n), 6), -n))
