import XCTest

@testable import EtalonSession

/// Certificates of references: what is read, and what is refused.
final class CertificateFileTests: XCTestCase {
  private let path = SessionFixture.board + "/certificates/ref-1502a.yaml"

  func testCertificateOfTheVirtualBench() throws {
    let certificate = try CertificateFile.load(path: path)
    XCTAssertEqual(certificate.identifier, "VB-2026-0815")
    XCTAssertEqual(certificate.instrumentSerial, "1502A-0815")
    XCTAssertEqual(certificate.issued.year, 2025)
    XCTAssertEqual(certificate.due.year, 2027)
    XCTAssertEqual(certificate.lowerBound, 0)
    XCTAssertEqual(certificate.upperBound, 60)
    XCTAssertEqual(certificate.points.map(\.at), [0, 30, 60])
    XCTAssertEqual(certificate.points.map(\.correction), [0.012, -0.004, 0.009])
    // u = U/k = 0.030 K / 2.
    XCTAssertEqual(certificate.points.map(\.standardUncertainty), [0.015, 0.015, 0.015])
    XCTAssertEqual(certificate.correlation, 0.5)
    XCTAssertEqual(certificate.degreesOfFreedom, .infinity)
  }

  func testFaults() throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    func fault(_ old: String, _ new: String) -> FileFault? {
      XCTAssertTrue(text.contains(old), old)
      do throws(FileFault) {
        _ = try CertificateFile.load(
          SourceFile(name: "c.yaml", bytes: Array(text.replacingOccurrences(of: old, with: new).utf8)))
        return nil
      } catch { return error }
    }
    XCTAssertNil(fault("correlation: 0.5", "correlation: 0.5\ndof: 50"))
    let cases: [(String, String, Int, String)] = [
      ("correlation: 0.5", "correlation: 1", 12, "is not a correlation"),
      ("correlation: 0.5", "correlation: -0.6", 12, "is impossible"),
      ("correlation: 0.5", "corelation: 0.5", 12, "did you mean 'correlation'?"),
      ("correlation: 0.5", "correlation: 0.5\ndof: 0", 13, "degrees of freedom"),
      ("due: 2027-11-02", "due: 2027-02-30", 5, "no day of the calendar"),
      ("due: 2027-11-02", "due: 02.11.2027", 5, "no day of the calendar"),
      ("due: 2027-11-02", "due: 2025-11-02", 5, "due before it was issued"),
      ("correction: -0.004 K, U: 0.030 K", "correction: -0.004 °C, U: 0.030 K", 10, "°C where a difference is due"),
      ("correction: -0.004 K, U: 0.030 K", "correction: -0.004 K, U: 0 K", 10, "not above zero"),
      ("at: 30 °C", "at: 60 °C", 11, "two points at 60.0 °C"),
      ("at: 30 °C", "at: 90 °C", 10, "outside the certificate's range"),
      ("range: [0 °C, 60 °C]", "range: [60 °C, 0 °C]", 7, "swapped"),
      (", k: 2}\n  - {at: 60", ", k: 0}\n  - {at: 60", 10, "not a coverage factor"),
      ("serial: 1502A-0815", "serial: \"\"", 3, "is empty"),
    ]
    for (old, new, line, reason) in cases {
      let found = fault(old, new)
      XCTAssertEqual(found?.exitStatus, 65, new)
      XCTAssertTrue(found?.description.contains(reason) ?? false, "\(new): \(String(describing: found))")
      XCTAssertEqual(found?.diagnostics.first?.line, line, "\(new): \(String(describing: found))")
    }
  }
}
