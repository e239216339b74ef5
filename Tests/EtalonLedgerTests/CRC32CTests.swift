import EtalonLedger
import XCTest

final class CRC32CTests: XCTestCase {
  private func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { CRC32C.checksum($0) } }

  /// The check value of CRC-32C ("CRC-32/ISCSI" in the catalogue of parametrised CRC algorithms).
  func testCheckValue() {
    XCTAssertEqual(checksum(Array("123456789".utf8)), 0xE306_9283)
  }

  /// RFC 3720, appendix B.4: the four 32-byte examples and the 48-byte read command. The RFC prints the bytes in the
  /// order on the wire, which is the least significant first.
  func testExamplesOfTheInternetStandard() {
    XCTAssertEqual(checksum([UInt8](repeating: 0, count: 32)), 0x8A91_36AA)
    XCTAssertEqual(checksum([UInt8](repeating: 0xFF, count: 32)), 0x62A8_AB43)
    XCTAssertEqual(checksum(Array(0...31)), 0x46DD_794E)
    XCTAssertEqual(checksum((0...31).reversed()), 0x113F_DB5C)
    var command = [UInt8](repeating: 0, count: 48)
    command[0] = 0x01
    command[1] = 0xC0
    command[16] = 0x14
    command[22] = 0x04
    command[27] = 0x14
    command[31] = 0x18
    command[32] = 0x28
    command[40] = 0x02
    XCTAssertEqual(checksum(command), 0xD996_3A56)
  }

  /// Any split of the bytes over several updates gives the same check.
  func testSplitsAgree() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 37 + 11) }
    let whole = checksum(bytes)
    for split in 0...bytes.count {
      var check = CRC32C()
      bytes[..<split].withUnsafeBytes { check.update($0) }
      bytes[split...].withUnsafeBytes { check.update($0) }
      XCTAssertEqual(check.value, whole, "split at \(split)")
    }
  }
}
