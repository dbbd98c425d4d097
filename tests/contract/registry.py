"""Two registries for the contract's cases, on loopback: port 5000 is open to all, but for `secret`;
port 5001 wants the user `cara` with the password `pass:word`. Every image has one tag, `1`.
  app      an image for this machine     list    a manifest list: this machine's and a foreign one
  foreign  for another architecture      broken  its layer is refused, inside the pull's stream
  hangs    its layer ends half way, and never comes
  slow     its layer takes ten seconds
"""
import base64
import gzip
import hashlib
import io
import json
import platform
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
LOGIN = "Basic " + base64.b64encode(b"cara:pass:word").decode()
OWN = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
FOREIGN = "arm64" if OWN == "amd64" else "amd64"

manifests = {}  # (name, tag or digest) -> (media type, bytes)
blobs = {}      # digest -> bytes
broken = set()  # digests
hanging = set()
slow = set()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data):
    blobs[digest_of(data)] = data
    return digest_of(data)


def layer(content):
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w") as tar:
        info = tarfile.TarInfo("file")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return text.getvalue()


def put_manifest(name, references, media_type, manifest):
    data = json.dumps(manifest).encode()
    for reference in (*references, digest_of(data)):
        manifests[name, reference] = media_type, data
    return {"mediaType": media_type, "size": len(data), "digest": digest_of(data)}


def put_image(name, references, architecture, *contents):
    """Returns the descriptor of its manifest and the digests of its layers."""
    layers, diffs = [], []
    for content in contents:
        tar = layer(content)
        packed = gzip.compress(tar, compresslevel=1, mtime=0)
        diffs.append(digest_of(tar))
        layers.append({"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                       "size": len(packed), "digest": blob(packed)})
    config = json.dumps({"architecture": architecture, "os": "linux",
                         "config": {"Cmd": ["/file"], "Labels": {"name": name}},
                         "rootfs": {"type": "layers", "diff_ids": diffs}}).encode()
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers,
                "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                           "size": len(config), "digest": blob(config)}}
    return put_manifest(name, references, MANIFEST, manifest), [each["digest"] for each in layers]


def noise(seed, size):
    return b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(size // 32))


put_image("app", ["1"], OWN, b"one", noise(1, 3_000_000))
put_image("foreign", ["1"], FOREIGN, b"foreign")
broken.update(put_image("broken", ["1"], OWN, b"broken")[1])
hanging.update(put_image("hangs", ["1"], OWN, noise(2, 6_000_000))[1])
slow.update(put_image("slow", ["1"], OWN, noise(3, 6_000_000))[1])
put_manifest("list", ["1"], MANIFEST_LIST, {
    "schemaVersion": 2, "mediaType": MANIFEST_LIST,
    "manifests": [{**put_image("list", [], arch, arch.encode())[0],
                   "platform": {"architecture": arch, "os": "linux"}} for arch in (OWN, FOREIGN)]})


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, media_type, data, **headers):
        self.send_response(status)
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def fail(self, status, code, message, **headers):
        data = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, "application/json", data, **headers)

    def do_GET(self):
        name, _, reference = self.path.removeprefix("/v2/").partition("/manifests/")
        digest = self.path.rpartition("/blobs/")[2]
        if self.server.server_port == 5001 and self.headers.get("Authorization") != LOGIN:
            self.fail(401, "UNAUTHORIZED", "authentication required",
                      WWW_Authenticate='Basic realm="cara"')
        elif self.path == "/v2/":
            self.answer(200, "application/json", b"{}")
        elif name.startswith("secret/"):
            self.fail(401, "UNAUTHORIZED", "authentication required")
        elif (name, reference) in manifests:
            media_type, data = manifests[name, reference]
            self.answer(200, media_type, data, Docker_Content_Digest=digest_of(data))
        elif digest in broken:
            self.fail(400, "UNSUPPORTED", "this layer is broken")  # what an engine does not retry
        elif digest in blobs:
            data = blobs[digest]
            if digest in hanging and self.command == "GET":
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[:len(data) // 2])
                threading.Event().wait()
            if digest in slow and self.command == "GET":
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                for start in range(0, len(data), len(data) // 100):
                    self.wfile.write(data[start:start + len(data) // 100])
                    time.sleep(0.1)
                return
            self.answer(200, "application/octet-stream", data, Docker_Content_Digest=digest)
        else:
            self.fail(404, "MANIFEST_UNKNOWN", "manifest unknown")

    do_HEAD = do_GET


login = ThreadingHTTPServer(("127.0.0.1", 5001), Registry)
threading.Thread(target=login.serve_forever, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", 5000), Registry).serve_forever()
