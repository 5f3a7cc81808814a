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
        self._making: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The bytes under the key, made now when missing, by one thread while the others that want them wait."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            making = self._making.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    return self._kept[key]
            try:
                made = make()
                self._keep(key, made)
                return made
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _keep(self, key: Hashable, made: bytes) -> None:
        with self._lock:
            self._size += len(made) - len(self._kept.pop(key, b""))
            self._kept[key] = made
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped)
