"""Downloads: verified, resumed, and honest about what went wrong."""

import dataclasses
import errno
import hashlib
import socket

import pytest
from data_helpers import closed_port, everything_under, serving

from course_utils.data import CourseDataError
from course_utils.data.download import fetch, local_path
from course_utils.data.sources import SOURCES

CONTENT = bytes(range(256)) * 4096  # 1 MiB
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "root"))
    for variable in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.upper(), raising=False)
    return tmp_path / "root"


def source_at(url, md5=MD5):
    return dataclasses.replace(SOURCES["imagenette"], url=url, md5=md5)


def test_urls_and_md5_are_those_of_torchvision():
    from torchvision.datasets import Imagenette

    for name, size in (("imagenette", "160px"), ("imagenette-320", "320px"), ("imagenette-full", "full")):
        assert (SOURCES[name].url, SOURCES[name].md5) == Imagenette._ARCHIVES[size]


def test_words_are_those_of_torchvision():
    from torchvision.datasets import Imagenette

    from course_utils.data.wordnet import IMAGENETTE_WORDS

    assert Imagenette._WNID_TO_CLASS == IMAGENETTE_WORDS


def test_download_is_verified_and_not_repeated(root):
    with serving(CONTENT) as (url, state):
        path = fetch(source_at(url))
        assert path.read_bytes() == CONTENT
        assert fetch(source_at(url)) == path
        assert state["requests"] == [None]
    assert everything_under(root) == ["downloads", "downloads/imagenette2-160.tgz"]


def test_interrupted_download_is_continued(root):
    with serving(CONTENT, cut_after=600_000) as (url, state):
        with pytest.raises(CourseDataError) as failed:
            fetch(source_at(url))
        part = root / "downloads" / "imagenette2-160.tgz.part"
        kept = part.stat().st_size
        assert 0 < kept < len(CONTENT)
        assert f"{kept:,} bytes are kept; the same command continues there" in str(failed.value)
        assert everything_under(root) == ["downloads", "downloads/imagenette2-160.tgz.part"]
        assert fetch(source_at(url)).read_bytes() == CONTENT
        assert state["requests"] == [None, f"bytes={kept}-"]
    assert not part.exists()


def test_server_without_ranges_starts_again(root):
    with serving(CONTENT, cut_after=600_000, ranges=False) as (url, _):
        with pytest.raises(CourseDataError):
            fetch(source_at(url))
        assert fetch(source_at(url)).read_bytes() == CONTENT


@pytest.mark.parametrize("kept", [CONTENT, CONTENT + b"of an older file"], ids=["whole", "too long"])
def test_part_that_nothing_follows(root, kept):
    (root / "downloads").mkdir(parents=True)
    (root / "downloads" / "imagenette2-160.tgz.part").write_bytes(kept)
    with serving(CONTENT) as (url, _):
        if kept != CONTENT:
            with pytest.raises(CourseDataError, match="did not fit; they are removed"):
                fetch(source_at(url))
        assert fetch(source_at(url)).read_bytes() == CONTENT


def test_wrong_checksum(root):
    with serving(b"a page of a hotel's network") as (url, _), pytest.raises(CourseDataError) as failed:
        fetch(source_at(url))
    said = str(failed.value)
    assert "is not the official archive, and has been removed" in said
    assert url in said and MD5 in said and hashlib.md5(b"a page of a hotel's network").hexdigest() in said
    assert "course data get imagenette --from" in said
    assert everything_under(root) == ["downloads"]


def test_no_network_by_name(root, monkeypatch):
    def refuse(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(CourseDataError) as failed:
        fetch(SOURCES["imagenette"])
    said = str(failed.value)
    assert f"Could not download {SOURCES['imagenette'].url}" in said
    assert "Is there a network connection?" in said
    assert "course data get imagenette --from PATH_OF_THE_FILE" in said
    assert everything_under(root) == ["downloads"]


def test_nobody_answers(root):
    url = f"http://127.0.0.1:{closed_port()}/imagenette2-160.tgz"
    with pytest.raises(CourseDataError, match="Connection refused"):
        fetch(source_at(url))
    assert everything_under(root) == ["downloads"]


def test_server_refuses(root):
    with serving(CONTENT, status=404) as (url, _), pytest.raises(CourseDataError) as failed:
        fetch(source_at(url))
    assert f"The server refused {url}: status 404" in str(failed.value)
    assert everything_under(root) == ["downloads"]


def test_full_disk_while_downloading(root, monkeypatch):
    from course_utils.data import download

    def full(self, response, have):
        self.part.write_bytes(b"begun")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download.Resuming, "_collect", full)
    with serving(CONTENT) as (url, _), pytest.raises(CourseDataError) as failed:
        fetch(source_at(url))
    assert "The disk is full" in str(failed.value) and str(root / "downloads") in str(failed.value)
    assert "COURSE_DATA" in str(failed.value)
    assert everything_under(root) == ["downloads"]


def test_a_mirror_is_held_to_no_checksum(root):
    with serving(CONTENT) as (url, _):
        assert fetch(SOURCES["imagenette"], url).read_bytes() == CONTENT


def test_path_and_file_address(tmp_path):
    archive = tmp_path / "an archive.tgz"
    archive.write_bytes(b"x")
    for origin in (str(archive), archive.as_uri()):
        assert local_path(origin) == archive
        assert fetch(SOURCES["imagenette"], origin) == archive
    assert local_path("https://example.org/a.tgz") is None


@pytest.mark.parametrize("origin", ["nowhere.tgz", "file:///no/such/archive.tgz"])
def test_missing_archive(origin):
    with pytest.raises(CourseDataError, match=r"There is no archive .*\. Check the path .* --from"):
        local_path(origin)


def test_unknown_kind_of_address():
    with pytest.raises(CourseDataError, match=r"Cannot read ftp://example\.org/a\.tgz: give a path"):
        local_path("ftp://example.org/a.tgz")
