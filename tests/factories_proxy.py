"""A door before a server on this machine that can be shut: then connections end, and new ones are refused."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Door:
    """Passes on what comes to its port; a context manager."""

    def __init__(self, to: int) -> None:
        self._to, self.port = to, 0
        self._lock, self._open = threading.Lock(), set[socket.socket]()
        self._threads: list[threading.Thread] = []
        self._listening: socket.socket | None = None
        self.unlock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shut()

    def unlock(self) -> None:
        """Take connections, unless it does."""
        if self._listening is not None:
            return
        self._listening = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def shut(self) -> None:
        """End all connections and refuse new ones."""
        with self._lock:
            listening, self._listening = self._listening, None
            threads, self._threads = self._threads, []
            for one in [*([listening] if listening else []), *self._open]:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        if listening is not None:
            listening.close()
        for thread in threads:
            thread.join()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:  # it was shut
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:  # nobody listens there yet
                client.close()
                continue
            with self._lock:
                if self._listening is not listening:
                    client.close()
                    server.close()
                    return
                self._open |= {client, server}
                for one, other in ((client, server), (server, client)):
                    self._threads.append(threading.Thread(target=self._pass, args=(one, other), daemon=True))
                    self._threads[-1].start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        """Pass on what comes from one end until either has ended; each end is closed by who reads from it."""
        with suppress(OSError):
            while content := one.recv(1 << 16):
                other.sendall(content)
        with self._lock:
            for end in (one, other):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.discard(one)
        one.close()
