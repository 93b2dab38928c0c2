#!/usr/bin/env python3
"""A loopback stand-in for the part of Cloudflare's API that `wrangler deploy` talks to.

Receives: wrangler's requests, on 127.0.0.1 alone. Hands on: one JSON line {"port": N} on stdout once it listens, and
below --out: metadata.json and parts/<module name> of the last upload taken, parts.jsonl (its parts in their order) and
requests.jsonl (every request so far). Refuses an upload over 64 MiB with code 10027, as the real one does.
Never checks credentials, and never sends anything anywhere.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

LIMIT = 64 * 1024 * 1024
# What wrangler lists, by the last segment of the path; all of it is empty here.
LISTS = {
    "buckets", "consumers", "database", "domains", "memberships", "namespaces", "queues", "routes", "schedules",
    "secrets", "workflows",
}  # fmt: skip
# One answer with whatever wrangler looks for in the answer to an upload, a version or a deployment.
ANYTHING = {
    "id": "00000000-0000-4000-8000-000000000001", "deployment_id": "00000000-0000-4000-8000-000000000002",
    "startup_time_ms": 5, "etag": "e", "pipeline_hash": "h", "available_on_subdomain": True, "versions": [],
    "deployments": [], "bindings": [], "subdomain": {"enabled": True, "previews_enabled": False},
    "metadata": {"has_preview": False}, "resources": {"script": {"etag": "e"}},
}  # fmt: skip


class ApiError(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Part:
    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parts_of(content_type: str, body: bytes) -> Iterator[Part]:
    """The parts of a multipart body. By hand: the email package rewrites bytes that look like line ends."""
    found = re.search(r'boundary=(?:"([^"]+)"|([^;\s]+))', content_type)
    if not found:
        raise ApiError(400, 10021, "multipart/form-data without a boundary")
    mark = b"--" + (found[1] or found[2]).encode()
    # The first boundary has no line end before it; with one, all boundaries look the same.
    for section in (b"\r\n" + body).split(b"\r\n" + mark)[1:]:
        if section.startswith(b"--"):
            return
        head, separator, content = section.partition(b"\r\n\r\n")
        if not separator:
            raise ApiError(400, 10021, "a part without headers")
        headers = (line.partition(":") for line in head.decode().splitlines() if ":" in line)
        fields = {key.strip().lower(): value.strip() for key, _, value in headers}
        disposition = fields.get("content-disposition", "")
        name, filename = parameter(disposition, "name") or "", parameter(disposition, "filename")
        if name == "files" and filename:
            name = filename  # so a preview sends its modules
        yield Part(name, filename, fields.get("content-type"), content)
    raise ApiError(400, 10021, "the multipart body ends before its last boundary")


def parameter(disposition: str, key: str) -> str | None:
    found = re.search(rf';\s*{key}="([^"]*)"', disposition)
    if not found:
        return None
    # What a form encodes in a name; any other % is the name's own.
    return found[1].replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


class Store:
    """The files below --out."""

    def __init__(self, out: Path) -> None:
        self.out = out.resolve()
        self.incoming = self.out / "parts.new"  # an upload becomes parts/ when all of it is there
        self.lock = threading.Lock()
        self.out.mkdir(parents=True, exist_ok=True)

    def log(self, method: str, path: str, size: int, status: int) -> None:
        line = json.dumps({"method": method, "path": path, "bytes": size, "status": status})
        with self.lock, (self.out / "requests.jsonl").open("a") as log:
            log.write(line + "\n")

    def target(self, name: str) -> Path:
        # Lexically: nothing below the directory is a link, and a path need not exist to climb out.
        target = Path(os.path.normpath(self.incoming / name)) if "\0" not in name else self.incoming
        if target == self.incoming or not target.is_relative_to(self.incoming):
            raise ApiError(400, 10021, f"the module name {name!r} leads out of the upload")
        return target

    def keep(self, parts: list[Part]) -> None:
        modules = [(self.target(part.name), part) for part in parts if part.name != "metadata"]
        with self.lock:
            shutil.rmtree(self.incoming, ignore_errors=True)
            self.incoming.mkdir()
            for target, part in modules:
                try:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(part.content)
                except OSError as error:
                    # A module and a directory of one name, which the runtime cannot lay out either.
                    raise ApiError(400, 10021, f"the module {part.name!r} cannot be laid out: {error.strerror}") from error
            shutil.rmtree(self.out / "parts", ignore_errors=True)
            self.incoming.rename(self.out / "parts")
            with (self.out / "parts.jsonl").open("w") as listing:
                for part in parts:
                    if part.name == "metadata":
                        (self.out / "metadata.json").write_bytes(part.content)
                    row = {"name": part.name, "filename": part.filename, "content_type": part.content_type}
                    listing.write(json.dumps(row | {"bytes": len(part.content)}) + "\n")


class Api(BaseHTTPRequestHandler):
    server: Server

    def handle_any(self) -> None:
        body = self.body()
        try:
            status, reply = 200, {"success": True, "errors": [], "messages": [], "result": self.result(body)}
        except ApiError as error:
            status = error.status
            wrong = {"code": error.code, "message": error.message}
            reply = {"success": False, "errors": [wrong], "messages": [], "result": None}
        # Logged before it is answered, so that whoever waited for wrangler finds the line.
        self.server.store.log(self.command, self.path, len(body), status)
        data = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def result(self, body: bytes) -> Any:
        url = urlsplit(self.path)
        last = url.path.rsplit("/", 1)[-1]
        content_type = self.headers.get("content-type") or ""
        if content_type.startswith("multipart/form-data"):
            self.take_upload(list(parts_of(content_type, body)))
        if self.command == "GET" and re.search(r"/workers/services/[^/]+$", url.path):
            if self.server.existing:
                return {"default_environment": {"environment": "production", "script": {"tag": "t", "tags": []}}}
            raise ApiError(404, 10090, "This Worker does not exist on your account.")
        if last == "subdomain":
            return {"subdomain": "test", "enabled": True, "previews_enabled": False}
        if re.search(r"/workers/workers/[^/]+$", url.path):
            return {"id": "w", "subdomain": {"enabled": True, "previews_enabled": False}}
        if last == "queues" and "name" in (query := parse_qs(url.query)):
            name = query["name"][0]  # whatever queue is asked for exists
            return [{"queue_id": name, "queue_name": name, "producers": [], "consumers": []}]
        if url.path.endswith("/domains/changeset"):
            return {"added": [], "removed": [], "updated": [], "conflicting": []}
        if last == "assets-upload-session":
            return {"jwt": "done", "buckets": []}  # every asset is there already
        if self.command == "GET" and last in LISTS:
            return []
        return ANYTHING

    def take_upload(self, parts: list[Part]) -> None:
        if self.server.failure:
            raise self.server.failure
        # Source maps have a limit of their own.
        modules = [part for part in parts if part.name != "metadata" and part.content_type != "application/source-map"]
        if sum(len(part.content) for part in modules) > LIMIT:
            raise ApiError(413, 10027, "Your Worker exceeded the size limit of 64 MiB.")
        self.server.store.keep(parts)

    def log_message(self, format: str, *args: object) -> None:
        pass  # stdout is for the port


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, store: Store, failure: ApiError | None, existing: bool) -> None:
        super().__init__(("127.0.0.1", port), Api)
        self.store, self.failure, self.existing = store, failure, existing


def failure_of(argument: str) -> ApiError:
    code, colon, message = argument.partition(":")
    if not colon or not code.isdigit():
        raise argparse.ArgumentTypeError("it is CODE:MESSAGE, for example 10021:No such module")
    return ApiError(400, int(code), message)


def main() -> None:
    cli = argparse.ArgumentParser(description="A loopback stand-in for the Cloudflare API.")
    cli.add_argument("--port", type=int, default=0, help="0, the default, picks a free one")
    cli.add_argument("--out", type=Path, required=True, help="directory for what was uploaded")
    cli.add_argument("--fail", type=failure_of, metavar="CODE:MESSAGE", help="refuse every upload with this error")
    cli.add_argument("--existing", action="store_true", help="every Worker that is asked for exists already")
    cli.add_argument("--until-stdin-closes", action="store_true", help="end with the process that started this one")
    args = cli.parse_args()

    server = Server(args.port, Store(args.out), args.fail, args.existing)

    def stop(*_: object) -> None:
        # From another thread: shutdown waits for serve_forever, which the main thread is in.
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if args.until_stdin_closes:

        def watch() -> None:
            while os.read(0, 4096):
                pass
            stop()

        threading.Thread(target=watch, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    sys.stdout.flush()
    os._exit(0)  # a thread blocked on stdin would make an ordinary exit abort


if __name__ == "__main__":
    main()
