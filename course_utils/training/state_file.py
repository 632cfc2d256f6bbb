"""The state of a run as one file: nested dicts and lists of tensors and plain values, checked when read.

The file is an ordinary safetensors file: the tensors under their paths ("model/layers.0.weight"), everything
else as JSON in the metadata, so that reading it can run no code. It begins with the SHA-256 of all its other
bytes: whatever a disk, a copy or a kill has done to it is noticed before anything is taken from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from course_utils.training.atomic import write_atomically
from course_utils.training.errors import CheckpointError
from course_utils.training.nested import State, flatten, unflatten

VERSION = "1"
BEGINNING = b'{"__metadata__":{"sha256":"'  # 8 bytes with the length of the header come before it
DIGEST = slice(8 + len(BEGINNING), 8 + len(BEGINNING) + 64)
LONGEST_HEADER = 100_000_000  # bytes; safetensors reads no longer ones
REMEDY = "Delete it, and use an older checkpoint or start afresh."
DTYPES = {
    torch.bool: "BOOL",
    torch.uint8: "U8",
    torch.int8: "I8",
    torch.int16: "I16",
    torch.int32: "I32",
    torch.int64: "I64",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.float32: "F32",
    torch.float64: "F64",
}


def write_state(path: str | os.PathLike, state: State, *, kind: str = "checkpoint") -> str:
    """Write `state` into the file `path`, atomically; return the SHA-256 that the file carries.

    Args:
        path: the file; its folder is made where it is missing.
        state: dicts (keys str or int), lists and tuples of tensors, str, int, float, bool and None. Tensors
            come back with their dtype, shape, values and, where they had it, channels_last; tensors that
            share memory come back apart.
        kind: what the file is for; `read_state` refuses a file of another kind.

    Raises:
        ValueError: something in `state` is none of these; the message says where.
        TrainingError: the disk is full or refuses.
    """
    document, tensors = flatten(state, tuple(DTYPES))
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    # Large items first: each tensor then begins at a multiple of its item's size, as readers like it.
    names = sorted(tensors, key=lambda name: -tensors[name].itemsize)
    header = _header(document, {name: tensors[name] for name in names}, kind)
    pieces = [header, *(_bytes_of(tensors[name]) for name in names)]
    digest = _digest(pieces)
    pieces[0] = header[: DIGEST.start] + digest.encode() + header[DIGEST.stop :]
    write_atomically(Path(path), pieces)
    return digest


def read_state(
    path: str | os.PathLike, device: torch.device | str = "cpu", *, kind: str = "checkpoint"
) -> State:
    """The state in the file `path`, its tensors on `device`.

    Raises:
        CheckpointError: there is no such file, or it is truncated, damaged, of another kind, of another
            format version or not from here; the message says which, and what to do.
    """
    path = Path(path)
    try:
        metadata = _checked_metadata(path, kind)
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).clone().to(device) for name in file.keys()}  # noqa: SIM118
        return unflatten(json.loads(metadata["state"]), tensors)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # The checksum fits, and yet: not damage, but somebody's own work.
        raise CheckpointError(f"{path} was not written by this course: {error!r}. {REMEDY}") from error


def digest_of(path: str | os.PathLike) -> str:
    """The SHA-256 that the file `path`, which `write_state` wrote, carries."""
    with open(path, "rb") as file:
        file.seek(DIGEST.start)
        return file.read(DIGEST.stop - DIGEST.start).decode()


def _header(document: Any, tensors: dict[str, torch.Tensor], kind: str) -> bytes:
    """The length and the JSON of a safetensors header, with zeros in the place of the digest."""
    metadata = {
        "sha256": "0" * 64,
        "format": f"course {kind}",
        "version": VERSION,
        "state": json.dumps(document, separators=(",", ":")),
    }
    entries: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        entries[name] = {
            "dtype": DTYPES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def _bytes_of(tensor: torch.Tensor) -> memoryview:
    return memoryview(tensor.reshape(-1).view(torch.uint8).numpy())


def _digest(pieces: list[bytes | memoryview]) -> str:
    """SHA-256 of the whole file but for the 64 digits of the digest itself."""
    digest = hashlib.sha256(pieces[0][: DIGEST.start])
    digest.update(pieces[0][DIGEST.stop :])
    for piece in pieces[1:]:
        digest.update(piece)
    return digest.hexdigest()


def _checked_metadata(path: Path, kind: str) -> dict[str, str]:
    """The metadata of the file, after every byte of it has been found as it was written."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(DIGEST.stop)
        if len(start) < DIGEST.stop or start[8 : DIGEST.start] != BEGINNING:
            raise _foreign(path, start, size)
        header_bytes = struct.unpack("<Q", start[:8])[0]
        rest = file.read(max(0, min(header_bytes, size) - (DIGEST.stop - 8)))
        digest = hashlib.sha256(start[: DIGEST.start])
        digest.update(rest)
        while block := file.read(1 << 20):
            digest.update(block)
    if digest.hexdigest().encode() != start[DIGEST]:
        raise _damaged(path, start[8:] + rest, header_bytes, size)
    metadata = json.loads(start[8:] + rest)["__metadata__"]
    if metadata["format"] != f"course {kind}":
        raise CheckpointError(
            f"{path} is a {metadata['format'].removeprefix('course ')} file, not a {kind} file."
        )
    if metadata["version"] != VERSION:
        raise CheckpointError(
            f"{path} has format version {metadata['version']}; this course reads version {VERSION}. "
            "Go on with the version of the course that wrote it, or start the run afresh."
        )
    return metadata


def _foreign(path: Path, start: bytes, size: int) -> CheckpointError:
    """What a file is that does not begin as ours do."""
    if not start:
        return CheckpointError(f"{path} is empty. {REMEDY}")
    if start[8:] and BEGINNING.startswith(start[8 : 8 + len(BEGINNING)]):
        return CheckpointError(f"{path} is truncated: only {size:,} bytes are there. {REMEDY}")
    if start[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        what = "a pickle (torch.save), which may run any program when it is read; it was not opened"
    elif start[8:9] == b"{":
        what = "a safetensors file of another program, or its beginning is damaged"
    else:
        what = "not a safetensors file"
    return CheckpointError(f"{path} was not written by this course: it is {what}. {REMEDY}")


def _damaged(path: Path, header: bytes, header_bytes: int, size: int) -> CheckpointError:
    """Why the checksum does not fit: bytes are missing, or they have changed."""
    wanted = 8 + header_bytes
    try:
        entries = json.loads(header)
        entries.pop("__metadata__")
        wanted += max((entry["data_offsets"][1] for entry in entries.values()), default=0)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # the header is cut off, or damaged
    if size < wanted and header_bytes <= LONGEST_HEADER:
        return CheckpointError(f"{path} is truncated: {size:,} of {wanted:,} bytes are there. {REMEDY}")
    return CheckpointError(f"{path} is damaged: its checksum (SHA-256) does not fit its bytes. {REMEDY}")
