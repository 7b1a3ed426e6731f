"""What is freed is kept for the next step, where glibc can be told so."""

import os
import platform
import subprocess
import sys

import pytest

STEPS = """
import resource, numpy as np, tinygrad_jp

def step():
    arrays = [np.ones(375_000) for _ in range(10)]  # 3 MB each, below huge pages

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(**variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", STEPS],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_pages_that_were_freed_are_used_again():
    kept = faults(TINYGRAD_JP_KEEP_MEMORY="")
    given_back = faults(TINYGRAD_JP_KEEP_MEMORY="0")
    assert kept < 500
    assert given_back > 100 + 5 * kept


def test_a_process_with_little_room_is_left_alone():
    code = (
        "import numpy, resource\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "room = pages * resource.getpagesize() + (24 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (room, room))\n"
        "import tinygrad_jp as tg; print(tg.Tensor([1.0]).item())"
    )
    if sys.platform != "linux":
        pytest.skip("limits as Linux has them")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1.0"
