"""The profilers and allocators that programs are run under, and which of them are here."""
import re
import shutil
from dataclasses import dataclass, field

from harness import command_output


@dataclass
class Tool:
    name: str
    prefix: list = field(default_factory=list)  # {out}: the folder for what it writes
    environment: list = field(default_factory=list)
    slowness: float = 1  # so many times fewer pairs are enough
    ours: bool = False
    missing: str = ""  # why it cannot be measured here
    rare: bool = False  # whole programs only with --full

    def wrap(self, command, out):
        place = lambda part: str(part).replace("{out}", str(out))
        return [*map(place, self.environment), *map(place, self.prefix), *command]


PLAIN = Tool("plain")
PACKAGES = ["heaptrack", "libgoogle-perftools4", "libjemalloc2", "libmimalloc2.0",
            "libtcmalloc-minimal4", "liblsan0", "valgrind"]


def heapscribe_tools(build):
    command = f"{build}/bin/heapscribe"
    described = command_output(command, "run", "--help")
    modes = re.search(r"--mode TEXT:\{([^}]*)\}", described)
    modes = modes.group(1).split(",") if modes else ["full", "counts"]

    def tool(name, *options, symbols=False, missing=""):
        quiet = ["--quiet"] if symbols else ["--quiet", "--no-symbols"]
        return Tool(name, [command, "run", *quiet, "-o", "{out}/recording.db", *options, "--"],
                    ours=True, missing=missing)

    def if_known(known):
        return "" if known else "this heapscribe does not have it yet"

    return {
        "full": tool("heapscribe full"),
        "symbols": tool("full, symbols", symbols=True),
        "counts": tool("heapscribe counts", "--mode", "counts"),
        "sample": tool("heapscribe sample", "--mode", "sample", missing=if_known("sample" in modes)),
        "trace": tool("heapscribe trace", "--trace", missing=if_known("--trace" in described)),
        "pool": tool("full on the pool", "--allocator", "pool",
                     missing=if_known("--allocator" in described)),
    }


def bare_preload(build):
    return Tool("bare LD_PRELOAD", [], [f"LD_PRELOAD={build}/lib/libheapscribe.so",
                                        "HEAPSCRIBE_OUTPUT={out}/recording.db"], ours=True)


def library(soname):
    for line in command_output("/sbin/ldconfig", "-p").splitlines():
        if line.split()[:1] == [soname]:
            return line.split()[-1]
    return None


def preload(name, soname, *settings, **more):
    path = library(soname)
    return Tool(name, [], [f"LD_PRELOAD={path}", *settings],
                missing="" if path else f"{soname} is not installed", **more)


def program(name, executable, *arguments, **more):
    found = shutil.which(executable) is not None
    return Tool(name, [executable, *arguments],
                missing="" if found else f"{executable} is not installed", **more)


def peers():
    return [
        program("heaptrack -r", "heaptrack", "-r", "-o", "{out}/heaptrack", slowness=4),
        preload("jemalloc, 512 KiB", "libjemalloc.so.2",
                "MALLOC_CONF=prof:true,lg_prof_sample:19,prof_final:true,prof_prefix:{out}/je"),
        preload("jemalloc, all", "libjemalloc.so.2",
                "MALLOC_CONF=prof:true,lg_prof_sample:0,prof_final:true,prof_prefix:{out}/je",
                slowness=20, rare=True),
        preload("gperftools", "libtcmalloc.so.4", "HEAPPROFILE={out}/gperftools", slowness=60,
                rare=True),
        preload("LeakSanitizer", "liblsan.so.0", "LSAN_OPTIONS=exitcode=0:detect_leaks=0", rare=True),
        preload("mimalloc alone", "libmimalloc.so.2"),
        preload("jemalloc alone", "libjemalloc.so.2"),
        preload("tcmalloc alone", "libtcmalloc_minimal.so.4"),
        program("massif", "valgrind", "-q", "--tool=massif", "--massif-out-file={out}/massif",
                slowness=20, rare=True),
        program("memcheck", "valgrind", "-q", "--log-file={out}/memcheck", slowness=20, rare=True),
        program("dhat", "valgrind", "-q", "--tool=dhat", "--dhat-out-file={out}/dhat", slowness=20,
                rare=True),
    ]


def present(bench, tools):
    """Those that are here; of the others a word is said, once."""
    here = []
    for tool in tools:
        if not tool.missing:
            here.append(tool)
        elif (text := f"{tool.name}: skipped, {tool.missing}") not in bench.notes:
            bench.note(text)
    return here
