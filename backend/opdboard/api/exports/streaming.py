"""What a thread writes, as an asynchronous stream of blocks that waits for its reader."""

import asyncio
import io
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import IO, Any

from anyio import BrokenResourceError, create_memory_object_stream, from_thread, to_thread
from anyio.abc import ObjectSendStream
from typing_extensions import override

BLOCK_BYTES = 16 * 1024
BLOCKS_WAITING = 4


async def streamed(write: Callable[[IO[bytes]], None]) -> AsyncGenerator[bytes]:
    """The blocks that write(stream) writes in a thread of its own; it ends when nobody reads any more."""
    sending, receiving = create_memory_object_stream[bytes](BLOCKS_WAITING)

    def made() -> None:
        with suppress(BrokenResourceError), io.BufferedWriter(_Blocks(sending), BLOCK_BYTES) as stream:
            write(stream)

    async def run() -> None:
        async with sending:
            await to_thread.run_sync(made)

    writing = asyncio.create_task(run())
    try:
        async with receiving:
            async for block in receiving:
                yield block
    finally:
        await writing  # its failure is the stream's


class _Blocks(io.RawIOBase):
    def __init__(self, sending: ObjectSendStream[bytes]) -> None:
        self._sending = sending

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, block: Any, /) -> int:
        from_thread.run(self._sending.send, bytes(block))
        return len(block)
