#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian 12), without `option http-no-delay`, passes each small chunk of a streamed
# answer 200 ms late to a client that speaks plain HTTP, and at once to a client that speaks TLS,
# although both go through the same process, backend and settings.
#
# So whoever tries server-sent events through HAProxy over https sees no delay and needs no option,
# and sees it later where something else ends TLS in front of it.
#
# Seen (medians of 12 events, 300 ms apart):
#   direct 0 ms; plain 207 ms; plain with the option 0 ms; TLS without it 0 ms
#
# Needs Debian 12 with apt, python3 and openssl; installs nothing outside of a temporary folder.
# Ends with another code than 0 if that changes.
set -eu
folder=$(mktemp -d)
trap 'kill $(cat "$folder"/*.pid 2>/dev/null) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -q haproxy liblua5.3-0 libopentracing1 libopentracing-c-wrapper0 >/dev/null 2>&1
for package in ./*.deb; do dpkg -x "$package" root; done
export LD_LIBRARY_PATH
LD_LIBRARY_PATH=$(find "$folder/root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
haproxy=$folder/root/usr/sbin/haproxy
"$haproxy" -v | head -1
"$haproxy" -v | grep -q 'version 2\.6\.12'
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key -out cert 2>/dev/null
cat cert key >both.pem
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
origin=$(free) plain=$(free) option=$(free) tls=$(free)
cat >haproxy.cfg <<END
global
    pidfile $folder/haproxy.pid
defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m
frontend plain
    bind 127.0.0.1:$plain
    default_backend origin
frontend option
    bind 127.0.0.1:$option
    option http-no-delay
    default_backend origin_with_option
frontend tls
    bind 127.0.0.1:$tls ssl crt $folder/both.pem
    default_backend origin
backend origin
    server origin 127.0.0.1:$origin
backend origin_with_option
    option http-no-delay
    server origin 127.0.0.1:$origin
END
cat >measure.py <<'END'
import socket, ssl, statistics, sys, threading, time

EVENTS = 12
origin, plain, option, tls = map(int, sys.argv[1:])


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.recv(4096)
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(EVENTS):
        time.sleep(0.3)
        event = b"data: %d\n\n" % time.monotonic_ns()
        connection.sendall(b"%x\r\n%s\r\n" % (len(event), event))
    connection.sendall(b"0\r\n\r\n")
    connection.close()


listener = socket.create_server(("127.0.0.1", origin))


def accept():
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()


def median(port, has_tls=False):
    stream = socket.create_connection(("127.0.0.1", port))
    if has_tls:
        context = ssl._create_unverified_context()
        stream = context.wrap_socket(stream)
    stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    late, text = [], b""
    while piece := stream.recv(4096):
        now = time.monotonic_ns()
        text += piece
        while b"\n\n" in text:
            event, text = text.split(b"\n\n", 1)
            late.append((now - int(event.rsplit(b"data: ", 1)[1])) / 1e6)
    assert len(late) == EVENTS, late
    return statistics.median(late)


seen = {
    "direct": median(origin),
    "plain": median(plain),
    "plain with the option": median(option),
    "TLS without it": median(tls, True),
}
for name, milliseconds in seen.items():
    print(f"{name}: {milliseconds:.0f} ms")
late = seen.pop("plain")
sys.exit(0 if late > 150 and max(seen.values()) < 60 else 1)
END
"$haproxy" -D -f haproxy.cfg
python3 measure.py "$origin" "$plain" "$option" "$tls"
