"""Small trees, archives and a local server with faults, for the tests of course_utils.data."""

import functools
import io
import socket
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data.sources import SOURCES

REAL_ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "data" / "imagenette2-160.tgz"
WNIDS = SOURCES["imagenette"].classes


def make_picture(path, seed=0, size=(20, 16), mode="RGB", **options):
    """A smooth picture (JPEG keeps it nearly) with colours by `seed`; `size` is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR).convert(mode).save(path, **options)
    return path


def make_tree(root, classes=("cat", "dog"), train=3, val=2, suffix=".JPEG", size=(20, 16)):
    """train/ and val/ with the same classes and `train` and `val` pictures in each; returns `root`."""
    for split, count in (("train", train), ("val", val)):
        for number, name in enumerate(classes):
            for index in range(count):
                make_picture(root / split / name / f"{name}_{index}{suffix}", 100 * number + index, size)
    return root


def make_archive(path, tree, top="imagenette2-160"):
    """A .tgz of `tree` under the folder `top`."""
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, arcname=top)
    return path


def make_imagenette(folder, **options):
    """A small archive with the ten class folders of Imagenette."""
    return make_archive(folder / "imagenette2-160.tgz", make_tree(folder / "tree", WNIDS, **options))


def make_hostile_archive(path, member):
    """An archive with one extra member, a tarfile.TarInfo, after pictures in the right form."""
    tree = make_tree(path.parent / "tree", WNIDS, train=1, val=1)
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tree, arcname="imagenette2-160")
        data = b"overwritten"
        member.size = len(data) if member.isreg() else 0
        tar.addfile(member, io.BytesIO(data))
    return path


def everything_under(folder):
    """All files and folders below `folder`, relative, sorted; empty for a folder that is not there."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


class Handler(BaseHTTPRequestHandler):
    """Serves `content`, whole or from a range; `cut_after` bytes it hangs up. Each request is noted."""

    def __init__(self, state, *args):
        self.state = state
        super().__init__(*args)

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.state["requests"].append(wanted)
        content, status = self.state["content"], self.state.get("status", 200)
        start = 0
        if status == 200 and wanted and self.state.get("ranges", True):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            status = 206 if start < len(content) else 416
        self.send_response(status)
        if status == 416:
            self.send_header("Content-Range", f"bytes */{len(content)}")
            content, start = b"", 0
        body = content[start:] if status in (200, 206) else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.state.pop("cut_after", None)
        self.wfile.write(body[:cut])

    def log_message(self, *args):
        """Be silent."""


@contextmanager
def serving(content, **faults):
    """Yield (url, state) of a local server of `content`; change `state` to change what it does next."""
    state = {"content": content, "requests": [], **faults}
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, state))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/imagenette2-160.tgz", state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def closed_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
