"""msgpack: what the messages on the bus are made of. Maps of text, numbers, booleans and lists."""
import struct

# First byte: how many bytes of length or number follow it, and how struct reads them.
TEXTS = {0xd9: ">B", 0xda: ">H", 0xdb: ">I"}
LISTS = {0xdc: ">H", 0xdd: ">I"}
MAPS = {0xde: ">H", 0xdf: ">I"}
NUMBERS = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q",
           0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
CONSTANTS = {0xc0: None, 0xc2: False, 0xc3: True}


def pack(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b"\xd3" + struct.pack(">q", value)
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + struct.pack(">I", len(text)) + text
    if isinstance(value, dict):
        inner = b"".join(pack(key) + pack(entry) for key, entry in value.items())
        return b"\xdf" + struct.pack(">I", len(value)) + inner
    raise TypeError(f"{type(value)} is not packed here")


def unpack(data):
    value, end = _unpack(data, 0)
    if end != len(data):
        raise ValueError("bytes follow the message")
    return value


def _number(data, at, form):
    return struct.unpack_from(form, data, at)[0], at + struct.calcsize(form)


def _unpack(data, at):
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    if first >= 0xe0:
        return first - 0x100, at
    if first in CONSTANTS:
        return CONSTANTS[first], at
    if first in NUMBERS:
        return _number(data, at, NUMBERS[first])
    if first < 0x90:
        return _map(data, at, first & 0x0f)
    if first < 0xa0:
        return _list(data, at, first & 0x0f)
    if first < 0xc0:
        return _text(data, at, first & 0x1f)
    for forms, read in ((TEXTS, _text), (LISTS, _list), (MAPS, _map)):
        if first in forms:
            length, at = _number(data, at, forms[first])
            return read(data, at, length)
    raise ValueError(f"byte {first:#x} is not used here")


def _text(data, at, length):
    return data[at:at + length].decode(), at + length


def _list(data, at, length):
    entries = []
    for _ in range(length):
        entry, at = _unpack(data, at)
        entries.append(entry)
    return entries, at


def _map(data, at, length):
    members = {}
    for _ in range(length):
        key, at = _unpack(data, at)
        members[key], at = _unpack(data, at)
    return members, at
