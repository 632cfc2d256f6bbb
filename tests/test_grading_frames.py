"""Frames: whatever a worker sends, the judge reads it within its limits or says that it is no frame."""

import json
import socket
import threading

import pytest

from course_utils.worker import frames


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def sent(pair, data, close=True):
    """What the judge makes of these bytes."""
    ours, theirs = pair
    threading.Thread(target=lambda: (theirs.sendall(data), close and theirs.close()), daemon=True).start()
    return frames.receive(ours)


@pytest.mark.parametrize(
    "message", [None, True, 0, -(2**53), "é\x00\u202e", [], {"id": "a", "value": [1, {}]}]
)
def test_a_message_arrives_as_it_was_sent(pair, message):
    assert sent(pair, frames.packed(message)) == message


def test_a_large_message_arrives_whole(pair):
    text = "x" * 5_000_000
    assert sent(pair, frames.packed({"text": text}))["text"] == text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\x80\x04\x95\x00",  # a pickle
        '"é"'.encode(),
        b"1" * 5000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_what_is_no_json_of_ours_is_refused(pair, body):
    with pytest.raises(frames.FrameError):
        sent(pair, frames.HEADER.pack(len(body)) + body)


def test_a_length_alone_takes_no_memory_and_is_refused(pair):
    with pytest.raises(frames.FrameTooLarge, match="4294967295 bytes"):
        sent(pair, frames.HEADER.pack(0xFFFFFFFF), close=False)


def test_small_parts_without_number_are_refused_unread(pair):
    body = b"[" + b"[]," * frames.MOST_PARTS + b"[]]"
    with pytest.raises(frames.FrameTooLarge, match="parts"):
        sent(pair, frames.HEADER.pack(len(body)) + body)


@pytest.mark.parametrize("data", [b"", b"\x00\x00", frames.HEADER.pack(10) + b"[1"])
def test_a_closed_connection_is_told_from_a_bad_frame(pair, data):
    with pytest.raises(EOFError):
        sent(pair, data)


def test_too_large_a_message_is_not_sent(pair):
    with pytest.raises(frames.FrameTooLarge):
        frames.packed("x" * (frames.LARGEST + 1))


def test_sending_to_nobody_is_an_end(pair):
    ours, theirs = pair
    theirs.close()
    with pytest.raises(EOFError):
        frames.send(ours, "x" * 5_000_000)


def test_whoever_waits_is_asked_before_each_piece(pair):
    """A deadline is what `wait` raises: it is looked at however slowly the bytes drip."""
    ours, theirs = pair
    asked = []

    def wait(writing):
        asked.append(writing)
        if len(asked) > 3:
            raise TimeoutError
        theirs.send(b"\x00")

    with pytest.raises(TimeoutError):
        frames.receive(ours, wait=wait)
    assert asked == [False] * 4


def test_numbers_that_json_knows_stay_numbers():
    assert frames.unpacked(json.dumps([1, 1.5, 2**60]).encode()) == [1, 1.5, 2**60]
