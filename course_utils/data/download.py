"""Bring an archive here: verified, resumable downloads, and archives that the learner already has."""

from pathlib import Path
from urllib.parse import urlsplit

from .errors import CourseDataError, explain_disk_errors
from .roots import downloads_folder

CHUNK = 1 << 18
TIMEOUT = 30  # seconds without a byte


def local_path(origin):
    """The Path that a path or file:// address names; None for an http(s) address. Raises CourseDataError."""
    address = urlsplit(str(origin))
    if address.scheme in ("http", "https"):
        return None
    if address.scheme == "file":
        from urllib.request import url2pathname

        path = Path(url2pathname(address.path))
    elif len(address.scheme) > 1:  # one letter is a drive of Windows
        raise CourseDataError(f"Cannot read {origin}: give a path, a file:// or an https:// address.")
    else:
        path = Path(origin).expanduser()
    if not path.is_file():
        raise CourseDataError(f"There is no archive {path}. Check the path that you gave with --from.")
    return path


def fetch(source, origin=None):
    """The Path of the archive of `source`: downloaded and held to its md5, or taken from `origin` as it is.

    An interrupted download is continued by the next call. Raises CourseDataError: no network, an answer of
    the server that is no archive, a wrong checksum (the file is removed), a full disk (what was begun is
    removed).
    """
    if origin is not None:
        path = local_path(origin)
        return path if path is not None else _download(str(origin), None, source)
    return _download(source.url, f"md5:{source.md5}", source)


def file_hashes(path):
    """{"md5": ..., "sha256": ...} of a file, read once."""
    import hashlib

    digests = {"md5": hashlib.md5(usedforsecurity=False), "sha256": hashlib.sha256()}
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            for digest in digests.values():
                digest.update(chunk)
    return {name: digest.hexdigest() for name, digest in digests.items()}


def _download(url, known_hash, source):
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    folder = downloads_folder()
    # Without a checksum nothing tells an old file from a new one, so a mirror is asked each time.
    name = Path(urlsplit(url).path).name or f"{source.name}.tgz"
    name = name if known_hash else f"mirror-{name}"
    part = folder / f"{name}.part"
    by_hand = (
        f"On a computer that has a connection, fetch {source.url} and bring the file here; then\n"
        f"    course data get {source.name} --from PATH_OF_THE_FILE"
    )
    try:
        with explain_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            if not known_hash:
                (folder / name).unlink(missing_ok=True)
            return Path(pooch.retrieve(url, known_hash, name, folder, downloader=Resuming(part)))
    except requests.HTTPError as error:
        status = error.response.status_code
        raise CourseDataError(
            f"The server refused {url}: status {status} {error.response.reason}.\n{by_hand}"
        ) from error
    except (requests.RequestException, Incomplete) as error:
        kept = (
            f"\n{part.stat().st_size:,} bytes are kept; the same command continues there."
            if part.exists()
            else ""
        )
        raise CourseDataError(
            f"Could not download {url} ({_reason(error)}).{kept}\n"
            f"Is there a network connection? Then run the same command again. {by_hand}"
        ) from error
    except ValueError as error:  # pooch: the checksum is another one; it has removed the file
        raise CourseDataError(
            f"What came from {url} is not the official archive, and has been removed: {error}\n"
            f"Run the same command again. If it happens again, something on your network "
            f"may answer in the server's place. {by_hand}"
        ) from error
    except CourseDataError:
        part.unlink(missing_ok=True)  # a full disk: make room
        raise


def _reason(error):
    while getattr(error, "args", None) and isinstance(error.args[0], BaseException):
        error = error.args[0]
    return f"{type(error).__name__}: {getattr(error, 'reason', None) or error}"


class Incomplete(Exception):
    """The connection ended before all bytes had come."""


class Resuming:
    """A downloader for pooch that collects into `part` and goes on from there when it is called again."""

    def __init__(self, part):
        self.part = part

    def __call__(self, url, output_file, pooch_object):
        import requests

        have = self.part.stat().st_size if self.part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if (
                response.status_code == 416
            ):  # nothing follows what we have: it is whole, or it is another file
                if response.headers.get("Content-Range", "").rpartition("/")[2] != str(have):
                    self.part.unlink()
                    raise Incomplete(f"{have:,} bytes kept from before did not fit; they are removed")
            else:
                response.raise_for_status()
                self._collect(response, have if response.status_code == 206 else 0)
        self.part.replace(output_file)

    def _collect(self, response, have):
        from tqdm import tqdm

        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        bar = tqdm(total=total, initial=have, unit="B", unit_scale=True, desc=self.part.stem, disable=None)
        with bar, open(self.part, "ab" if have else "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                have += len(chunk)
                bar.update(len(chunk))
        if total is not None and have != total:
            raise Incomplete(f"{have:,} of {total:,} bytes came")
