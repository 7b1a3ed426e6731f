"""Downloads: checked, kept, taken up again, from the next mirror where one fails."""

import gzip
import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from nn import datasets, download

CONTENT = bytes(range(256)) * 1000
NAME = "data.bin"


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Server:
    """A server on this machine that can be told to fail."""

    def __init__(self):
        self.files = {NAME: CONTENT}
        self.breaks_after = None
        self.knows_ranges = True
        self.status = None
        self.asked = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    owner = None

    def do_GET(self):
        owner = self.owner
        asked = self.headers.get("Range")
        owner.asked.append((self.path, asked))
        content = owner.files.get(self.path.rpartition("/")[2])
        if owner.status or content is None:
            self.send_error(owner.status or 404)
            return
        start = 0
        if asked and owner.knows_ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        end = len(content)
        if owner.breaks_after is not None:
            end = min(end, start + owner.breaks_after)
        self.wfile.write(content[start:end])

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def servers():
    made = [Server(), Server()]
    yield made
    for server in made:
        server.close()


def fetch(folder, *servers, content=CONTENT):
    mirrors = [server.address for server in servers]
    download.fetch("data", folder, {NAME: digest(content)}, mirrors)


def test_a_file_is_downloaded_once(servers, tmp_path):
    for _ in range(2):
        fetch(tmp_path / "new" / "folder", servers[0])
    assert (tmp_path / "new/folder" / NAME).read_bytes() == CONTENT
    assert servers[0].asked == [(f"/{NAME}", None)]
    assert [path.name for path in (tmp_path / "new/folder").iterdir()] == [NAME]


@settings(max_examples=20)
@given(st.lists(st.integers(1, len(CONTENT)), min_size=1, max_size=3), st.booleans())
def test_what_broke_off_is_taken_up_again(tmp_path_factory, sizes, knows_ranges):
    folder = tmp_path_factory.mktemp("broken")
    server = Server()
    try:
        server.knows_ranges = knows_ranges
        have = 0
        for size in sizes:
            server.breaks_after = size
            have = min(len(CONTENT), have + size) if knows_ranges else size
            if have == len(CONTENT):
                break
            with pytest.raises(ConnectionError, match=f"broke off after {have:,} of"):
                fetch(folder, server)
            assert not (folder / NAME).exists()
            assert (folder / f"{NAME}.part").read_bytes() == CONTENT[:have]
        server.breaks_after = None
        fetch(folder, server)
        if knows_ranges and 0 < have < len(CONTENT):
            assert server.asked[-1] == (f"/{NAME}", f"bytes={have}-")
    finally:
        server.close()
    assert (folder / NAME).read_bytes() == CONTENT


def test_the_next_mirror_goes_on_where_the_first_broke_off(servers, tmp_path):
    servers[0].breaks_after = 1000
    fetch(tmp_path, *servers)
    assert servers[1].asked == [(f"/{NAME}", "bytes=1000-")]
    assert (tmp_path / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize("left", [CONTENT, b"of another file", CONTENT + b"more"])
def test_what_is_left_of_before_is_not_trusted(servers, tmp_path, left):
    (tmp_path / f"{NAME}.part").write_bytes(left)
    fetch(tmp_path, servers[0])
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_mirror_with_another_file_is_left_for_the_next(servers, tmp_path):
    servers[0].files[NAME] = b"rubbish"
    fetch(tmp_path, *servers)
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_when_all_fail_each_is_named_with_its_reason(servers, tmp_path):
    servers[0].status = 503
    servers[1].files[NAME] = b"rubbish"
    with pytest.raises(ConnectionError) as caught:
        fetch(tmp_path, *servers)
    said = str(caught.value)
    assert said.startswith(f"data: could not download {NAME}\n")
    assert f"{servers[0].address}{NAME}: HTTP status 503" in said
    found, wanted = digest(b"rubbish"), digest(CONTENT)
    assert f"{servers[1].address}{NAME}: SHA-256 is {found}, not {wanted}" in said
    assert f"Get it by hand and put it into {tmp_path}" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", ["file:///etc/", "http://127.0.0.1:9/"])
def test_no_network_and_no_other_kinds_of_addresses(tmp_path, address):
    with pytest.raises(ConnectionError, match=re.escape(address)):
        download.fetch("data", tmp_path, {NAME: digest(CONTENT)}, [address])
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGRAD_JP_DATA", str(tmp_path / "here"))
    assert download.cache() == tmp_path / "here"
    monkeypatch.delenv("TINYGRAD_JP_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert download.cache() == tmp_path / "xdg" / "tinygrad_jp"


# --- data sets ---------------------------------------------------------------------


def idx_file(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(header + array.astype(np.uint8).tobytes(), mtime=0)


def dataset_files():
    rng = np.random.default_rng(0)
    return {
        f"{part}-{kind}-ubyte.gz": idx_file(rng.integers(0, top, shape))
        for part, count in (("train", 7), ("t10k", 3))
        for kind, shape, top in (
            ("images-idx3", (count, 4, 4), 256),
            ("labels-idx1", (count,), 10),
        )
    }


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_a_data_set_without_a_folder_is_downloaded(
    servers, monkeypatch, tmp_path, name
):
    files = dataset_files()
    servers[0].files = files
    source = datasets.Source(
        {file: digest(content) for file, content in files.items()},
        [servers[0].address],
    )
    monkeypatch.setattr(datasets, name.upper(), source)
    monkeypatch.setenv("TINYGRAD_JP_DATA", str(tmp_path))
    load = getattr(nn, name)
    data = load()
    assert data.train.x.shape == (7, 16)
    pictures = load(tmp_path / name, flatten=False)
    np.testing.assert_array_equal(pictures.test.x.reshape(3, 16), data.test.x)
    assert pictures.test.x.shape == (3, 1, 4, 4)
    assert len(servers[0].asked) == 4


def test_every_file_of_the_real_sources_has_a_checksum_and_a_secure_mirror():
    names = set(dataset_files())
    for source in (datasets.MNIST, datasets.FASHION_MNIST):
        assert set(source.files) == names
        assert all(re.fullmatch("[0-9a-f]{64}", d) for d in source.files.values())
        assert all(re.fullmatch("https://.*/", mirror) for mirror in source.mirrors)
    assert len(datasets.FASHION) == 10
