import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

private typealias Unit = EtalonMetrology.Unit

final class ModelExpressionTests: XCTestCase {
  private func value(_ text: String, _ values: [Double] = []) throws -> Double {
    try Expression(parsing: text).evaluate(values)
  }

  func testPrecedenceAndNotation() throws {
    XCTAssertEqual(try value("1 + 2*3"), 7)
    XCTAssertEqual(try value("-2^2"), -4)
    XCTAssertEqual(try value("2^3^2"), 512)
    XCTAssertEqual(try value("2**3**2"), 512)
    XCTAssertEqual(try value("2^-1"), 0.5)
    XCTAssertEqual(try value("8/4/2"), 1)
    XCTAssertEqual(try value("7-4-2"), 1)
    XCTAssertEqual(try value("2*[3+(4-1)]"), 12)
    XCTAssertEqual(try value("1.5e-3"), 0.0015)
    XCTAssertEqual(try value("3·4 − 2×5"), 2)
    XCTAssertEqual(try value("12 H + 6 C + 6 O", [1, 10, 100]), 672)
    XCTAssertEqual(try value("2(3+4)"), 14)
    XCTAssertEqual(try value("2x²", [3]), 18)
    XCTAssertEqual(try value("cos(pi)"), -1)
    XCTAssertEqual(try value("x", [4]), 4)
    XCTAssertEqual(try value("x - x*0", [4]), 4)
    XCTAssertEqual(try value("max(a, b) - min(a, b)", [3, 5]), 2)
    XCTAssertEqual(try value("2 e", [3]), 6)
    XCTAssertEqual(try value("-10 x", [3]), -30)
    XCTAssertEqual(try value("4 - 2 x", [3]), -2)
  }

  func testVariablesInOrderOfAppearance() throws {
    let model = try Expression(parsing: "dut - (ref + ref.correction) + 0*dut")
    XCTAssertEqual(model.variables, ["dut", "ref", "ref.correction"])
    XCTAssertEqual(try model.evaluate([10.3, 10.1, -0.05]), 10.3 - (10.1 - 0.05))
    let fixed = try Expression(parsing: "b1*exp(-b2*x)", variables: ["x", "b1", "b2"])
    XCTAssertEqual(try fixed.evaluate([0, 7, 3]), 7)
    XCTAssertEqual(
      try Expression(parsing: "c*x", variables: ["x"], constants: ["c": 3]).evaluate([2]), 6)
  }

  /// Derivatives written out by hand at one point; a few units of rounding in sums of terms of size one.
  func testFirstDerivativesAreExact() throws {
    let x = 0.3
    let y = 0.7
    let cases: [(String, Double, Double)] = [
      ("x*y", y, x), ("x/y", 1 / y, -x / (y * y)), ("x^3 - y^-2", 3 * x * x, 2 / (y * y * y)),
      ("exp(x*y)", y * Elementary.exp(x * y), x * Elementary.exp(x * y)),
      ("ln(x) + log10(y)", 1 / x, 1 / (y * 2.302585092994046)),
      ("sqrt(x)*y", y / (2 * x.squareRoot()), x.squareRoot()),
      ("sin(x) + cos(y)", Elementary.cos(x), -Elementary.sin(y)),
      ("tan(x) + atan(y)", 1 / (Elementary.cos(x) * Elementary.cos(x)), 1 / (1 + y * y)),
      ("asin(x) + acos(y)", 1 / (1 - x * x).squareRoot(), -1 / (1 - y * y).squareRoot()),
      ("atan2(y, x)", -y / (x * x + y * y), x / (x * x + y * y)),
      ("x^y", y * Elementary.pow(x, y - 1), Elementary.pow(x, y) * Elementary.log(x)),
      ("sinh(x) + cosh(y)", Elementary.cosh(x), Elementary.sinh(y)),
      ("tanh(x) + abs(y)", 1 - Elementary.tanh(x) * Elementary.tanh(x), 1),
      ("x^0.5", 0.5 / x.squareRoot(), 0),
      ("max(x, y) + 2*min(x, y)", 2, 1), ("7 + 0*x*y", 0, 0),
    ]
    for (text, dx, dy) in cases {
      let model = try Expression(parsing: text, variables: ["x", "y"])
      let gradient = try model.gradient([x, y]).gradient
      XCTAssertEqual(gradient[0], dx, accuracy: 4e-15 * max(1, abs(dx)), text)
      XCTAssertEqual(gradient[1], dy, accuracy: 4e-15 * max(1, abs(dy)), text)
      // The Taylor arithmetic is a second, independent route to the same first derivatives.
      let jet = try model.tape.run([x, y], along: 0, and: 1, variables: ["x", "y"])
      XCTAssertEqual(jet.t, dx, accuracy: 4e-15 * max(1, abs(dx)), text)
      XCTAssertEqual(jet.e, dy, accuracy: 4e-15 * max(1, abs(dy)), text)
    }
  }

