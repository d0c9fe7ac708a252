"""Takes out of a wasm file what the web app never calls but the linker must keep.

Leptos stores two ways to wake up a view in every erased view: `hydrate` and `hydrate_async`. The second one is for islands
and lazily loaded routes, which Assay does not have; as it is stored, no linker can see that nobody calls it. It was a sixth
of the code. Its bodies become a trap here, and wasm-opt removes what only they used.
"""
from __future__ import annotations

from pathlib import Path

IMPORT, CODE, CUSTOM = 2, 10, 0
TRAP = b"\x03\x00\x00\x0b"  # a body of three bytes: no locals, unreachable, end

# How the compiler names what drives the future of an async function, and only that: functions with equal bodies are merged
# under the name of one of them, and what makes such a future, drops it, or stands inside it, may serve `hydrate` too.
FUTURE = "{word}28_$u7b$$u7b$closure$u7d$$u7d$17h"


def trap(file: Path, word: str) -> int:
    """Replaces the bodies of the futures of all async functions called `word`; returns how many bytes that freed."""
    data = file.read_bytes()
    sections = list(_sections(data))
    imported = sum(_imported(data, start) for kind, _, start, _ in sections if kind == IMPORT)
    names = next(_names(data, start, end) for kind, _, start, end in sections if kind == CUSTOM and data[start:start + 5] == b"\x04name")
    out = bytearray(data[:8])
    for kind, head, start, end in sections:
        if kind != CODE:
            out += data[head:end]
            continue
        count, at = _number(data, start)
        bodies = bytearray(_encoded(count))
        for index in range(imported, imported + count):
            size, body = _number(data, at)
            bodies += TRAP if _is_future_of(word, names.get(index, "")) else data[at:body + size]
            at = body + size
        out += bytes([CODE]) + _encoded(len(bodies)) + bodies
    file.write_bytes(out)
    return len(data) - len(out)


def _is_future_of(word: str, name: str) -> bool:
    return FUTURE.format(word=word) in name and not name.startswith("_ZN4core3ptr")


def _sections(data: bytes):
    """(kind, where it begins, where its content begins, where it ends) of each section."""
    at = 8
    while at < len(data):
        size, start = _number(data, at + 1)
        yield data[at], at, start, start + size
        at = start + size


def _imported(data: bytes, at: int) -> int:
    """How many functions are imported: they have the first numbers. wasm-bindgen's input imports nothing but functions."""
    count, at = _number(data, at)
    for _ in range(count):
        for _ in range(2):  # module and name
            size, at = _number(data, at)
            at += size
        if data[at] != 0:
            raise ValueError("imports more than functions")
        _, at = _number(data, at + 1)
    return count


def _names(data: bytes, at: int, end: int) -> dict:
    """The functions' names by number, from the custom section `name`."""
    at += 5
    while at < end:
        kind = data[at]
        size, at = _number(data, at + 1)
        if kind == 1:
            names = {}
            count, at = _number(data, at)
            for _ in range(count):
                index, at = _number(data, at)
                length, at = _number(data, at)
                names[index] = data[at:at + length].decode(errors="replace")
                at += length
            return names
        at += size
    return {}


def _number(data: bytes, at: int) -> tuple:
    """An unsigned LEB128 number, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _encoded(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 127, value >> 7
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)
