"""Bodies of answers: read piece by piece, and never further than their kind may be long.

What a server sends decides neither how much memory a body takes here nor how long it goes on:
bytes are counted as they come and again as they are unpacked, and the values a JSON text may hold
are counted by the characters that begin and part them, since each costs many times its length.
Unpacking never makes more at once than CHUNK bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass
from enum import Enum

import httpx

KIB = 1024
MIB = 1024 * KIB
# Bytes unpacked in one go.
CHUNK = 256 * KIB
# A header and a checksum may make a short body longer when it is packed.
PACKING_BYTES = 64 * KIB

# Header that detection of gzip and of deflate with its wrapper adds to a window of full size.
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Bound:
    """How large the body of one kind of answer may be.

    Args:
        size_max: bytes, both on the wire and unpacked.
        opened_max: objects and arrays in the text, `{` and `[`.
        parted_max: further values in them, each behind a comma.
    """

    size_max: int
    opened_max: int
    parted_max: int


class AnswerKind(Enum):
    """What an answer is, and with that how large it may be."""

    # A token answer has six members.
    TOKEN = Bound(64 * KIB, 1000, 5000)
    # One record with every column it can have, some of them long texts; or how a hundred writes
    # ended.
    DOCUMENT = Bound(4 * MIB, 100_000, 500_000)
    # A page of a listing: a thousand records of ordinary size. Pages of larger ones are asked for
    # again at half the size, so that a single row may fill one.
    LISTING = Bound(32 * MIB, 150_000, 2_000_000)
    # What explains a refusal; what is longer explains nothing more.
    REFUSAL = Bound(1 * MIB, 25_000, 200_000)


class TooLarge(Exception):
    """A body went on past its bound; the text says which."""


async def whole(stream: AsyncIterable[bytes], encoding: str, kind: AnswerKind) -> bytes:
    """The unpacked body.

    One in an encoding that nobody asked for is given as it came: it cannot be read, but the status
    of its answer can.

    Raises:
        TooLarge: it is longer than the bound, packed or unpacked, or holds more values.
        httpx.DecodingError: it cannot be unpacked, or ends early.
    """
    parts: list[bytes] = []
    async for part in within(stream, encoding, kind):
        parts.append(part)
    return b"".join(parts)


async def beginning(stream: AsyncIterable[bytes], encoding: str, kind: AnswerKind) -> bytes:
    """As much of the unpacked body as the bound allows.

    Raises:
        httpx.DecodingError: as `whole`.
    """
    parts: list[bytes] = []
    try:
        async for part in within(stream, encoding, kind):
            parts.append(part)
    except TooLarge:
        pass
    return b"".join(parts)


async def salvaged(stream: AsyncIterable[bytes], encoding: str, kind: AnswerKind) -> bytes:
    """Whatever came of the body and can be unpacked; as it came where nothing can.

    For an answer of which even a part must not be lost.

    Raises:
        httpx.HTTPError: nothing came.
    """
    arrived = bytearray()
    try:
        async for piece in stream:
            arrived += piece
            if len(arrived) > kind.value.size_max:
                break
    except httpx.HTTPError:
        if not arrived:
            raise
    body = bytes(arrived[: kind.value.size_max])
    return await _unpacked_as_far(body, encoding, kind) or body


async def _unpacked_as_far(body: bytes, encoding: str, kind: AnswerKind) -> bytes:
    parts: list[bytes] = []
    try:
        async for part in within(_at_once(body), encoding, kind):
            parts.append(part)
    except (TooLarge, httpx.DecodingError):
        pass
    return b"".join(parts)


async def _at_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def within(
    stream: AsyncIterable[bytes], encoding: str, kind: AnswerKind
) -> AsyncIterable[bytes]:
    """The unpacked body in pieces.

    Raises:
        TooLarge, httpx.DecodingError: as `whole`.
    """
    unpacker = _unpacker(encoding)
    bound = kind.value
    meter = _Meter(bound)
    arrived = 0
    async for piece in stream:
        arrived += len(piece)
        if arrived > bound.size_max + PACKING_BYTES:
            raise TooLarge(f"more than {bound.size_max:,} bytes")
        for part in (piece,) if unpacker is None else unpacker.unpacked(piece):
            meter.count(part)
            yield part
    if unpacker is not None:
        unpacker.close()


@dataclass(slots=True)
class _Meter:
    """Counts what has been unpacked."""

    bound: Bound
    size: int = 0
    opened: int = 0
    parted: int = 0

    def count(self, part: bytes) -> None:
        """Count one more piece.

        Raises:
            TooLarge: it goes past the bound.
        """
        self.size += len(part)
        self.opened += part.count(b"{") + part.count(b"[")
        self.parted += part.count(b",")
        if self.size > self.bound.size_max:
            raise TooLarge(f"more than {self.bound.size_max:,} bytes")
        if self.opened > self.bound.opened_max or self.parted > self.bound.parted_max:
            raise TooLarge("more values than any answer of this kind has")


class _Unpacker:
    """gzip, and deflate with its wrapper or, as some send it, without; a piece at a time."""

    def __init__(self) -> None:
        self._inflating = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._head = b""
        self._began = False
        self._ended = False

    def unpacked(self, piece: bytes) -> Iterator[bytes]:
        """What the piece unpacks to, at most CHUNK bytes at a time.

        Raises:
            httpx.DecodingError: it cannot be unpacked.
        """
        if not self._began:
            # Two bytes tell how it is packed.
            piece = self._head = self._head + piece
            if len(piece) < 2:
                return
        while piece:
            if self._ended:
                # Several packed parts may follow each other; what else follows is of no use.
                if not piece.startswith(_GZIP_MAGIC):
                    return
                self._inflating, self._ended = zlib.decompressobj(_GZIP_OR_ZLIB), False
            yield from self._inflated(piece)
            self._ended = self._inflating.eof
            piece = self._inflating.unused_data if self._ended else b""

    def close(self) -> None:
        """The body has ended.

        Raises:
            httpx.DecodingError: in the middle of what was packed.
        """
        if self._head and not self._ended:
            raise httpx.DecodingError("the packed answer ends early")

    def _inflated(self, piece: bytes) -> Iterator[bytes]:
        while True:
            part = self._some(piece)
            self._began = True
            if part:
                yield part
            piece = self._inflating.unconsumed_tail
            if self._inflating.eof or (not piece and len(part) < CHUNK):
                return

    def _some(self, piece: bytes) -> bytes:
        try:
            return self._inflating.decompress(piece, CHUNK)
        except zlib.error as error:
            if self._began:
                raise httpx.DecodingError(f"the answer cannot be unpacked: {error}") from error
        self._inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            return self._inflating.decompress(piece, CHUNK)
        except zlib.error as error:
            raise httpx.DecodingError(f"the answer cannot be unpacked: {error}") from error


def _unpacker(encoding: str) -> _Unpacker | None:
    named = encoding.strip().lower()
    return _Unpacker() if named in {"gzip", "x-gzip", "deflate"} else None
