"""WebSocket frames (RFC 6455) on asyncio streams: what origin.py and ws_client.py share."""
import base64
import hashlib
import os
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GOING_AWAY, NORMAL = 1001, 1000
MAX_PAYLOAD_BYTES = 16 << 20


class Broken(Exception):
    """The other side does not speak the protocol."""


def accept_key(key):
    """What a server answers to Sec-WebSocket-Key."""
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return base64.b64encode(digest).decode()


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


def _masked(payload, key):
    if not payload:
        return payload
    repeated = (key * (len(payload) // 4 + 1))[:len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return mixed.to_bytes(len(payload), "big")


def frame(opcode, payload=b"", masked=False):
    """One whole frame; a client's are masked."""
    head = bytes([0x80 | opcode])
    bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([bit | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + _masked(payload, key)


def close_frame(code, masked=False):
    return frame(CLOSE, struct.pack("!H", code), masked)


async def read_frame(reader):
    """(final, opcode, payload) of the next frame."""
    first, second = await reader.readexactly(2)
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        size, = struct.unpack("!Q", await reader.readexactly(8))
    if size > MAX_PAYLOAD_BYTES:
        raise Broken(f"a frame of {size} bytes")
    key = await reader.readexactly(4) if second & 0x80 else None
    payload = await reader.readexactly(size)
    return bool(first & 0x80), first & 0x0f, _masked(payload, key) if key else payload


async def read_message(reader, writer, masked=False):
    """(opcode, payload) of the next text, binary or close; pings are answered."""
    whole, parts = None, b""
    while True:
        final, opcode, payload = await read_frame(reader)
        if opcode == PING:
            writer.write(frame(PONG, payload, masked))
            await writer.drain()
        elif opcode == CLOSE:
            return CLOSE, payload
        elif opcode != PONG:
            whole = opcode if opcode != CONTINUATION else whole
            parts += payload
            if final:
                return whole, parts
