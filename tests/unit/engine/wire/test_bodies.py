"""Bodies are read no further than their kind may be long, packed or not."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator, Callable, Iterable

import httpx
import pytest

from engine.errors import TooLarge as TooLargeAnswer
from engine.wire.bodies import (
    CHUNK,
    KIB,
    MIB,
    PACKING_BYTES,
    AnswerKind,
    TooLarge,
    salvaged,
    whole,
    within,
)
from engine.wire.exchange import Answer, Exchange
from tests.unit.engine.stand_ins import Observations, environment

pytestmark = pytest.mark.anyio

PIECE = 16 * KIB
TOKEN_MAX = AnswerKind.TOKEN.value.size_max


def raw_deflate(body: bytes) -> bytes:
    """Deflate without the wrapper that its name stands for."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


PACKINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "plain": ("", bytes),
    "identity": ("identity", bytes),
}


class Counted(httpx.AsyncByteStream):
    """A stream that knows how much of it was taken."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.pieces = iter(pieces)
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += len(piece)
            yield piece


def cut(body: bytes, size: int = PIECE) -> Counted:
    """A body as it comes from a socket."""
    return Counted(body[at : at + size] for at in range(0, len(body), size))


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("size", [1, 7, PIECE])
async def test_every_packing_that_is_asked_for_is_unpacked(packing: str, size: int) -> None:
    """However the pieces fall."""
    encoding, packed = PACKINGS[packing]
    body = b"".join(b"%d " % number for number in range(3000))

    assert await whole(cut(packed(body), size), encoding, AnswerKind.DOCUMENT) == body


async def test_an_empty_body_has_no_end_to_miss() -> None:
    """An answer without a body may carry the header all the same."""
    assert await whole(cut(b""), "gzip", AnswerKind.DOCUMENT) == b""


async def test_parts_packed_one_behind_the_other_are_one_body() -> None:
    """As the format of gzip allows; zeros behind it mean nothing."""
    packed = gzip.compress(b"one ") + gzip.compress(b"two") + b"\0" * 9

    assert await whole(cut(packed), "gzip", AnswerKind.DOCUMENT) == b"one two"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_what_nobody_asked_for_is_given_as_it_came(encoding: str) -> None:
    """Its status can be read, and one more layer of packing is never unpacked."""
    packed = gzip.compress(gzip.compress(b"x" * 1000))

    assert await whole(cut(packed), encoding, AnswerKind.DOCUMENT) == packed


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "body", [b"not packed at all", gzip.compress(b"x" * 9000)[:-20]], ids=["plain", "cut"]
)
async def test_what_cannot_be_unpacked_says_so(encoding: str, body: bytes) -> None:
    """Half an answer must not pass for a whole one."""
    with pytest.raises(httpx.DecodingError):
        await whole(cut(body), encoding, AnswerKind.DOCUMENT)


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw deflate"])
async def test_a_bomb_is_cut_as_soon_as_it_is_too_large(packing: str) -> None:
    """Two megabytes would become two gigabytes."""
    encoding, packed = PACKINGS[packing]
    stream = cut(packed(b" " * (64 * MIB)))

    with pytest.raises(TooLarge):
        await whole(stream, encoding, AnswerKind.DOCUMENT)

    assert stream.taken <= PIECE


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw deflate"])
async def test_no_piece_becomes_more_than_a_chunk_before_it_is_counted(packing: str) -> None:
    """Sixteen kilobytes from the socket would be sixteen megabytes before anybody looked."""
    encoding, packed = PACKINGS[packing]
    stream = cut(packed(b" " * (4 * MIB)))

    parts = [len(part) async for part in within(stream, encoding, AnswerKind.DOCUMENT)]

    assert max(parts) <= CHUNK
    assert sum(parts) == 4 * MIB


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
async def test_chunks_without_end_are_cut(encoding: str) -> None:
    """Packed ones as well, if they unpack to nothing at all."""
    start = gzip.compress(b"")[:10] if encoding == "gzip" else b""
    empty_block = b"\x00\x00\x00\xff\xff" * 2000
    stream = Counted(iter([start, *[empty_block] * 100]))

    with pytest.raises(TooLarge, match="65,536 bytes"):
        await whole(stream, encoding, AnswerKind.TOKEN)

    assert stream.taken <= TOKEN_MAX + PACKING_BYTES + len(empty_block)


@pytest.mark.parametrize("row", [b'{"id":1},', b"[],", b"1,", b'"ab",', b"[[[", b"{}"])
async def test_values_are_counted_because_each_costs_far_more_than_its_length(row: bytes) -> None:
    """A million small rows are ten megabytes on the wire and gigabytes in memory."""
    body = b"[" + row * (20 * MIB // len(row))

    with pytest.raises(TooLarge, match="more values"):
        await whole(cut(body), "", AnswerKind.LISTING)


async def test_a_page_of_large_rows_and_a_large_page_of_rows_are_read() -> None:
    """What is asked for has to fit."""
    row = b'{"type":"opportunity","id":1,"attributes":{%s},"relationships":{%s}},' % (
        b",".join(b'"custom%d":"some text, and more"' % number for number in range(150)),
        b",".join(b'"r%d":{"data":null,"links":{}}' % number for number in range(60)),
    )
    body = b'{"data":[' + row * 1000 + b"]}"
    assert await whole(cut(body), "", AnswerKind.LISTING) == body

    text = b"A text with a comma here, and another there. " * (MIB * 3 // 2 // 45)
    body = b'{"data":[' + (b'{"comment":"' + text + b'"},') * 20 + b"]}"
    assert await whole(cut(body), "", AnswerKind.LISTING) == body


async def answered(response: httpx.Response, kind: AnswerKind) -> Answer:
    """One request through an exchange of its own."""
    world = environment(httpx.MockTransport(lambda _: response), Observations())
    async with Exchange("crm", world, timeout_s=5) as exchange:
        return await exchange.send(
            "POST", "https://crm.example/", route="/", operation="create", kind=kind
        )


async def test_a_success_that_is_too_large_leaves_a_write_in_doubt() -> None:
    """It may well have been carried out."""
    response = httpx.Response(201, content=b"x" * (5 * MIB))

    with pytest.raises(TooLargeAnswer, match="too large: more than 4,194,304 bytes") as failed:
        await answered(response, AnswerKind.DOCUMENT)

    assert failed.value.ambiguous
    assert failed.value.status == 201


@pytest.mark.parametrize("status", [302, 404, 503])
async def test_a_refusal_that_is_too_large_is_cut_and_keeps_its_status(status: int) -> None:
    """What it asks for stands in its head."""
    response = httpx.Response(status, headers={"Retry-After": "7"}, content=b"x" * (5 * MIB))

    answer = await answered(response, AnswerKind.TOKEN)

    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    assert len(answer.body) <= MIB


class Broken(httpx.AsyncByteStream):
    """A stream that breaks off."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece
        raise httpx.ReadError("the connection broke")


