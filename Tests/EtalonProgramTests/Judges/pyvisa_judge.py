"""Asks a SCPI device through PyVISA-py and prints what it said as JSON.

Usage: pyvisa_judge.py PORT BAUD
"""

import json
import os
import sys

import pyvisa


def error_number(device):
    """The number in front of the comma of the answer to SYSTem:ERRor?."""
    return int(device.query("SYST:ERR?").split(",")[0])


def main():
    port, baud = os.path.realpath(sys.argv[1]), int(sys.argv[2])
    manager = pyvisa.ResourceManager("@py")
    device = manager.open_resource(
        f"ASRL{port}::INSTR",
        baud_rate=baud,
        read_termination="\n",
        write_termination="\n",
        timeout=5000,
    )
    try:
        device.write("*CLS")
        result = {"identity": device.query("*IDN?").strip()}
        result["reading"] = device.query("MEAS:TEMP?").strip()
        result["celsius"] = float(result["reading"].split(",")[0])
        result["error"] = error_number(device)
        device.write("NONSENSE:HEADER 1")
        result["error_after_nonsense"] = error_number(device)
    finally:
        device.close()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
