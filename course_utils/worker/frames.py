"""JSON over a socket, each message led by its length; what arrives is measured before it is read."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from typing import Any

HEADER = struct.Struct(">I")
LARGEST = 64 * 1024 * 1024  # bytes of one frame
MOST_PARTS = 500_000  # commas and brackets of one frame: what bounds the memory that its objects take
PIECE = 1024 * 1024
DIGITS = 20  # longer whole numbers travel as text


class FrameError(Exception):
    """What arrived is no frame: too long, or not the JSON that it should be."""


class FrameTooLarge(FrameError):
    """A frame longer, or of more parts, than a reader takes."""


def packed(message: Any) -> bytes:
    """The bytes of one frame.

    Raises:
        FrameTooLarge: the frame would be longer than `LARGEST`.
    """
    body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(body) > LARGEST:
        raise FrameTooLarge(f"a frame of {len(body)} bytes; the most is {LARGEST}")
    return HEADER.pack(len(body)) + body


def unpacked(body: bytes | bytearray) -> Any:
    """The message in the body of a frame.

    Raises:
        FrameTooLarge: so many parts that its objects would fill the memory.
        FrameError: it is not JSON, or nested too deep to be read.
    """
    if sum(body.count(mark) for mark in (b",", b"[", b"{")) > MOST_PARTS:
        raise FrameTooLarge(f"a frame of more than {MOST_PARTS} parts")
    try:
        return json.loads(body.decode("ascii"), parse_int=_short_int, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"not a frame: {type(error).__name__}") from None


def send(sock: socket.socket, message: Any, wait: Callable[[bool], None] | None = None) -> None:
    """Send one frame. `wait(True)` is called before each piece and returns when there is room for it.

    Raises:
        FrameTooLarge: it is too long to be taken.
        EOFError: the other side has closed.
    """
    rest = memoryview(packed(message))
    while rest:
        if wait:
            wait(True)
        try:
            rest = rest[sock.send(rest[:PIECE]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise EOFError(f"the other side has closed: {error}") from None


def receive(sock: socket.socket, limit: int = LARGEST, wait: Callable[[bool], None] | None = None) -> Any:
    """Receive one frame of at most `limit` bytes.

    `wait(False)` is called before each piece and returns when something can be read; a deadline is what it
    raises. Memory is taken as bytes arrive, never because a length says so.

    Raises:
        FrameTooLarge: the length that leads it is over `limit`.
        FrameError: it is not JSON.
        EOFError: closed before a frame began, or in its middle.
    """
    (length,) = HEADER.unpack(_exactly(sock, HEADER.size, wait))
    if length > limit:
        raise FrameTooLarge(f"a frame of {length} bytes; the most is {limit}")
    return unpacked(_exactly(sock, length, wait))


def _exactly(sock: socket.socket, length: int, wait: Callable[[bool], None] | None) -> bytearray:
    data = bytearray()
    while len(data) < length:
        if wait:
            wait(False)
        try:
            piece = sock.recv(min(length - len(data), PIECE))
        except BlockingIOError:
            continue
        except OSError:
            piece = b""
        if not piece:
            raise EOFError(f"closed after {len(data)} of {length} bytes")
        data += piece
    return data


def _short_int(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError("a whole number too long")
    return int(text)


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
