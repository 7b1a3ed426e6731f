"""Files of arrays: what goes in comes out, and nothing half written is ever there."""

import contextlib
import io
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_jp as tg

DTYPES = ["?", "u1", "i1", *(k + n for k in ("u", "i", ">i", "f", ">f") for n in "248")]
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0))
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def same(a, b):
    """Equal to the bit, NaN and the sign of 0 included."""
    native = np.asarray(b, b.dtype.newbyteorder("="))
    return (a.dtype, a.shape, a.tobytes()) == (
        native.dtype,
        native.shape,
        native.tobytes(),
    )


@given(
    arrays=st.dictionaries(TEXTS.filter(lambda n: n != "__metadata__"), ARRAYS),
    metadata=st.dictionaries(TEXTS, TEXTS),
    turned=st.booleans(),
)
def test_what_goes_in_comes_out_to_the_bit(tmp_path_factory, arrays, metadata, turned):
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    given_in = {name: a.T if turned else a for name, a in arrays.items()}
    tg.save(path, given_in, metadata)
    found = tg.load(path)
    assert found.keys() == given_in.keys()
    assert all(same(found[name], given_in[name]) for name in given_in)
    assert found.metadata == metadata
    assert all(array.flags.writeable for array in found.values())


def test_arrays_come_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "a.safetensors"
    body = struct.pack("<2f", 1.0, 2.0)
    entries = {"first": [4, 8], "second": [0, 4]}
    header = {
        name: {"dtype": "F32", "shape": [1], "data_offsets": place}
        for name, place in entries.items()
    }
    write(path, header, body)
    assert [(n, a.tolist()) for n, a in tg.load(path).items()] == [
        ("second", [1.0]),
        ("first", [2.0]),
    ]


def test_tensors_folders_and_links(tmp_path):
    path = tmp_path / "new" / "folder" / "a.safetensors"
    x = tg.Tensor([1.0], requires_grad=True)
    tg.save(path, {"x": x})
    assert tg.load(str(path))["x"].tolist() == [1.0]
    assert list(tg.load(path).metadata) == []
    link = tmp_path / "link.safetensors"
    link.symlink_to(path)
    tg.save(link, {"x": x * 2})
    assert link.is_symlink()
    assert tg.load(path)["x"].tolist() == [2.0]
    assert os.listdir(path.parent) == ["a.safetensors"]
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: tg.save(p, {1: [1.0]}), TypeError, "a name must be a str, got 1"),
        (lambda p: tg.save(p, {"a": "b"}), TypeError, "save: a: needs real numbers"),
        (lambda p: tg.save(p, {"a": 1j}), TypeError, "save: a: needs real numbers"),
        (lambda p: tg.save(p, {}, {"k": 1}), TypeError, r"metadata\['k'\] must be a"),
        (lambda p: tg.save(p, {"\ud800": 1.0}), ValueError, "must be Unicode text"),
        (lambda p: tg.save(p, {"__metadata__": 1.0}), ValueError, "to the format"),
        (lambda p: tg.save(p.parent, {}), IsADirectoryError, "save: cannot write"),
        (lambda p: tg.save("a.pkl", {}), ValueError, "name it a.safetensors"),
        (lambda p: tg.load(p), FileNotFoundError, "a.safetensors"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path / "a.safetensors")
    assert os.listdir(tmp_path) == []


