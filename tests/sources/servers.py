"""Small real servers of video for tests: Motion JPEG over HTTP, and RTSP with RTP/JPEG (RFC 2435)."""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import struct
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

PERIOD_S = 0.02


def scene(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """A picture with detail; the block moves with the number."""
    image = np.full((height, width, 3), 60, np.uint8)
    x = number * 8 % (width - 40)
    cv2.rectangle(image, (x, 30), (x + 40, 90), (40, 200, 240), cv2.FILLED)
    return image


def jpegs(numbers: Iterable[int]) -> Iterator[bytes]:
    for number in numbers:
        yield cv2.imencode(".jpg", scene(number))[1].tobytes()


class MjpegServer:
    """Serves /live (for ever), /stall, /die (10 pictures, then nothing or the end), /freeze, /login."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.freeze = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with contextlib.suppress(OSError):  # the reader may go away
                    owner.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path
        if path == "/silent":
            self.stop.wait()
            return
        if path not in ("/live", "/stall", "/die", "/freeze"):
            handler.send_error(401 if path == "/login" else 404)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
        handler.end_headers()
        for number in itertools.count():
            if path in ("/stall", "/die") and number == 10:
                break
            frozen = path == "/freeze" and self.freeze.is_set()
            jpeg = next(jpegs([3 if frozen else number]))
            handler.wfile.write(b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            handler.wfile.write(jpeg + b"\r\n")
            if self.stop.wait(PERIOD_S):
                return
        if path == "/stall":
            self.stop.wait()

    def close(self) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RtspServer:
    """One Motion JPEG track at /live, sent interleaved in the connection of the requests."""

    def __init__(self, width: int = 160, height: int = 120) -> None:
        self.stop = threading.Event()
        self.die = threading.Event()
        self._size = (width, height)
        owner = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    owner.answer(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.address = f"rtsp://127.0.0.1:{self.port}/live"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def answer(self, handler: socketserver.StreamRequestHandler) -> None:
        while request := handler.rfile.readline().decode():
            headers = {}
            while line := handler.rfile.readline().decode().strip():
                key, _, value = line.partition(":")
                headers[key.lower()] = value.strip()
            verb = request.split()[0]
            more, body = self._reply(verb)
            answer = f"RTSP/1.0 200 OK\r\nCSeq: {headers.get('cseq', '1')}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
            handler.wfile.write(answer.encode() + body.encode())
            if verb == "PLAY":
                self._play(handler.connection)
                return

    def _reply(self, verb: str) -> tuple[str, str]:
        if verb == "OPTIONS":
            return "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""
        if verb == "DESCRIBE":
            sdp = (
                "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                "m=video 0 RTP/AVP 26\r\na=control:track1\r\n"
            )
            return f"Content-Type: application/sdp\r\nContent-Base: {self.address}/\r\n", sdp
        if verb == "SETUP":
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""
        return "Session: 1\r\n", ""

    def _play(self, connection: socket.socket) -> None:
        sequence = 0
        for number, jpeg in enumerate(jpegs(itertools.count())):
            for packet in self._packets(jpeg, number * 90_000 // 50, sequence):
                connection.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
                sequence += 1
            if self.stop.wait(PERIOD_S) or self.die.is_set():
                return

    def _packets(self, jpeg: bytes, stamp: int, sequence: int) -> Iterator[bytes]:
        tables = b"".join(jpeg[at + 5 : at + 69] for at in _segments(jpeg, 0xDB))
        start = next(iter(_segments(jpeg, 0xDA)))
        scan = jpeg[start + 2 + struct.unpack_from(">H", jpeg, start + 2)[0] : -2]
        width, height = self._size
        for offset in range(0, len(scan), 1200):
            part = scan[offset : offset + 1200]
            last = 0x80 if offset + 1200 >= len(scan) else 0
            rtp = struct.pack(">BBHII", 0x80, last | 26, sequence & 0xFFFF, stamp, 7)
            sequence += 1
            header = struct.pack(">IBBBB", offset, 1, 255, width // 8, height // 8)
            quantization = struct.pack(">BBH", 0, 0, len(tables)) + tables if offset == 0 else b""
            yield rtp + header + quantization + part

    def close(self) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _segments(jpeg: bytes, marker: int) -> Iterator[int]:
    """Where the segments with that marker begin, in a JPEG up to its scan."""
    at = 2
    while at < len(jpeg):
        if jpeg[at + 1] == marker:
            yield at
        if jpeg[at + 1] == 0xDA:
            return
        at += 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
