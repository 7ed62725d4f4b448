"""Video without loss in one call, or frame by frame: RGB, gray and 16 bit, as in imageio.

It is the engine's way of writing without camera, ring and ledger: the codec is proven for these
frames in this container before the first of them is written, ffmpeg's failures raise, and a file
has its name only when it is whole.
"""

from recorder.lossless.calls import mimread, mimwrite
from recorder.lossless.writer import LosslessVideoWriter

__all__ = ["LosslessVideoWriter", "mimread", "mimwrite"]