# --- whole or not at all ---------------------------------------------------------


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch, call):
    path = tmp_path / "a.safetensors"
    tg.save(path, {"x": np.ones(3)})
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"save: cannot write.*No space.*a\.safetensors"):
        tg.save(path, {"x": np.zeros(3)})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_file_and_folder_are_on_the_disk(tmp_path, monkeypatch):
    synced = []
    fsync = os.fsync

    def seen(handle):
        synced.append(os.path.isdir(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", seen)
    tg.save(tmp_path / "a.safetensors", {"x": np.ones(3)})
    assert synced == [False, True]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
def test_an_interrupt_leaves_the_old_file(tmp_path, monkeypatch, kind):
    path = tmp_path / "a.safetensors"
    tg.save(path, {"x": np.ones(3)})
    before = path.read_bytes()

    def interrupted(*_):
        raise kind

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(kind):
        tg.save(path, {"x": np.zeros(3)})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.safetensors"]


def python(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.safetensors"
    tg.save(path, {"x": np.ones(3)})
    before = path.read_bytes()
    code = """if True:
        import resource, sys
        import numpy as np, tinygrad_jp as tg
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            tg.save(sys.argv[1], {"x": np.zeros(100_000)})
        except OSError as error:
            print(error.filename, error)
    """
    said, _ = python(code, path).communicate()
    assert "save: cannot write the file: File too large" in said
    assert str(path) in said
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.safetensors"]


def test_killed_at_any_moment_the_file_is_whole(tmp_path):
    path = tmp_path / "a.safetensors"
    code = """if True:
        import itertools, sys
        import numpy as np, tinygrad_jp as tg
        for i in itertools.count():
            arrays = {n: np.full(200_000, i, float) for n in "abcd"}
            tg.save(sys.argv[1], arrays, {"i": str(i)})
            if i == 1:
                print("ready", flush=True)
    """
    for delay in (0.0, 0.013, 0.029, 0.05):
        writer = python(code, path)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        found = tg.load(path)
        values = {float(v) for a in found.values() for v in (a.min(), a.max())}
        assert values == {float(found.metadata["i"])}


# --- damaged files ---------------------------------------------------------------


def write(path, header, body, *, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if length is None else length
    path.write_bytes(struct.pack("<Q", length) + text + body)


def entry(dtype="F32", shape=(2,), place=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(place)}


DAMAGED = {
    "data must be 8 bytes by data_offsets, got 7: truncated": ({"x": entry()}, 7),
    "got 9: something follows": ({"x": entry()}, 9),
    "x: dtype must be one of .*, got 'BF16'": ({"x": entry("BF16", (4,))}, 8),
    "x: dtype must be one of .*, got None": ({"x": {"shape": [1]}}, 8),
    r"x: dtype must be one of .*, got \['F32'\]": ({"x": entry(["F32"])}, 8),
    r"x: shape must be lengths of axes, got \[-2\]": ({"x": entry(shape=[-2])}, 8),
    r"x: shape must be lengths of axes, got \[True": ({"x": entry(shape=[True])}, 8),
    r"x: shape must be .*, got \[2.0\]": ({"x": entry(shape=[2.0])}, 8),
    "x: data_offsets must be a start and an end": ({"x": entry(place=(8, 0))}, 8),
    r"shape \(3,\) of F32 needs 12 bytes, .* give it 8": ({"x": entry(shape=[3])}, 8),
    "y: data_offsets .* overlap with what stands before": (
        {"x": entry(), "y": entry(place=(4, 12))},
        12,
    ),
    "y: data_offsets .* leave a gap; must start at 8": (
        {"x": entry(), "y": entry(place=(12, 20))},
        20,
    ),
    "x: must be an object, got 3": ({"x": 3}, 8),
    "header must be an object, got 1": (b"1", 8),
    "header is not valid JSON": (b"{'x'}", 8),
    "the name 'x' stands twice": (b'{"x": 1, "x": 1}', 8),
    "header is not valid JSON: maximum recursion|JSON: .*recursion": (
        b"[" * 200_000,
        8,
    ),
    "__metadata__ must hold texts, got": ({"__metadata__": {"a": 1}}, 0),
    "header is not valid JSON: .*utf-8": (b'{"\xff": 1}', 0),
    "x: shape .* needs 4,000,000,000,000,000 bytes": (
        {"x": entry(shape=[10**15], place=(0, 8))},
        8,
    ),
}


@pytest.mark.parametrize("message", DAMAGED)
def test_a_damaged_file_is_named_with_the_field(tmp_path, message):
    path = tmp_path / "damaged.safetensors"
    header, size = DAMAGED[message]
    write(path, header, bytes(size))
    with pytest.raises(ValueError, match=rf"damaged\.safetensors: .*{message}"):
        tg.load(path)


@pytest.mark.parametrize("length", [100, 2**40, 2**64 - 1])
def test_a_header_longer_than_the_file_is_not_read(tmp_path, length):
    path = tmp_path / "a.safetensors"
    write(path, {}, b"", length=length)
    with pytest.raises(ValueError, match=f"header length says {length:,} bytes"):
        tg.load(path)


@contextlib.contextmanager
def refusal_that_names(path):
    """Let what is refused be refused, if the message names the file."""
    try:
        yield
    except ValueError as error:
        if str(path) not in str(error):
            raise


@given(data=st.data())
def test_a_file_with_any_byte_changed_loads_or_says_why(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("files") / "a.safetensors"
    tg.save(path, {"x": np.arange(3.0), "y": np.arange(2)}, {"k": "v"})
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= data.draw(st.integers(1, 255))
    else:
        del content[place:]
    path.write_bytes(content)
    with refusal_that_names(path):
        found = tg.load(path)
        assert sum(array.nbytes for array in found.values()) == 40


# --- other formats ---------------------------------------------------------------


class Bomb:
    def __reduce__(self):
        return os._exit, (1,)


def torch_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", pickle.dumps(Bomb()))
    return buffer.getvalue()


def written(write, *arguments, **keywords):
    buffer = io.BytesIO()
    write(buffer, *arguments, **keywords)
    return buffer.getvalue()


OBJECTS = np.array([Bomb()], dtype=object)
PICKLES = {
    "2.pkl": pickle.dumps(Bomb(), 2),
    "4.bin": pickle.dumps(Bomb(), 4),
    "5.safetensors": pickle.dumps(Bomb(), 5),
    "0.pkl": pickle.dumps({"W1": 1.0}, 0),
    "model.pt": torch_zip(),
    "old.pth": b"\x00" * 20,
    "objects.npy": written(np.save, OBJECTS),
    "objects.npz": written(np.savez, a=np.ones(2), b=OBJECTS),
}


@pytest.mark.parametrize("name", PICKLES)
def test_a_pickle_is_refused_with_why_and_how(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(PICKLES[name])
    with pytest.raises(
        ValueError, match=r"is a pickle: .*run any code.*save"
    ) as caught:
        tg.load(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (written(np.save, np.ones(2)), "is a NumPy file; read it with numpy.load"),
        (written(np.savez, np.ones(2)), "is a zip archive, as numpy.savez writes"),
        (b"PK\x03\x04broken", "is a zip archive, and a damaged one"),
        (b"\x93NUMPY\x09\x00", "is a NumPy file"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file; read it with h5py"),
        (b"", "needs 8 bytes or more, got 0: truncated"),
    ],
)
def test_another_format_is_named(tmp_path, content, message):
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        tg.load(path)


@pytest.mark.parametrize("start", [b"\x80\x04", b"PK"])
def test_a_header_whose_length_looks_like_another_format_is_read(tmp_path, start):
    path = tmp_path / "a.safetensors"
    header = json.dumps({"x": entry()}).encode()
    write(path, header.ljust(int.from_bytes(start, "little")), bytes(8))
    assert path.read_bytes()[:2] == start
    assert tg.load(path)["x"].tolist() == [0.0, 0.0]


def test_without_safetensors_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    path = tmp_path / "a.safetensors"
    write(path, {"x": entry()}, bytes(8))
    for call in (lambda: tg.save(path, {}), lambda: tg.load(path)):
        with pytest.raises(ModuleNotFoundError, match=r"pip install .*\[nn\]"):
            call()
