#!/usr/bin/env python3
"""Brings the loopback interface up if it is down, as in a new network namespace.

Ranks of one machine talk over it, and Open MPI does not start without any interface. If the right to
bring it up is missing, the script prints a warning and leaves the machine as it is.
"""

import fcntl
import socket
import struct
import sys

# <linux/sockios.h>, <net/if.h>; struct ifreq is a name of 16 bytes and, here, a short.
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 0x1
REQUEST = "16sh14x"


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        reply = fcntl.ioctl(channel, GET_FLAGS, struct.pack(REQUEST, b"lo", 0))
        flags = struct.unpack(REQUEST, reply)[1]
        if flags & IS_UP:
            return
        try:
            fcntl.ioctl(channel, SET_FLAGS, struct.pack(REQUEST, b"lo", flags | IS_UP))
        except PermissionError:
            print("warning: the loopback interface is down, so ranks cannot talk to each other; as "
                  "root: ip link set lo up", file=sys.stderr)
        else:
            print("== network: the loopback interface was down and has been brought up")


if __name__ == "__main__":
    main()
