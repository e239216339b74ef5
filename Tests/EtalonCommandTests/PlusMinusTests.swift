import EtalonMetrology
import XCTest

@testable import etalon

final class PlusMinusTests: XCTestCase {
  func testForms() throws {
    for text in ["20.012 ± 0.005 °C", "(20.012 ± 0.005) °C", "20.012+-0.005 °C", " 20.012 ±0.005°C"] {
      let found = try XCTUnwrap(try PlusMinus.parse(text), text)
      XCTAssertEqual(found.value, 20.012, text)
      XCTAssertEqual(found.standardUncertainty, 0.005, text)
      XCTAssertEqual(found.unit, .degreeCelsius, text)
    }
    XCTAssertEqual(try PlusMinus.parse("1 ± 1e-3 eV")?.unit.symbol, "eV")
    XCTAssertNil(try PlusMinus.parse("20.012(5) °C"))
    for text in ["1 ±", "± 1", "1 ± x", "(1 ± 2 V) V", "1 ± 2 ± 3", "1 ± 0"] {
      XCTAssertThrowsError(try PlusMinus.parse(text), text) { error in
        XCTAssertFalse("\(error)".contains("syntax("), "\(error)")
      }
    }
  }
}