TOKEN = b'{"refresh_token": "RT1"}'
HALF = gzip.compress(TOKEN + bytes(range(256)) * 40)


@pytest.mark.parametrize(
    ("stream", "encoding"),
    [
        (Broken(TOKEN), ""),
        (Broken(TOKEN[:9], TOKEN[9:]), "br"),
        (cut(TOKEN), "gzip"),
        (cut(HALF[:-20]), "gzip"),
        (Counted(TOKEN if first else b" " * PIECE for first in [True] + [False] * 4096), ""),
    ],
    ids=["breaks off", "of a foreign packing", "not packed", "packed in half", "without end"],
)
async def test_of_a_token_answer_whatever_came_is_kept(
    stream: httpx.AsyncByteStream, encoding: str
) -> None:
    """It works once and exists nowhere else."""
    body = await salvaged(stream, encoding, AnswerKind.TOKEN)

    assert body.startswith(TOKEN)
    assert len(body) <= TOKEN_MAX


async def test_a_token_answer_that_breaks_off_is_an_answer() -> None:
    """Who reads it sees what it holds."""
    answer = await answered(httpx.Response(200, stream=Broken(TOKEN)), AnswerKind.TOKEN)

    assert (answer.status, answer.body) == (200, TOKEN)


async def test_a_token_answer_of_which_nothing_came_is_a_broken_connection() -> None:
    """And is told as one."""
    with pytest.raises(httpx.ReadError):
        await salvaged(Broken(), "", AnswerKind.TOKEN)
