"""What is not used any more goes back to the system, whoever held it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.small_world import output, python

CODE = """
import ctypes, gc, json, os, re, sys, threading, weakref
from capture.memory import few_arenas, give_back

few_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
libc.fopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]

def resident():
    with open("/proc/self/statm") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

filled, read = threading.Barrier(9), threading.Barrier(9)

def work():
    blocks = [libc.malloc(1000) for _ in range(8000)]
    for block in blocks:
        ctypes.memset(block, 1, 1000)
    filled.wait()
    for block in blocks[:-1]:  # the last one keeps what is below it from going back by itself
        libc.free(block)
    read.wait()
    read.wait()

for _ in range(8):
    threading.Thread(target=work, daemon=True).start()
filled.wait()
read.wait()

class Circle:
    def __init__(self):
        self.own = self

circle = Circle()
gone = weakref.ref(circle)
gc.collect()  # in use, so it is old from now on
del circle
gc.collect(1)
held, before = gone() is not None, resident()
give_back()
after = resident()
told = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, told)
libc.fclose(told)
with open(sys.argv[1]) as file:
    arenas = len(re.findall("<heap nr=", file.read()))
print(json.dumps({"held": held, "gone": gone() is None, "given back": before - after, "arenas": arenas}))
"""


def test_circles_and_what_is_free_in_between_go_back_and_threads_share_two_arenas(tmp_path: Path) -> None:
    """64 MB in 8 threads, in glibc's own words; of them as good as all."""
    told = json.loads(output(python(CODE, tmp_path / "arenas")))
    assert (told["held"], told["gone"], told["arenas"]) == (True, True, 2)
    assert told["given back"] > 40
