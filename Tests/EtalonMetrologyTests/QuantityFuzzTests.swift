import XCTest

@testable import EtalonMetrology

private typealias Unit = EtalonMetrology.Unit

/// Texts nobody would type: each is read or refused with a reason, and what is read prints as a text that reads the same.
final class QuantityFuzzTests: XCTestCase {
  private let pieces = [
    "m", "k", "K", "°", "°C", "s", "%", "%RH", "µ", "Ω", "/", "·", "^", "-", "−", "(", ")", "1", "2", "9", "10", ".",
    ",",
    " ", "e", "E", "\\", "milli", "kelvin", "tothe{", "}", "⁻", "²", "³", "×10", "min", "h", "\u{0}", "é", "🌡", "+",
    "{",
  ]

  private func text(_ stream: inout RandomStream) -> String {
    (0..<1 + Int(stream.next() % 12)).map { _ in pieces[Int(stream.next() % UInt64(pieces.count))] }.joined()
  }

  func testUnits() throws {
    var stream = RandomStream(seed: 41)
    var read = 0
    for _ in 0..<3000 {
      let text = text(&stream)
      do throws(UnitFault) {
        let unit = try Unit.parse(text)
        read += 1
        XCTAssertTrue(unit.isWithinLimits)
        XCTAssertEqual(try Unit.parse(unit.symbol), unit, text)
        XCTAssertTrue(unit.multiplier.isFinite && unit.divisor.isFinite && unit.divisor > 0, text)
      } catch { XCTAssertFalse(error.fix.isEmpty) }
    }
    XCTAssertGreaterThan(read, 30, "the pieces make too few units for the test to mean anything")
  }

  func testQuantitiesAndConciseNotation() throws {
    var stream = RandomStream(seed: 42)
    var read = 0
    for _ in 0..<3000 {
      let text = "\(Int(stream.next() % 100))" + text(&stream)
      do throws(QuantityFault) {
        let quantity = try Quantity.parse(text)
        read += 1
        XCTAssertTrue(quantity.number.isFinite)
        XCTAssertEqual(try Quantity.parse(quantity.description), quantity, text)
      } catch { XCTAssertFalse(error.fix.isEmpty) }
      do throws(NotationFault) {
        let notation = try ConciseNotation.parse(text + "(\(stream.next() % 50))")
        XCTAssertGreaterThan(notation.standardUncertainty, 0)
      } catch { XCTAssertFalse("\(error)".isEmpty) }
    }
    XCTAssertGreaterThan(read, 30, "the pieces make too few quantities for the test to mean anything")
  }

  func testManyFactors() {
    XCTAssertThrowsError(try Unit.parse(Array(repeating: "m^9", count: 25).joined(separator: "·"))) {
      XCTAssertEqual(($0 as? UnitFault)?.reason, .tooLarge)
    }
    var unit = Unit.metre
    for _ in 0..<40 { unit = unit * unit }
    XCTAssertFalse(unit.isWithinLimits)
  }

  /// Numbers of every size, printed and read back to the same uncertainty digits.
  func testConciseNotationReadsItsOwnText() throws {
    var stream = RandomStream(seed: 43)
    for _ in 0..<2000 {
      let scale = Elementary.pow(10, Double(Int(stream.next() % 24)) - 12)
      let u = scale * stream.uniform(1, 10)
      let value = scale * stream.normal() * Elementary.pow(10, Double(stream.next() % 6))
      let notation = try ConciseNotation(value: value, standardUncertainty: u)
      let text = try notation.text()
      let back = try ConciseNotation.parse(text)
      XCTAssertEqual(back.standardUncertainty, u, accuracy: 0.0501 * u, text)
      XCTAssertEqual(back.value, value, accuracy: 0.0501 * u, text)
      XCTAssertEqual(try back.text(), text)
    }
  }
}
