"""Tries features one by one and tells how each went, a line each: the feature, yes, no or absent, and why.

A script of a client registers a function for each feature that the client has, and says of the others why it has not.
The first argument is where the broker is; further ones name the only features to be tried.
"""

import asyncio
import inspect
import re
import sys
import time
import traceback

BOOTSTRAP = sys.argv[1]
ONLY = sys.argv[2:]
COMPRESSIONS = ["none", "gzip", "snappy", "lz4", "zstd"]
_RUN = f"{time.time_ns():x}"
_features = []


def feature(name, *args):
    """Registers a function: what it returns is a remark, and what it raises says that the feature does not work."""

    def register(function):
        _features.append((name, function, args))
        return function

    return register


def absent(name, why):
    _features.append((name, None, (why,)))


def topic(client, name):
    """A name for a topic that nobody else has, nor an earlier run had."""
    return f"{client}.{re.sub('[^a-z0-9]+', '-', name)}.{_RUN}"


def expect(found, wanted):
    if found != wanted:
        raise AssertionError(f"{short(found)} instead of {short(wanted)}")


def short(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:300]}..."


def until(check, seconds=20):
    """Asks until the answer is true."""
    end = time.monotonic() + seconds
    while not (answer := check()):
        if time.monotonic() > end:
            raise AssertionError(f"waited for {seconds} s in vain")
        time.sleep(0.02)
    return answer


def values(count, size=20):
    """Values that compress, all different."""
    return [f"{number:06d}".encode() + b"x" * size for number in range(count)]


def _tell(name, outcome, remark):
    print("\t".join([name, outcome, " ".join(str(remark).split())]), flush=True)


def run():
    unknown = set(ONLY) - {name for name, _, _ in _features}
    if unknown:
        sys.exit(f"no such features: {unknown}")
    for name, function, args in _features:
        if ONLY and name not in ONLY:
            continue
        if function is None:
            _tell(name, "absent", args[0])
            continue
        start = time.monotonic()
        try:
            remark = function(*args)
            if inspect.isawaitable(remark):
                remark = asyncio.run(remark)
            _tell(name, "yes", remark or "")
        except Exception as error:
            traceback.print_exc()
            _tell(name, "no", f"{type(error).__name__}: {error}")
        print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
