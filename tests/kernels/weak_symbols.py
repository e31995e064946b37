#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fails where a library built with ISA flags defines a symbol that another file may share.

The linker keeps any one copy of a weak symbol. If it kept that of an ISA library, code for every machine would run
instructions that only some have.

usage: weak_symbols.py NM LIBRARY...
"""
import subprocess
import sys

shared = []
for library in sys.argv[2:]:
    listing = subprocess.run([sys.argv[1], "--format=posix", library], check=True, capture_output=True, text=True).stdout
    symbols = [line.split()[:2] for line in listing.splitlines() if len(line.split()) >= 2]
    if not any(kind == "T" for _, kind in symbols):
        sys.exit(f"{library} defines no function: is it the right file?")
    # w and v: weak and undefined, which is the same trap; W, V, u: weak and defined.
    shared += [f"{library}: {name}" for name, kind in symbols if kind in "WwVvu"]
if shared:
    sys.exit("symbols that another file may share:\n" + "\n".join(shared))
