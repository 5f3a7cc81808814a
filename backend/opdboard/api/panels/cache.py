"""Recently sent panel answers, so that a hundred browsers on one live run cost one drawing per step."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock


class ResponseCache:
    """Bytes by key, least recently used dropped beyond a total size; safe between threads."""

    def __init__(self, capacity_bytes: int = 64 * 2**20) -> None:
        """capacity_bytes: how much is kept at most; a larger answer is not kept at all."""
        self._capacity = capacity_bytes
        self._size = 0
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The bytes under the key, made now when missing; two threads may make the same bytes at the same time."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._size += len(made) - len(self._kept.pop(key, b""))
            self._kept[key] = made
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
        return made