  /// Second and third derivatives against central differences of the exact derivative of one order less.
  func testHigherDerivativesAgreeWithDifferences() throws {
    let texts = [
      "x*y", "x/y", "x^3*y^2", "exp(x*y)", "log(x*y)", "log10(x + y)", "sqrt(x*y)", "sin(x*y)",
      "cos(x + y^2)", "tan(x*y)",
      "asin(x*y)", "acos(x*y)", "atan(x/y)", "atan2(y, x)", "atan2(x, y)", "x^y", "sinh(x*y)",
      "cosh(x*y)", "tanh(x*y)",
      "x^1.5*y", "abs(x*y*y)", "x^-2*y",
    ]
    let point = [0.3, 0.7]
    let h = 1e-4
    for text in texts {
      let model = try Expression(parsing: text, variables: ["x", "y"])
      let hessian = try model.hessian(point).hessian
      let third = try model.mixedThirdDerivatives(point)
      for i in 0..<2 {
        var up = point
        var down = point
        up[i] += h
        down[i] -= h
        let high = try model.hessian(up)
        let low = try model.hessian(down)
        for j in 0..<2 {
          let second = (high.gradient[j] - low.gradient[j]) / (2 * h)
          // Truncation of the difference: h²/6 of a third derivative up to some hundreds.
          XCTAssertEqual(
            hessian[2 * i + j], second, accuracy: 2e-6 * max(1, abs(second)), "\(text) \(i) \(j)")
          let difference = (high.hessian[2 * j + j] - low.hessian[2 * j + j]) / (2 * h)
          XCTAssertEqual(
            third[2 * i + j], difference, accuracy: 1e-5 * max(1, abs(difference)),
            "\(text) \(i) \(j)")
        }
      }
    }
  }

  func testTextsThatCannotBeRead() {
    for text in [
      "", " ", "x +", "(x", "x)", "sin x y", "* x", "x $ y", "1.2.3", "f(,)", "x y", "exp()", "[x)",
    ] {
      XCTAssertThrowsError(try Expression(parsing: text), text) {
        XCTAssertTrue($0 is ExpressionFault)
      }
    }
    XCTAssertThrowsError(try Expression(parsing: "sqr(x)")) {
      XCTAssertEqual($0 as? ExpressionFault, .unknownFunction("sqr", nearest: "sqrt"))
    }
    XCTAssertThrowsError(try Expression(parsing: "atan2(x)")) {
      XCTAssertEqual(
        $0 as? ExpressionFault, .argumentCount(function: "atan2", expected: 2, received: 1))
    }
    XCTAssertThrowsError(try Expression(parsing: "ref.corection", variables: ["ref.correction"])) {
      XCTAssertEqual(
        $0 as? ExpressionFault, .unknownVariable("ref.corection", nearest: "ref.correction"))
    }
    for text in [String(repeating: "(", count: 5000), String(repeating: "-", count: 5000) + "x"] {
      XCTAssertThrowsError(try Expression(parsing: text)) {
        XCTAssertEqual($0 as? ExpressionFault, .tooLarge)
      }
    }
    // A long sum is not a deep one.
    XCTAssertNoThrow(try Expression(parsing: String(repeating: "x+", count: 4000) + "x"))
  }

  func testValuesThatHaveNoResult() throws {
    func fault(_ text: String, _ values: [Double]) -> ExpressionFault? {
      do throws(ExpressionFault) {
        _ = try Expression(parsing: text).gradient(values)
        return nil
      } catch { return error }
    }
    XCTAssertEqual(
      fault("1/(a-b)", [1, 1]), .undefined(operation: "1.0 / (a - b)", arguments: [1, 0]))
    XCTAssertEqual(fault("ln(a)", [-1]), .undefined(operation: "log(a)", arguments: [-1]))
    XCTAssertEqual(fault("sqrt(a)", [-1]), .undefined(operation: "sqrt(a)", arguments: [-1]))
    XCTAssertEqual(fault("exp(a)", [1000]), .undefined(operation: "exp(a)", arguments: [1000]))
    XCTAssertEqual(fault("1/0*a", [1]), .undefined(operation: "1.0 / 0.0", arguments: [1, 0]))
    XCTAssertEqual(fault("sqrt(a)", [0]), .notDifferentiable(operation: "sqrt(a)", arguments: [0]))
    XCTAssertEqual(fault("abs(a)", [0]), .notDifferentiable(operation: "abs(a)", arguments: [0]))
    XCTAssertEqual(fault("a", [1, 2]), .valueCount(expected: 1, received: 2))
    XCTAssertEqual(fault("a", [.infinity]), .notFinite(variable: "a", value: .infinity))
    XCTAssertNil(fault("a^2", [0]))
    XCTAssertNotNil(fault("a", [.nan]))
  }

  func testUnitsOfAModel() throws {
    func unit(_ text: String, _ units: [(String, String)]) throws -> String {
      let model = try Expression(parsing: text, variables: units.map(\.0))
      return try model.unit(of: units.map { try Unit.parse($0.1) }).symbol
    }
    XCTAssertEqual(try unit("V/I*cos(phi)", [("V", "V"), ("I", "A"), ("phi", "rad")]), "V/A")
    XCTAssertEqual(try unit("dut - (ref + c)", [("dut", "°C"), ("ref", "°C"), ("c", "K")]), "K")
    XCTAssertEqual(try unit("ref + c", [("ref", "°C"), ("c", "K")]), "°C")
    XCTAssertEqual(try unit("sqrt(a*a + b^2)", [("a", "mV"), ("b", "mV")]), "mV")
    XCTAssertEqual(try unit("exp(-t/tau)", [("t", "min"), ("tau", "min")]), "1")
    XCTAssertEqual(try unit("(rho - 1.2)*v", [("rho", "kg/m³"), ("v", "m³")]), "kg")
    XCTAssertEqual(try unit("x", [("x", "°C")]), "°C")
    for (text, units) in [
      ("a + b", [("a", "V"), ("b", "A")]), ("a + b", [("a", "mm"), ("b", "m")]), ("a + b", [("a", "°C"), ("b", "°C")]),
      ("exp(a)", [("a", "s")]), ("sin(a)", [("a", "%")]), ("sqrt(a)", [("a", "m")]), ("2^a", [("a", "K")]),
      ("a - b", [("a", "K"), ("b", "°C")]), ("max(a, b)", [("a", "K"), ("b", "°C")]),
    ] {
      XCTAssertThrowsError(try unit(text, units), text) {
        guard case ExpressionFault.units = $0 else { return XCTFail("\($0)") }
      }
    }
  }
}
