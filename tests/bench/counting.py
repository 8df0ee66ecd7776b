"""What the checks share: the micro program in each mode, differences between two lengths, skipping."""
import os
import shutil
import sys

from tools import heapscribe_tools

FEW, MANY = 10_000, 110_000  # pairs; what the difference costs is the pairs' alone
SKIP = 77

SETTINGS = {"counts": {"HEAPSCRIBE_MODE": "counts"}, "full": {"HEAPSCRIBE_MODE": "full"},
            "sample": {"HEAPSCRIBE_MODE": "sample"}, "trace": {"HEAPSCRIBE_TRACE": "drop"},
            "pool": {"HEAPSCRIBE_ALLOCATOR": "pool"}}


def modes(build):
    """Those that this heapscribe has: {name: variables of the library}."""
    known = heapscribe_tools(build)
    return {mode: of for mode, of in SETTINGS.items() if not known[mode].missing}


def environment(settings, folder):
    return {**os.environ, **settings, "HEAPSCRIBE_OUTPUT": f"{folder}/recording.db",
            # The C library asks the kernel for memory once, not now and then.
            "GLIBC_TUNABLES": "glibc.malloc.top_pad=67108864"}


def skip(reason):
    """Not where everything is installed: there it is a failure."""
    print(f"skipped: {reason}")
    sys.exit(1 if os.environ.get("CI") else SKIP)


def need(program):
    if shutil.which(program) is None:
        skip(f"{program} is not installed")
