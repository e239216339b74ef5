import EtalonMetrology
import XCTest

@testable import EtalonUncertainty

/// Model texts made of random pieces: each is read or refused, and one that is read has a finite value with finite
/// derivatives or a fault, never anything else.
final class ModelFuzzTests: XCTestCase {
  private let pieces = [
    "a", "b", "a.b", "sin(", "sqrt(", "ln(", "atan2(", "max(", "exp(", ")", "(", "[", "]", "+", "-", "*", "/", "^",
    "**", ",",
    "1", "2", "0", "0.5", "1e300", "3e-5", " ", "pi", "²", "=", "é", ".", "abs(", "pow(",
  ]

  func testRandomTexts() {
    var stream = RandomStream(seed: 44)
    var read = 0
    for _ in 0..<10_000 {
      let text = (0..<1 + Int(stream.next() % 12)).map { _ in pieces[Int(stream.next() % UInt64(pieces.count))] }
        .joined()
      do throws(ExpressionFault) {
        let model = try Expression(parsing: text)
        read += 1
        let values = model.variables.map { _ in stream.uniform(-2, 2) }
        let (value, gradient) = try model.gradient(values)
        XCTAssertTrue(value.isFinite, text)
        XCTAssertTrue(gradient.allSatisfy(\.isFinite), text)
        let hessian = try model.hessian(values).hessian
        XCTAssertTrue(hessian.allSatisfy(\.isFinite), text)
        // The program for many draws gives the same bits as the one for a single value.
        let batch = BatchTape([model.tape], inputs: values.count)
        let width = BatchTape.width
        let columns = UnsafeMutablePointer<Double>.allocate(capacity: batch.columnCount * width)
        defer { columns.deallocate() }
        columns.initialize(repeating: 0, count: batch.columnCount * width)
        batch.prepare(columns)
        for (i, x) in values.enumerated() { for k in 0..<3 { columns[i * width + k] = x } }
        let poles = PoleWatch([model.tape], estimates: values, names: model.variables)
        var candidates = [PoleWatch.Candidate](repeating: 0, count: poles.divisors.count)
        let isSuspect = batch.run(columns, count: 3, divisors: poles.divisors, candidates: &candidates)
        // Draws equal to the estimates are no candidates for a pole, unless a divisor is zero there.
        XCTAssertEqual(isSuspect, candidates.contains { $0 >= 0 }, text)
        XCTAssertEqual(columns[Int(batch.results[0]) * width + 2], value, text)
      } catch { XCTAssertFalse(error.description.isEmpty) }
    }
    XCTAssertGreaterThan(read, 300, "the pieces make too few models for the test to mean anything")
  }
}
