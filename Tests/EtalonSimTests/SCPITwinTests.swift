import EtalonCore
import XCTest

@testable import EtalonSim

/// The SCPI engine of the twins against IEEE 488.2 and SCPI-99, through the bytes of the DT100 twin.
final class SCPITwinTests: XCTestCase {
  func testIdentityAndVersion() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*IDN?\n"), "ETALON,DT100,0042,1.0\n")
    XCTAssertEqual(probe.ask("*IDN?\r\n"), "ETALON,DT100,0042,1.0\n", "CR LF ends a message as well")
    XCTAssertEqual(probe.ask("SYST:VERS?\n"), "1999.0\n")
    XCTAssertEqual(probe.ask("*TST?\n"), "0\n")
  }

  func testEmptyErrorQueue() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  /// SCPI-99, volume 2, 21.8.9: −113 for a header that is unknown; protocols.md, vectors of the 34401A.
  func testUndefinedHeaderIsMinus113AndCommandError() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*CLS\n"), "")
    XCTAssertEqual(probe.ask("BOGUS:CMD\n"), "")
    XCTAssertEqual(probe.ask("*ESR?\n"), "32\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testTheTwentyFirstErrorReplacesTheLastByQueueOverflow() throws {
    var probe = try BenchProbe()
    for _ in 0..<21 { probe.ask("BOGUS\n") }
    for _ in 0..<19 { XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n") }
    XCTAssertEqual(probe.ask("SYST:ERR:NEXT?\n"), "-350,\"Queue overflow\"\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testTwentyErrorsDoNotOverflow() throws {
    var probe = try BenchProbe()
    for _ in 0..<20 { probe.ask("BOGUS\n") }
    for _ in 0..<20 { XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n") }
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testShortAndLongFormsInAnyLetterCase() throws {
    var probe = try BenchProbe(.ideal())
    for header in [
      "MEAS?", "MEASure?", "measure:temperature?", "MEAS:TEMP?", ":MEAS:TEMP?", "READ?", "FETC?", "FETCH?", "meas?",
    ] {
      XCTAssertEqual(probe.ask(header + "\n"), "+25.00\n", header)
    }
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
    // SCPI-99, volume 1, 6.2.1: nothing but the short and the long form is allowed.
    for header in ["MEASU?", "MEA?", "MEAS:TEMPER?", "FET?", "MEAS:?"] {
      XCTAssertEqual(probe.ask(header + "\n"), "", header)
      XCTAssertNotEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n", header)
    }
  }

  /// SCPI-99, volume 1, 6.2.4: a unit continues at the path of the unit before, a colon starts at the root, a common
  /// command leaves the path.
  func testPathRules() throws {
    var probe = try BenchProbe(.ideal())
    XCTAssertEqual(probe.ask("CAL:COUN?;DATA?\n").split(separator: ";").count, 2)
    XCTAssertEqual(probe.ask("CAL:COUN?;*OPC?;COUN?\n"), "1;1;1\n")
    XCTAssertEqual(probe.ask("MEAS:TEMP?;RAW?\n"), "+25.00;7689557\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
    // `MEAS?` leaves the path at the root, where there is no RAW.
    XCTAssertEqual(probe.ask("MEAS?;RAW?\n"), "+25.00\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n")
    // From within CAL the root is reached by a colon only.
    XCTAssertEqual(probe.ask("CAL:COUN?;SYST:ERR?\n"), "1\n")
    XCTAssertEqual(probe.ask("CAL:COUN?;:SYST:ERR?\n"), "1;-113,\"Undefined header\"\n")
    XCTAssertEqual(probe.ask("CAL:SEC:STAT?;:CAL:COUN?\n"), "1;1\n")
    // The next message begins at the root again.
    XCTAssertEqual(probe.ask("COUN?\n"), "")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n")
  }

  func testAUnitInErrorEndsTheMessageAndUnitsBeforeItStayExecuted() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*ESE 4;BOGUS;*ESE 8\n"), "")
    XCTAssertEqual(probe.ask("*ESE?\n"), "4\n")
    XCTAssertEqual(probe.ask("*OPC?;BOGUS;*OPC?\n"), "1\n")
  }

  /// IEEE 488.2, 11.5.1: power on is bit 7, reading clears; each class of errors has its bit.
  func testStandardEventRegister() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*ESR?\n"), "128\n")
    XCTAssertEqual(probe.ask("*ESR?\n"), "0\n")
    probe.ask("*OPC\n")
    XCTAssertEqual(probe.ask("*ESR?\n"), "1\n")
    probe.ask("CAL:STOR\n")
    XCTAssertEqual(probe.ask("*ESR?\n"), "16\n", "−203 is an execution error")
    probe.ask(String(repeating: "A", count: 300) + "\n")
    XCTAssertEqual(probe.ask("*ESR?\n"), "8\n", "−363 is a device error")
  }

  /// IEEE 488.2, 11.2 and 11.3.
  func testStatusByte() throws {
    var probe = try BenchProbe()
    probe.ask("*CLS\n")
    XCTAssertEqual(probe.ask("*STB?\n"), "0\n")
    XCTAssertEqual(probe.ask("*OPC?;*STB?\n"), "1;16\n", "a message is available once the first answer waits")
    probe.ask("BOGUS\n")
    XCTAssertEqual(probe.ask("*STB?\n"), "4\n")
    probe.ask("*ESE 32\n")
    XCTAssertEqual(probe.ask("*STB?\n"), "36\n")
    probe.ask("*SRE 32\n")
    XCTAssertEqual(probe.ask("*STB?\n"), "100\n")
    probe.ask("*SRE 255\n")
    XCTAssertEqual(probe.ask("*SRE?\n"), "191\n", "bit 6 can not be enabled")
    probe.ask("*CLS\n")
    XCTAssertEqual(probe.ask("*STB?;*ESE?\n"), "0;32\n", "*CLS keeps the enables")
    probe.ask("BOGUS;\n*RST\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-113,\"Undefined header\"\n", "*RST keeps the queue")
  }

  func testWrongArguments() throws {
    var probe = try BenchProbe()
    let cases: [(String, String)] = [
      ("*ESE", "-109,\"Missing parameter\""), ("*ESE 1,2", "-108,\"Parameter not allowed\""),
      ("*CLS 1", "-108,\"Parameter not allowed\""), ("MEAS? 1", "-108,\"Parameter not allowed\""),
      ("*ESE ABC", "-104,\"Data type error\""), ("*ESE \"1\"", "-104,\"Data type error\""),
      ("*ESE 256", "-222,\"Data out of range\""), ("*ESE -1", "-222,\"Data out of range\""),
      ("*ESE 1E99999", "-123,\"Exponent too large\""), ("*ESE 1.2.3", "-121,\"Invalid character in number\""),
      ("*ESE 5V", "-138,\"Suffix not allowed\""), ("*ESE1", "-113,\"Undefined header\""),
      ("MEASUREMENTXYZ?", "-112,\"Program mnemonic too long\""), ("*ESE(1)", "-103,\"Invalid separator\""),
      ("*ESE 1,", "-102,\"Syntax error\""), ("M\u{1}AS?", "-101,\"Invalid character\""),
      ("*ESE 'ab", "-151,\"Invalid string data\""), ("CAL:SEC:STAT MAYBE", "-224,\"Illegal parameter value\""),
      ("CAL:DATA 1,2,3", "-109,\"Missing parameter\""), ("*IDN", "-113,\"Undefined header\""),
      ("CAL:STOR?", "-113,\"Undefined header\""),
    ]
    for (message, error) in cases {
      XCTAssertEqual(probe.ask(message + "\n"), "", message)
      XCTAssertEqual(probe.ask("SYST:ERR?\n"), error + "\n", message)
    }
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testNumbersInAllThreeNotations() throws {
    var probe = try BenchProbe()
    for text in ["17", "+17", "17.0", "1.7E1", "170e-1", "0.17E+2", ".17E2", "17.", " 17 "] {
      probe.ask("*ESE 0;*ESE \(text)\n")
      XCTAssertEqual(probe.ask("*ESE?\n"), "17\n", text)
    }
  }

  func testALineOf255BytesIsTakenAndOneMoreIsDiscarded() throws {
    var probe = try BenchProbe()
    let padded = "*OPC?" + String(repeating: " ", count: 250)
    XCTAssertEqual(probe.ask(padded + "\n"), "1\n")
    XCTAssertEqual(probe.ask(padded + "\r\n"), "1\n")
    XCTAssertEqual(probe.ask(padded + " \n"), "")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-363,\"Input buffer overrun\"\n")
    XCTAssertEqual(probe.ask(String(repeating: "x", count: 5000)), "")
    XCTAssertEqual(probe.ask("\n*OPC?\n"), "1\n", "the line after an overlong one is sound")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "-363,\"Input buffer overrun\"\n")
  }

  func testEmptyMessagesAndUnitsMeanNothing() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("\n\r\n ;; \n;*OPC?;\n"), "1\n")
    XCTAssertEqual(probe.ask("SYST:ERR?\n"), "0,\"No error\"\n")
  }

  func testBytesInPiecesMakeOneMessage() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*ID"), "")
    XCTAssertEqual(probe.ask("N?"), "")
    XCTAssertEqual(probe.ask("\n*OPC"), "ETALON,DT100,0042,1.0\n")
    XCTAssertEqual(probe.ask("?\n"), "1\n")
  }
}
