"""Amazon Braket and S3 on a local port, for the real AWS client: their answers and failures.

Tasks are run by the product's EmulatedSession; the HTTP side is that of the services.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class BraketService:
    """A service at ``url`` that runs its tasks on an EmulatedSession.

    Attributes:
        holding: tasks stay QUEUED while this is set.
        failures: (HTTP status, error code) that the next requests are answered with.
        requests: bodies of all requests for a new task, those that failed included.
    """

    def __init__(self, session):
        self.session = session
        self.holding = threading.Event()
        self.failures: list[tuple[int, str]] = []
        self.requests: list[dict] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer(*service.get(unquote(urlsplit(self.path).path)))

            def do_POST(self):
                length = int(self.headers["Content-Length"])
                self.answer(*service.post(json.loads(self.rfile.read(length))))

            def answer(self, status: int, body, error: str = ""):
                body = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def environment(self, **secrets) -> dict[str, str]:
        """Variables that lead the real AWS client here."""
        return {
            "BRAKET_ENDPOINT": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_DEFAULT_REGION": self.session.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        } | secrets

    def get(self, path: str):
        if path.startswith("/device/"):
            return 200, self.session.get_device(path.removeprefix("/device/")) | {
                "deviceArn": self.session.arn
            }
        if path.startswith("/quantum-task/"):
            answer = self.session.get_quantum_task(path.removeprefix("/quantum-task/"))
            answer = answer | {"createdAt": "2026-01-01T00:00:00Z", "deviceParameters": "{}"}
            if self.holding.is_set():
                queue = {
                    "queue": "QUANTUM_TASKS_QUEUE",
                    "position": "1",
                    "queuePriority": "Normal",
                }
                answer |= {"status": "QUEUED", "queueInfo": queue}
            return 200, answer
        bucket, _, key = path.lstrip("/").partition("/")
        return 200, self.session.retrieve_s3_object_body(bucket, key)

    def post(self, request: dict):
        self.requests.append(request)
        if self.failures:
            status, code = self.failures.pop(0)
            return status, {"message": "try again" if status != 400 else "no such gate"}, code
        return 201, {"quantumTaskArn": self.session.create_quantum_task(**request)}
