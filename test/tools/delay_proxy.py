"""A TCP proxy that holds back what the server answers: a network of a given latency on one machine.

usage: delay_proxy.py HOST PORT DELAY_MS     prints its own port, then serves until it is killed
"""
import socket
import sys
import threading
import time


def pump(source, target, delay):
    try:
        while chunk := source.recv(1 << 20):
            if delay:
                time.sleep(delay)
            target.sendall(chunk)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    host, port, delay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]) / 1000
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        server = socket.create_connection((host, port))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=pump, args=(client, server, 0), daemon=True).start()
        threading.Thread(target=pump, args=(server, client, delay), daemon=True).start()


main()
