import EtalonCore
import EtalonMetrology
import Foundation
import XCTest

@testable import EtalonSensors

final class DecimalCodingTests: XCTestCase {
  private func number(_ text: String) -> Double? {
    let frame = Frame(text)
    return DecimalCoding.number(frame, 0..<frame.count)
  }

  /// The forms that the data sheets and the 34401A reference print; each equals Swift's own literal.
  func testPublishedForms() {
    XCTAssertEqual(number("+25.01"), 25.01)
    XCTAssertEqual(number("-0.50"), -0.5)
    XCTAssertEqual(number("8421376"), 8_421_376)
    XCTAssertEqual(number("+3.000000000000E+01"), 30)
    XCTAssertEqual(number("+1.00000310E+00"), 1.00000310)
    XCTAssertEqual(number("+9.9E+37"), 9.9e37)
    XCTAssertEqual(number("-1.234567890123e-12"), -1.234567890123e-12)
    XCTAssertEqual(number("-0.00")?.sign, .minus)
    XCTAssertEqual(number("0E0"), 0)
  }

  func testWhatIsNoNumber() {
    for text in [
      "", "+", "-", ".", ".5", "5.", "1e", "1e+", "1 ", " 1", "1.2.3", "--1", "+-1", "1,2", "0x10", "nan", "inf",
      "1e5 ",
      "1E301", "1E-301", "1E9999", "1E99999", "12345678901234567890", "1.2345678901234567890", "\u{31}\u{0}",
    ] {
      XCTAssertNil(number(text), "'\(text)' is no number")
    }
  }

  /// Correct rounding against the C library's strtod (glibc rounds exactly), over both paths.
  func testRoundsLikeTheCLibrary() throws {
    var random = RandomStream(seed: 41)
    for _ in 0..<30_000 {
      let digits = 1 + Int(random.next() % 19)
      var text = random.next() & 1 == 0 ? "-" : ""
      text += String(1 + random.next() % 9)
      let point = Int(random.next() % UInt64(digits))
      for index in 1..<max(digits, 2) where index < digits {
        if index == point { text += "." }
        text += String(random.next() % 10)
      }
      let exponent = Int(random.next() % 560) - 280
      text += "E\(exponent)"
      let expected = strtod(text, nil)
      let value = try XCTUnwrap(number(text), text)
      XCTAssertEqual(value.bitPattern, expected.bitPattern, text)
    }
  }

  /// Cases on and beside the middle between two doubles; 9007199254740993 = 2⁵³ + 1 lies exactly between two.
  func testHalfwayCases() {
    XCTAssertEqual(number("9007199254740993"), 9_007_199_254_740_992)
    XCTAssertEqual(number("9007199254740995"), 9_007_199_254_740_996)
    XCTAssertEqual(number("9007199254740993.001"), 9_007_199_254_740_994)
    XCTAssertEqual(number("9007199254740992.999"), 9_007_199_254_740_992)
  }

  /// Formatting against the C library's printf, which prints the exact value rounded half to even.
  func testFormatsLikeTheCLibrary() throws {
    var random = RandomStream(seed: 42)
    for index in 0..<30_000 {
      let value: Double
      if index & 1 == 0 {
        value = Double(bitPattern: random.next())
        guard value.isFinite else { continue }
      } else {
        value = random.uniform(-1000, 1000)
      }
      let digits = 2 + Int(random.next() % 16)
      var frame = Frame()
      DecimalCoding.appendScientific(value, significantDigits: digits, to: &frame)
      XCTAssertEqual(frame.text, String(format: "%+.\(digits - 1)E", value))
    }
    for value in [
      .leastNonzeroMagnitude, 2.2250738585072014e-308, 1.7976931348623157e308, 0, 9.9999999999999995e22, 0.5, 1e22,
      1e23,
    ] {
      var frame = Frame()
      DecimalCoding.appendScientific(value, significantDigits: 17, to: &frame)
      XCTAssertEqual(frame.text, String(format: "%+.16E", value))
    }
  }

  func testFixedForm() {
    func fixed(_ value: Double, _ decimals: Int) -> String {
      var frame = Frame()
      DecimalCoding.appendFixed(value, decimals: decimals, to: &frame)
      return frame.text
    }
    XCTAssertEqual(fixed(345.6, 2), "345.60")
    XCTAssertEqual(fixed(0, 2), "0.00")
    XCTAssertEqual(fixed(-0.001, 2), "0.00")
    XCTAssertEqual(fixed(2024 * Double.leastNonzeroMagnitude, 2), "0.00")
    XCTAssertEqual(fixed(0.125, 2), "0.12")
    XCTAssertEqual(fixed(0.375, 2), "0.38")
    XCTAssertEqual(fixed(999_999_999.5, 9), "999999999.500000000")
    var random = RandomStream(seed: 43)
    for _ in 0..<5_000 {
      let value = random.uniform(-2000, 2000)
      let decimals = 1 + Int(random.next() % 9)
      let expected = String(format: "%.\(decimals)f", value)
      XCTAssertEqual(
        fixed(value, decimals),
        expected.hasPrefix("-0.") && Double(expected) == 0 ? String(expected.dropFirst()) : expected)
    }
  }

  /// 13 digits bring back every number of 13 digits, which the read-back of coefficients rests on.
  func testThirteenDigitsReturn() throws {
    var random = RandomStream(seed: 44)
    for _ in 0..<5_000 {
      let value = random.normal() * strtod("1e\(Int(random.next() % 40) - 20)", nil)
      var once = Frame()
      DecimalCoding.appendScientific(value, significantDigits: 13, to: &once)
      let rounded = try XCTUnwrap(DecimalCoding.number(once, 0..<once.count))
      var twice = Frame()
      DecimalCoding.appendScientific(rounded, significantDigits: 13, to: &twice)
      XCTAssertEqual(once, twice)
    }
  }

  func testWholeNumbers() {
    func unsigned(_ text: String) -> UInt32? {
      let frame = Frame(text)
      return DecimalCoding.unsigned(frame, 0..<frame.count)
    }
    func signed(_ text: String) -> Int32? {
      let frame = Frame(text)
      return DecimalCoding.signed(frame, 0..<frame.count)
    }
    XCTAssertEqual(unsigned("4294967295"), .max)
    XCTAssertNil(unsigned("4294967296"))
    XCTAssertNil(unsigned("99999999999"))
    XCTAssertNil(unsigned(""))
    XCTAssertNil(unsigned("+1"))
    XCTAssertEqual(signed("-113"), -113)
    XCTAssertEqual(signed("+0"), 0)
    XCTAssertEqual(signed("-2147483648"), .min)
    XCTAssertNil(signed("2147483648"))
    XCTAssertNil(signed("-"))
  }

  /// CRC catalogue: check value of CRC-32/ISO-HDLC.
  func testCRC32CheckValue() {
    let frame = Frame(ascii: "123456789")
    XCTAssertEqual(CRC32.checksum(frame, 0..<9), 0xCBF4_3926)
    let text = Frame(ascii: "#HCBF43926")
    XCTAssertEqual(DecimalCoding.hexadecimal(text, 0..<10), 0xCBF4_3926)
    XCTAssertNil(DecimalCoding.hexadecimal(Frame(ascii: "#HCBF4392G"), 0..<10))
    XCTAssertNil(DecimalCoding.hexadecimal(Frame(ascii: "0xCBF43926"), 0..<10))
  }
}
