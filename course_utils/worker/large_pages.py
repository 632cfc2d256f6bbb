"""Memory in pages of 2 MB instead of 4 kB: a fork copies an entry for each page, an exit clears it again."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator

LARGE = 2 * 1024 * 1024
COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1 and later; older kernels refuse, and forks stay slower
LOADED, WRITABLE = 1, 2  # kind and flag of a part of a library


class _Part(ctypes.Structure):
    """Elf64_Phdr: a part of a library."""

    _fields_ = (
        *(("kind", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("offset", ctypes.c_uint64)),
        *(("address", ctypes.c_uint64), ("physical", ctypes.c_uint64), ("in_file", ctypes.c_uint64)),
        *(("size", ctypes.c_uint64), ("alignment", ctypes.c_uint64)),
    )


class _Library(ctypes.Structure):
    """The beginning of dl_phdr_info."""

    _fields_ = (
        *(("base", ctypes.c_uint64), ("name", ctypes.c_char_p)),
        *(("parts", ctypes.POINTER(_Part)), ("count", ctypes.c_uint16)),
    )


def use_large_pages() -> int:
    """Gather what Python and PyTorch have allocated so far; the number of large pages that it lies in now.

    There is no /proc to say where that is: where objects are, below the end of the heap, and next to these;
    and where libraries keep their variables.
    """
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return 0
    libc = ctypes.CDLL(None)
    libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    starts = {id(each) // LARGE for each in gc.get_objects()}
    starts |= {libc.sbrk(0) // LARGE - 1, *_variables_of_libraries(libc)}
    found: dict[int, bool] = {}

    def gather(page: int) -> bool:
        if page not in found:
            found[page] = libc.madvise(page * LARGE, LARGE, COLLAPSE) == 0
            return found[page]
        return False

    for start in starts:
        gather(start)
        for step in (1, -1):
            page = start + step
            while gather(page):
                page += step
    return sum(found.values())


def _variables_of_libraries(libc: ctypes.CDLL) -> Iterator[int]:
    """The large pages of what each library has set aside beyond what its file holds."""
    ranges: list[tuple[int, int]] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Library), ctypes.c_size_t, ctypes.c_void_p)
    def look(library: ctypes.POINTER(_Library), size: int, data: int) -> int:
        for part in library.contents.parts[: library.contents.count]:
            if part.kind == LOADED and part.flags & WRITABLE:
                start = library.contents.base + part.address
                ranges.append((start + part.in_file, start + part.size))
        return 0

    libc.dl_iterate_phdr(look, None)
    for start, end in ranges:
        yield from range(-(-start // LARGE), end // LARGE)
