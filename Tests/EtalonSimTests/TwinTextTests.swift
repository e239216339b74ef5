import XCTest

@testable import EtalonSim

final class TwinTextTests: XCTestCase {
  private func fixed(_ value: Double, _ decimals: Int, plus: Bool = false) -> String {
    var bytes: [UInt8] = []
    TwinText.append(value, decimals: decimals, plus: plus, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  private func scientific(_ value: Double) -> String {
    var bytes: [UInt8] = []
    TwinText.append(value, scientificDigits: 13, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  func testFixedPoint() {
    XCTAssertEqual(fixed(25.0149, 2, plus: true), "+25.01")
    XCTAssertEqual(fixed(-0.004, 2, plus: true), "+0.00", "there is no negative zero")
    XCTAssertEqual(fixed(-0.006, 2), "-0.01")
    XCTAssertEqual(fixed(345.6, 2), "345.60")
    XCTAssertEqual(fixed(101_325.4, 0), "101325")
    XCTAssertEqual(fixed(0.05, 1), "0.1")
  }

  func testThirteenSignificantDigits() {
    XCTAssertEqual(scientific(0), "+0.000000000000E+00")
    XCTAssertEqual(scientific(-0.0125), "-1.250000000000E-02")
    XCTAssertEqual(scientific(1.2345678901234e-5), "+1.234567890123E-05")
    XCTAssertEqual(scientific(9.9999999999999), "+1.000000000000E+01", "the carry runs through")
    XCTAssertEqual(scientific(123_456_789_012_345_680), "+1.234567890123E+17")
    XCTAssertEqual(scientific(6.02214076e23), "+6.022140760000E+23")
    XCTAssertEqual(scientific(2.5e-300), "+2.500000000000E-300")
    XCTAssertEqual(scientific(0.1), "+1.000000000000E-01")
    XCTAssertEqual(scientific(1.0 / 3), "+3.333333333333E-01")
  }

  func testNumbersAreReadAsWritten() throws {
    for text in ["30", "-30.25", "+3.000000000000E+01", "1e-300", "0.1", "123456789012345678901", "4.35", ".5", "5."] {
      let bytes = Array(text.utf8)
      let value = try TwinText.number(bytes, bytes.indices)
      let plain = text.hasSuffix(".") ? text + "0" : (text.hasPrefix(".") ? "0" + text : text)
      XCTAssertEqual(value, try XCTUnwrap(Double(plain)), text)
    }
    for text in ["", "abc", "-", "1e", "1e+", "0x10", "1..2", "--1"] {
      let bytes = Array(text.utf8)
      XCTAssertThrowsError(try TwinText.number(bytes, bytes.indices), text)
    }
  }
}
