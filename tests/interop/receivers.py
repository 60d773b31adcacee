"""Servers that nobody here wrote: aiosmtpd with STARTTLS and with TLS from the first byte, both with a login, and Python's web server
with TLS. What they get is a line of JSON each in the file OUT."""
import http.server
import json
import ssl
import sys
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

certificate, key, out = sys.argv[1:4]
lock = threading.Lock()


def tell(kind, **what):
    with lock, open(out, "a") as file:
        file.write(json.dumps({"kind": kind, **what}) + "\n")


class Letters:
    def __init__(self, kind):
        self.kind = kind

    async def handle_DATA(self, server, session, envelope):
        tell(self.kind, tls=session.ssl is not None or self.kind == "smtps", user=session.auth_data,
             to=envelope.rcpt_tos, text=envelope.content.decode())
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    if mechanism in ("PLAIN", "LOGIN") and isinstance(data, LoginPassword):
        if (data.login, data.password) == (b"ha", b"correct horse"):
            return AuthResult(success=True, auth_data=data.login.decode())
        tell("refused", user=data.login.decode())
    return AuthResult(success=False, handled=False)


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        tell("hook", path=self.path, text=self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made


login = {"authenticator": authenticate, "auth_required": True}
Controller(Letters("starttls"), hostname="127.0.0.1", port=2587, tls_context=context(), require_starttls=True,
           **login).start()
Controller(Letters("smtps"), hostname="127.0.0.1", port=2465, ssl_context=context(), auth_require_tls=False,
           auth_exclude_mechanism=["PLAIN"], **login).start()
web = http.server.HTTPServer(("127.0.0.1", 8443), Hook)
web.socket = context().wrap_socket(web.socket, server_side=True)
threading.Thread(target=web.serve_forever, daemon=True).start()
tell("ready")
time.sleep(600)
