"""A value that is read from a store once and kept until the store changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from dnc.store.store import Store

T = TypeVar("T")


class Current(Generic[T]):
    """A value made from a store, and made again after each change of the store. For one thread.

    Args:
        store: the store.
        make: makes the value. drop: closes a value that is out of date.
    """

    def __init__(self, store: Store, make: Callable[[], T], drop: Callable[[T], object] = lambda _: None) -> None:
        self._store, self._make, self._drop = store, make, drop
        self._made: tuple[object, T] | None = None

    def get(self) -> T:
        """The value for the present state of the store. Raises whatever `make` raises."""
        # Read before the value is made, so that a change meanwhile makes it anew the next time.
        state = self._store.ledger.state
        if self._made and self._made[0] == state:
            return self._made[1]
        self.close()
        value = self._make()
        self._made = state, value
        return value

    def close(self) -> None:
        """Close the value."""
        if self._made:
            self._drop(self._made[1])
            self._made = None
