"""MNIST's files: read whole, and each kind of damage named with file and field."""

import gzip
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn

PARTS = {"train": 5, "t10k": 3}
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def packed(array, *, code=0x08, axes=None):
    """An array of bytes as an IDX file."""
    axes = array.ndim if axes is None else axes
    head = bytes([0, 0, code, axes]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.tobytes()


def content():
    """Images and labels of four small files, by name."""
    rng = np.random.default_rng(0)
    found = {}
    for part, count in PARTS.items():
        images = rng.integers(256, size=(count, 4, 3), dtype=np.uint8)
        found[f"{part}-images-idx3-ubyte"] = images
        found[f"{part}-labels-idx1-ubyte"] = np.arange(count, dtype=np.uint8) + 5
    return found


def write(folder, *, zipped=False, **changed):
    """Write the four files; `changed` gives other bytes for images or labels."""
    for name, array in content().items():
        data = packed(array)
        if name.startswith("train"):
            data = changed.get(name.split("-")[1], data)
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
        else:
            (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_files_are_read_whole(tmp_path, zipped):
    data = nn.mnist(write(tmp_path, zipped=zipped))
    arrays = content()
    for part, examples in (("train", data.train), ("t10k", data.test)):
        images = arrays[f"{part}-images-idx3-ubyte"]
        assert (examples.x.dtype, examples.t.dtype) == (np.float32, np.int64)
        assert examples.x.shape == (PARTS[part], 12)
        np.testing.assert_array_equal(np.rint(examples.x * 255), images.reshape(-1, 12))
        np.testing.assert_array_equal(examples.t, arrays[f"{part}-labels-idx1-ubyte"])
        assert 0 <= examples.x.min() <= examples.x.max() <= 1


def test_a_gzip_file_is_known_by_its_content(tmp_path):
    write(tmp_path, images=gzip.compress(packed(content()[IMAGES])))
    assert len(nn.mnist(str(tmp_path)).train) == 5


def test_names_with_a_dot_are_found(tmp_path):
    write(tmp_path)
    (tmp_path / IMAGES).rename(tmp_path / "train-images.idx3-ubyte")
    assert len(nn.mnist(tmp_path).train) == 5


def images_of(count, rows=4, columns=3):
    return np.zeros((count, rows, columns), np.uint8)


GOOD = packed(images_of(5))
DAMAGED_IMAGES = {
    "empty": (b"", "magic number must be 2051 for images, got bytes ''"),
    "no IDX file": (b"PK\x03\x04" + GOOD, "got bytes '50 4b 03 04'; not an IDX file"),
    "magic cut": (GOOD[:3], "got bytes '00 00 08'; not an IDX file"),
    "type code": (
        packed(images_of(5), code=0x0D),
        "the type code must be 0x08 (unsigned byte), got 0x0D (float32)",
    ),
    "unknown type code": (packed(images_of(5), code=0x42), "got 0x42 (unknown)"),
    "labels in the place of images": (
        packed(np.zeros(5, np.uint8)),
        "axes must be 3, got 1; these are labels: were two files swapped?",
    ),
    "axes": (packed(images_of(5)[None]), "the number of axes must be 3, got 4"),
    "header cut": (
        GOOD[:10],
        "the header must have 16 bytes, got 10; the file is trunc",
    ),
    "no images": (packed(images_of(0)), "must be above 0, got (0, 4, 3)"),
    "no pixels": (packed(images_of(5, 4, 0)), "must be above 0, got (5, 4, 0)"),
    "one byte missing": (
        GOOD[:-1],
        "the data must have 60 bytes for (5, 4, 3), got 59",
    ),
    "one byte more": (GOOD + b"\0", "must end after 60 bytes for (5, 4, 3)"),
    "other count": (packed(images_of(4)), "4 images, but train-labels-idx1-ubyte"),
    "other size": (packed(images_of(5, 4, 4)), "must be of one size, got 16 and 12"),
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", DAMAGED_IMAGES)
def test_damaged_images_are_named(tmp_path, kind, zipped):
    data, message = DAMAGED_IMAGES[kind]
    write(tmp_path, images=data, zipped=zipped)
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        nn.mnist(tmp_path)
    named = IMAGES if kind != "other size" else str(tmp_path)
    assert named in str(caught.value)


DAMAGED_LABELS = {
    "images in the place of labels": (
        GOOD,
        "must be 2049 for labels, got 2051: the number of axes must be 1, got 3; "
        "these are images: were two files swapped?",
    ),
    "one missing": (
        packed(np.zeros(4, np.uint8)),
        "but train-labels-idx1-ubyte holds 4 labels; the counts must be equal",
    ),
    "no digit": (
        packed(np.array([0, 1, 10, 3, 200], np.uint8)),
        "labels must be 0 to 9, got 10 at 2",
    ),
}


@pytest.mark.parametrize("kind", DAMAGED_LABELS)
def test_damaged_labels_are_named(tmp_path, kind):
    data, message = DAMAGED_LABELS[kind]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        nn.mnist(write(tmp_path, labels=data))
    assert LABELS in str(caught.value)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_header_that_claims_too_much_takes_no_memory(tmp_path, zipped):
    claim = bytes([0, 0, 8, 3]) + struct.pack(">3I", 0xFFFFFFFF, 0xFFFF, 0xFFFF)
    with pytest.raises(ValueError, match="the file can hold no more than"):
        nn.mnist(write(tmp_path, images=claim, zipped=zipped))


def test_a_broken_gzip_file_is_named(tmp_path):
    write(tmp_path, zipped=True)
    path = tmp_path / f"{IMAGES}.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-12])
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: the gzip data breaks off"):
        nn.mnist(tmp_path)
    path.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])  # its checksum
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: the gzip data is damaged"):
        nn.mnist(tmp_path)
    path.write_bytes(whole[:10] + b"\xff" * 20)
    with pytest.raises(ValueError, match=rf"{IMAGES}\.gz: the gzip data is damaged"):
        nn.mnist(tmp_path)


@pytest.mark.parametrize("name", content())
def test_a_missing_file_is_named(tmp_path, name):
    write(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} or {name}\.gz is missing in"):
        nn.mnist(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        nn.mnist(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write(tmp_path_factory.mktemp("mnist"), zipped=True)


@given(data=st.data())
def test_any_damage_to_any_file_is_either_named_or_harmless(folder: Path, data):
    """Cut or change the bytes of a file: a ValueError with its name, or the data."""
    array = content()[IMAGES]
    whole = packed(array)
    if data.draw(st.booleans(), label="zipped"):
        whole = gzip.compress(whole, mtime=0)
    place = data.draw(st.integers(0, len(whole) - 1), label="place")
    if data.draw(st.booleans(), label="cut"):
        damaged = whole[:place]
    else:
        change = data.draw(st.integers(1, 255), label="change")
        damaged = whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :]
    path = folder / IMAGES  # found before the .gz beside it
    path.write_bytes(damaged)
    problem = ""
    try:
        assert nn.mnist(folder).train.x.shape == (5, 12)
    except ValueError as error:
        problem = str(error)
    finally:
        path.unlink()
    assert not problem or IMAGES in problem or "must be of one size" in problem
