"""Damage: to the bytes of a file, to the values in it, and to what lies in a folder."""

import csv
import gzip
import io
import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Texts in the place of values. Numbers that are large, but could be meant, are left out: their runs would only be long.
WORDS = (
    *(
        "",
        " ",
        "none",
        "None",
        "true",
        "nan",
        "-nan",
        "inf",
        "-inf",
        "1e999",
        "-1",
        "0",
        "-0",
        "1",
        "2",
        "3",
        "7",
        "0.5",
    ),
    *("1e-300", "1e300", "2147483648", "-9223372036854775809", "1" * 400, "1" * 5000, "0x10", "1_0", "٣", "½", "٣.٥"),
    *(
        "../../outside",
        "/",
        "~",
        "~nobody",
        "a\nb",
        "a\tb",
        "%s%n",
        "{0}",
        "$(touch ran)",
        "`touch ran`",
        "'; touch ran;",
    ),
    *(
        "\u202e",
        "é",
        "\ud83d\ude00",
        "\udcff",
        "x" * 300,
        "x" * 70_000,
        "-",
        "--",
        "=",
        ",",
        ",,",
        "1,",
        "1,2,3",
        "[1]",
        "{}",
    ),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        1.5,
        1e308,
        -1e308,
        2**63,
        10**30,
        float("nan"),
        float("inf"),
        "",
        "x",
        "x" * 70_000,
    ),
    *("\u0000", "\ud800", "../../outside", [], {}, [[]], [None], {"": None}, [1, "x"], {"steps": 1}, {"runs": []}),
)
DEEP = 20_000


# Bytes ---------------------------------------------------------------------------------------------------------------


def truncated(content: bytes, chance: random.Random) -> bytes:
    """The beginning of a file."""
    return content[: chance.randrange(len(content) + 1)]


def flipped(content: bytes, chance: random.Random) -> bytes:
    """A file with some bits flipped, most of them near each other or in its head."""
    damaged = bytearray(content)
    within = chance.choice([16, 64, 512, len(content)])
    start = chance.choice([0, chance.randrange(len(content) + 1)])
    for _ in range(chance.choice([1, 2, 8, 64])):
        place = start + chance.randrange(within or 1)
        if place < len(damaged):
            damaged[place] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def overwritten(content: bytes, chance: random.Random) -> bytes:
    """A file with a block of zeros, ones, or random bytes."""
    start = chance.randrange(len(content) + 1)
    size = min(chance.choice([1, 4, 8, 512, 65536]), len(content) - start)
    block = chance.choice([bytes(size), b"\xff" * size, chance.randbytes(size)])
    return content[:start] + block + content[start + size :]


def rearranged(content: bytes, chance: random.Random) -> bytes:
    """A file with a block taken out, or written twice, or with more at its end."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return chance.choice(
        [content[:start] + content[end:], content[:end] + content[start:], content + chance.randbytes(100), content * 2]
    )


def replaced(content: bytes, chance: random.Random) -> bytes:
    """Another file altogether."""
    deep = b"[" * DEEP
    packed = gzip.compress(bytes(1000), mtime=0)
    return chance.choice(
        [b"", b"\0", b"{", b"null", b"[]", b"{}", b"\n", b"no such thing", b"\xff\xfe", bytes(4096), deep, packed, PNG]
    )


# A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
OF_BYTES: Sequence[Callable[[bytes, random.Random], bytes]] = (truncated, flipped, overwritten, rearranged, replaced)


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A file's content with damage of one kind, sometimes two."""
    for _ in range(chance.choice([1, 1, 1, 2])):
        content = chance.choice(OF_BYTES)(content, chance)
    return content


def damaged_inside(content: bytes, chance: random.Random) -> bytes:
    """A gzipped file whose content is damaged, not its packing."""
    return gzip.compress(damaged(gzip.decompress(content), chance), mtime=0)


# Values --------------------------------------------------------------------------------------------------------------


def with_other_values(value: Any, chance: random.Random) -> Any:
    """A JSON value with some of the values in it, at any depth, replaced, removed, renamed or repeated."""
    value = json.loads(json.dumps(value))
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        places = list(_places(value))
        if not places:
            return chance.choice(VALUES)
        # Few values lie near the root, and most of what is read lies there.
        depth = chance.choice(sorted({len(place) for place in places}))
        *way, last = chance.choice([place for place in places if len(place) == depth])
        parent = value
        for step in way:
            parent = parent[step]
        match chance.randrange(5):
            case 0:
                del parent[last]
            case 1 if isinstance(parent, dict):
                parent[chance.choice(["", "steps", "x", f"{last}s"])] = parent.pop(last)
            case 2 if isinstance(parent, list):
                parent.append(parent[last])
            case _:
                parent[last] = chance.choice(VALUES)
    return value


def _places(value: Any, way: tuple = ()) -> Any:
    steps = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield (*way, step)
        yield from _places(value[step], (*way, step))


def damaged_json(content: bytes, chance: random.Random) -> bytes:
    """A JSON file with other values, or damaged as any file."""
    if chance.random() < 0.2:
        return damaged(content, chance)
    text = json.dumps(with_other_values(json.loads(content), chance))
    return text.encode(errors="surrogatepass")


def damaged_table(content: bytes, chance: random.Random) -> bytes:
    """A CSV file with other cells or rows, or damaged as any file."""
    if chance.random() < 0.2:
        return damaged(content, chance)
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(chance.choice([1, 1, 2, 4])):
        row = chance.randrange(len(rows))
        match chance.randrange(6):
            case 0:
                del rows[row]
            case 1:
                rows.insert(row, list(rows[chance.randrange(len(rows))]))
            case 2 if rows[row]:
                del rows[row][chance.randrange(len(rows[row]))]
            case 3:
                chance.shuffle(rows)
            case _ if rows[row]:
                rows[row][chance.randrange(len(rows[row]))] = chance.choice(WORDS)
        if not rows:
            return b""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(errors="surrogatepass")


# Folders -------------------------------------------------------------------------------------------------------------


def displace(path: Path, outside: Path, chance: random.Random) -> None:
    """Puts something in the place of a file or folder that is not one, or nothing, or a link to it elsewhere."""
    was_folder = path.is_dir()
    shutil.move(path, outside / path.name)
    match chance.randrange(7):
        case 0 | 1:
            path.symlink_to(outside / path.name)
        case 2:
            path.symlink_to(path.name)  # in a circle
        case 3:
            path.symlink_to(outside / "nothing")
        case 4:
            os.mkfifo(path)
        case 5 if was_folder:
            path.write_bytes(PNG)
        case 5:
            path.mkdir()
        case _:
            pass
