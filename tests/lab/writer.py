"""Writes posts all the time, one after the other, until a file appears.

writer.py ADDRESS NAME USER PASSWORD_FILE STOP OUT

A line of OUT for each post that WordPress has said it has: when that was (milliseconds since 1970) and its title. What fails is tried
again under another title, as somebody would who saw an error.
"""
import http.client
import os
import pathlib
import socket
import ssl
import sys
import time
import xml.parsers.expat
import xmlrpc.client

address, name, user, password_file, stop, out = sys.argv[1:]
password = pathlib.Path(password_file).read_text()
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def post(title):
    body = xmlrpc.client.dumps((1, user, password, {"post_title": title, "post_status": "publish"}), "wp.newPost")
    connection = http.client.HTTPSConnection(address, timeout=30)
    connection.sock = context.wrap_socket(socket.create_connection((address, 443), timeout=30), server_hostname=name)
    connection.request("POST", "/xmlrpc.php", body, {"Host": name, "Content-Type": "text/xml"})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")
    return xmlrpc.client.loads(text)[0][0]


number = 0
with open(out, "w", buffering=1) as lines:
    while not os.path.exists(stop):
        number += 1
        title = f"post {number} of {os.getpid()}"
        try:
            post(title)
            print(int(time.time() * 1000), title, file=lines)
        # An empty answer of status 200 is what WordPress says where it could not write.
        except (OSError, http.client.HTTPException, xmlrpc.client.Error, xml.parsers.expat.ExpatError, ValueError) as why:
            print(f"{title}: {why}", file=sys.stderr)
            time.sleep(0.1)
