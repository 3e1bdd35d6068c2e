"""Brokers that fail when they are told to: the mock cluster inside librdkafka, and one that refuses every password."""

import ctypes
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka
from confluent_kafka import KafkaError

PRODUCE = 0  # numbers of requests in the protocol
INIT_PRODUCER_ID = 22


class MockCluster:
    """One broker of librdkafka's own tests (``rdkafka_mock.h``), which this process serves."""

    def __init__(self) -> None:
        folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
        (library,) = folder.glob("librdkafka-*.so*")
        self._library = ctypes.CDLL(str(library))
        for name, result in (
            ("rd_kafka_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p),
        ):
            getattr(self._library, name).restype = result
        self._handle = ctypes.c_void_p(self._library.rd_kafka_new(0, None, None, 0))
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_mock_cluster_new(self._handle, 1))
        self.address: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def topic(self, name: str) -> None:
        """Make a topic."""
        assert self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), 1, 1) == 0

    def fail(self, request: int, *errors: int) -> None:
        """Answer the next requests of a kind with these errors, one each."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), codes
        )

    def topic_fails(self, name: str, error: int) -> None:
        """Say in metadata that the topic has this error."""
        self._library.rd_kafka_mock_topic_set_error(self._cluster, name.encode(), error)

    def down(self) -> None:
        """Close all connections and take no new ones."""
        self._library.rd_kafka_mock_broker_set_down(self._cluster, 1)

    def up(self) -> None:
        """Take connections again."""
        self._library.rd_kafka_mock_broker_set_up(self._cluster, 1)

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    cluster = MockCluster()
    try:
        yield cluster
    finally:
        cluster.close()


class _Refusing(socketserver.BaseRequestHandler):
    """Speaks as much of the protocol as a client needs to be told that its password is wrong."""

    def handle(self) -> None:
        while len(size := self.request.recv(4)) == 4:  # so few bytes come at once
            content = b""
            while len(content) < struct.unpack(">i", size)[0]:
                content += self.request.recv(65536)
            api, version, number = struct.unpack(">hhi", content[:8])
            self.request.sendall(self._answer(api, version, number))

    def _answer(self, api: int, version: int, number: int) -> bytes:
        if api == 18:  # ApiVersions; in the newest version, the answer is that only the oldest is known
            known = [(3, 0, 1), (17, 0, 1), (18, 0, 0), (36, 0, 0)]
            error = KafkaError.UNSUPPORTED_VERSION if version else 0
            body = struct.pack(">hi", error, len(known)) + b"".join(struct.pack(">hhh", *one) for one in known)
        elif api == 17:  # SaslHandshake
            body = struct.pack(">hi", 0, 1) + struct.pack(">h", 5) + b"PLAIN"
        else:  # SaslAuthenticate; the text quotes what it must not
            text = b"wrong password hunter2"
            body = struct.pack(">hh", KafkaError.SASL_AUTHENTICATION_FAILED, len(text)) + text + struct.pack(">i", 0)
        return struct.pack(">ii", len(body) + 4, number) + body


@contextmanager
def refusing_broker() -> Iterator[str]:
    """The address of a broker for which every password is wrong."""

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
