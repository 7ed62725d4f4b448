"""Which camera it is, and where it is now: numbers change when cameras are plugged in again.

A camera that drops out is looked for by what tells it from all others, so that never another one
is recorded under its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from recorder.cameras.connected import Device, Identity, connected
from recorder.cameras.listing import CameraListing, choose
from recorder.config.sources import CameraId, Source, is_live
from recorder.errors import CameraError, CameraNotFound


def identify(source: Source) -> Identity | None:
    """Return which camera a source denotes now; to be asked as soon as it is open.

    Returns
    -------
    Identity or None
        None for streams, files and the synthetic camera, and for a device that the system does
        not know or cannot tell from another, port and all.
    """
    return identify_among(source, connected()) if is_device(source) else None


def find_again(source: Source, identity: Identity, others: Iterable[Identity] = ()) -> Source:
    """Return what to open in order to get the same camera as before.

    A camera is the same when it has the same name, vendor, product and serial number, is the
    same part of its device (colour, infrared, …), and

    * is on the same port, or
    * is on another port, is a USB device, and is the only one just like it that has come: not
      where a twin was from the beginning, and no twin is missing, which it might be instead.

    So two cameras without serial numbers are known by their ports, and one that has moved is
    known as long as the other stays. What nobody can notice: that such two were exchanged, or
    that one was replaced by a third.

    Parameters
    ----------
    source
        As it stands in the config.
    identity
        What `identify` said when it was open.
    others
        The other cameras of the config: they count as twins if they are like this one.

    Returns
    -------
    Source
        The same if it still denotes this camera, or if it is no device of this computer; else
        the index that it has now. Between this and the opening devices may change once more:
        ask again when it is open, the answer is then the source that was opened.

    Raises
    ------
    CameraNotFound
        It is not there, or could be one of several; with what is connected.
    """
    if not is_device(source):
        return source
    return find_among(source, identity, connected(), others)


def is_device(source: Source) -> bool:
    """Whether a source is a camera at this computer."""
    return is_live(source) and not (isinstance(source, str) and "://" in source)


def identify_among(source: Source, devices: Sequence[Device]) -> Identity | None:
    """Return which of these devices a source denotes, and where those like it are."""
    found = next((device for device in devices if _denotes(source, device, devices)), None)
    if found is None:
        return None
    this = found.identity
    ports = [other.identity.port for other in devices if other.identity.is_like(this)]
    ports.remove(this.port)
    return None if this.port in ports else replace(this, twins=tuple(sorted(ports)))


def find_among(
    source: Source,
    identity: Identity,
    devices: Sequence[Device],
    others: Iterable[Identity] = (),
) -> Source:
    """Return what `find_again` does, if these devices are connected."""
    found = _at_its_port(identity, devices) or _moved(identity, devices, others)
    if found is None:
        raise CameraNotFound(f"{identity}: not there; {_present(devices)}")
    return source if _denotes(source, found, devices) else found.sources[0]


def _at_its_port(identity: Identity, devices: Sequence[Device]) -> Device | None:
    """Return the camera if it is where it was."""
    here = (each for each in devices if each.identity.port == identity.port)
    return next((each for each in here if each.identity.is_like(identity)), None)


def _moved(
    identity: Identity, devices: Sequence[Device], others: Iterable[Identity]
) -> Device | None:
    """Return the camera if it is certain that it has come to another port."""
    if not identity.vendor:
        return None  # built in: nobody can have moved it
    alike = {each.identity.port: each for each in devices if each.identity.is_like(identity)}
    twins = {*identity.twins, *(other.port for other in others if other.is_like(identity))}
    twins.discard(identity.port)
    missing = twins - alike.keys()
    come = [device for port, device in alike.items() if port not in twins]
    if come and (missing or len(come) > 1):
        raise CameraNotFound(
            f"{identity}: not there, and of the cameras like it on other ports none is certain "
            f"to be it: plug it into its own port again; {_present(devices)}"
        )
    return come[0] if come else None


def _denotes(source: Source, device: Device, devices: Sequence[Device]) -> bool:
    """Whether a source, opened now, would be this device."""
    if isinstance(source, CameraId):
        source = _by_label(source, devices)
    if isinstance(source, str) and source not in device.sources:
        source = os.path.realpath(source)
    return source in device.sources


def _by_label(wanted: CameraId, devices: Sequence[Device]) -> int | str:
    """Return what a name or serial number denotes among these devices; empty: not one of them."""
    listings = [
        CameraListing(each.identity.name, each.sources[0], "", each.identity.serial)
        for each in devices
    ]
    try:
        return choose(listings, wanted.name, wanted.serial)
    except CameraError:
        return ""


def _present(devices: Sequence[Device]) -> str:
    """Say which cameras there are, for messages."""
    if not devices:
        return "no camera is connected"
    return "connected: " + "; ".join(f"{each.sources[0]} ({each.identity})" for each in devices)
