"""Takes out of a wasm file what the web app never calls but the linker must keep.

Leptos stores two ways to wake up a view in every erased view: `hydrate` and `hydrate_async`. The second one is for islands
and lazily loaded routes, which Assay does not have; as it is stored, no linker can see that nobody calls it. It was a sixth
of the code. Its bodies become traps of the same length here, and what only they used is left out when the file is split.
"""
from __future__ import annotations

import re
from pathlib import Path

IMPORT, CODE, CUSTOM = 2, 10, 0
NO_LOCALS, UNREACHABLE, NOP, END = b"\x00", b"\x00", b"\x01", b"\x0b"
# The relocations whose entry ends with an addend (tool-conventions, Linking.md: those of memory addresses and of offsets).
WITH_ADDEND = {3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23, 25}

# How the compiler names what drives the future of an async function, and only that: functions with equal bodies are merged
# under the name of one of them, and what makes such a future, drops it, or stands inside it, may serve `hydrate` too.
FUTURE = "{word}28_$u7b$$u7b$closure$u7d$$u7d$17h"

# Files of other crates, as a panic tells them: in a folder of the machine that compiled them.
FOREIGN = re.compile(rb"/[\w./+-]*?/registry/src/[\w.-]+/[\w.+-]+(?:/[\w.-]+)*?\.rs")


def anonymous(file: Path) -> None:
    """Blanks the names of other crates' files: nobody who uses the app reads them, and everybody would load them."""
    file.write_bytes(FOREIGN.sub(lambda found: b"?" * len(found[0]), file.read_bytes()))


def trap(file: Path, word: str) -> int:
    """Replaces the bodies of the futures of all async functions called `word`; returns how many bytes they had.

    The file must hold relocations (`--emit-relocs`): those inside the bodies go too.
    """
    data = bytearray(file.read_bytes())
    sections = list(_sections(data))
    imported = sum(_imported(data, start) for kind, _, start, _ in sections if kind == IMPORT)
    custom = {_name(data, start): (head, start, end) for kind, head, start, end in sections if kind == CUSTOM}
    names = _names(data, *custom["name"][1:])
    code = next(start for kind, _, start, _ in sections if kind == CODE)
    count, at = _number(data, code)
    trapped = []
    for index in range(imported, imported + count):
        size, body = _number(data, at)
        at = body + size
        if _is_future_of(word, names.get(index, "")):
            data[body:at] = NO_LOCALS + UNREACHABLE + NOP * (size - 3) + END
            trapped.append((body - code, at - code))
    head, start, end = custom["reloc.CODE"]
    kept = _relocations(data, start, end, trapped)
    data[head:end] = bytes([CUSTOM]) + _encoded(len(kept)) + kept
    file.write_bytes(data)
    return sum(end - start for start, end in trapped)


def _relocations(data: bytes, start: int, end: int, without: list) -> bytes:
    """The content of the section `reloc.CODE` without the entries inside some ranges of the code section."""
    size, at = _number(data, start)
    _, at = _number(data, at + size)
    head = data[start:at]
    count, at = _number(data, at)
    entries = []
    ranges = iter([*without, (end, end)])
    low, high = next(ranges)
    for _ in range(count):
        entry = at
        offset, at = _number(data, at + 1)
        _, at = _number(data, at)
        if data[entry] in WITH_ADDEND:
            _, at = _number(data, at)
        while offset >= high:
            low, high = next(ranges)
        if offset < low:
            entries.append(data[entry:at])
    return bytes(head) + _encoded(len(entries)) + b"".join(entries)


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


def _name(data: bytes, at: int) -> str:
    """What a custom section is called."""
    size, at = _number(data, at)
    return data[at:at + size].decode()


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
