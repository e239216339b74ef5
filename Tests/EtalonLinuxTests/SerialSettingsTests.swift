import EtalonCore
import XCTest

@testable import EtalonLinux

/// A setting that a port took and did not apply is told by its name.
final class SerialSettingsTests: XCTestCase {
  func testEachSettingThatDiffersHasItsFault() {
    let wanted = SerialSettings(baud: 19200, dataBits: 7, parity: .even, stopBits: 2)
    func fault(
      baud: Int = 19200, dataBits: Int = 7, parity: SerialSettings.Parity? = .even, stopBits: Int = 2
    ) -> PortFault? {
      SerialPort.difference(wanted, baud: baud, dataBits: dataBits, parity: parity, stopBits: stopBits)
    }
    XCTAssertNil(fault())
    XCTAssertEqual(fault(baud: 9600), .baudNotApplied)
    XCTAssertEqual(fault(baud: 0), .baudNotApplied)
    XCTAssertEqual(fault(dataBits: 8), .dataBitsNotApplied)
    XCTAssertEqual(fault(parity: SerialSettings.Parity.none), .parityNotApplied)
    XCTAssertEqual(fault(parity: .odd), .parityNotApplied)
    XCTAssertEqual(fault(parity: nil), .parityNotApplied, "mark and space parity are neither of ours")
    XCTAssertEqual(fault(stopBits: 1), .stopBitsNotApplied)
  }

  /// A divider may miss the rate by 2 % and no more: 19200 from a 1.8432 MHz clock is exact, 19584 is the limit.
  func testARateMayMissByTwoPercent() {
    func fault(_ baud: Int) -> PortFault? {
      SerialPort.difference(
        SerialSettings(baud: 19200), baud: baud, dataBits: 8, parity: SerialSettings.Parity.none, stopBits: 1)
    }
    XCTAssertNil(fault(19584))
    XCTAssertNil(fault(18816))
    XCTAssertEqual(fault(19585), .baudNotApplied)
    XCTAssertEqual(fault(18815), .baudNotApplied)
  }
}
