"""Requests of several clients all the time, each with a connection of its own that it keeps, until a file appears.

load.py HOST PORT NAME(tls or -) PATH CLIENTS RATE STOP OUT

Like a browser or curl, a client opens a new connection where the server has closed the old one between two requests. The server
may close it just while a request is on its way: one on a connection that was kept, whose end came before any byte of an answer, is
sent once more on a new connection (RFC 9112 section 9.3.1). A line of OUT for each request: when it began (microseconds since
1970), its status or -1, how long it took (microseconds), and why it failed or had to be sent once more. OUT.begun appears when
each client has made its first request.
"""
import http.client
import os
import select
import socket
import ssl
import sys
import threading
import time

host, port, tls, path, clients, rate, stop, out = sys.argv[1:]
lines = []
waiting = set(range(int(clients)))
begun = time.monotonic()


def connection():
    plain = socket.create_connection((host, int(port)), timeout=20)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls == "-":
        return plain
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=tls)


def is_closed(sock):
    """Whether something waits to be read of a connection on which nothing was asked: its end."""
    return bool(select.select([sock], [], [], 0)[0])


class Unanswered(Exception):
    """The connection ended before any byte of an answer."""


def ask(sock):
    """The status of the answer, and the connection where it is kept."""
    answer = http.client.HTTPResponse(sock)
    try:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {tls if tls != '-' else 'www.example.cc'}\r\n\r\n".encode())
        if not answer.fp.peek(1):
            raise Unanswered("closed")
    except (ConnectionResetError, BrokenPipeError) as error:
        raise Unanswered(repr(error)) from error
    answer.begin()
    answer.read()
    return answer.status, None if answer.will_close else sock


def client(number):
    pause = int(clients) / float(rate)
    due = begun + pause * number / int(clients)
    sock = None
    while not os.path.exists(stop):
        time.sleep(max(0, due - time.monotonic()))
        due = max(due + pause, time.monotonic() - 1)
        at, clock = time.time_ns() // 1000, time.monotonic()
        status, why = -1, ""
        if sock is not None and is_closed(sock):
            sock = None
        for kept in ([True] if sock else []) + [False]:
            try:
                sock = sock or connection()
                status, sock = ask(sock)
                break
            except (OSError, http.client.HTTPException, Unanswered) as error:
                sock, why = None, repr(error)
                if not kept or not isinstance(error, Unanswered):
                    break
        lines.append(f"{at}\t{status}\t{int((time.monotonic() - clock) * 1e6)}\t{why}\n")
        waiting.discard(number)


threads = [threading.Thread(target=client, args=(number,)) for number in range(int(clients))]
for one in threads:
    one.start()
while waiting and not os.path.exists(stop):
    time.sleep(0.01)
open(out + ".begun", "w").close()
for one in threads:
    one.join()
with open(out, "w") as file:
    file.writelines(lines)
