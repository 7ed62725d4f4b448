"""How a rig is watched and steered from outside: a local socket, and the ring itself.

Frames never travel here. A watcher asks once for the memory of a camera and then looks at the
newest frame by itself; what goes over the socket are short questions and their answers, one JSON
line each. The rig never speaks unasked, so a watcher that hangs has nothing to fill up.
"""

from recorder.rig.link.client import Link
from recorder.rig.link.finding import RunningRig, connect, running
from recorder.rig.link.server import LinkServer

__all__ = ["Link", "LinkServer", "RunningRig", "connect", "running"]
