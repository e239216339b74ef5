import EtalonCore
import EtalonMetrology
import XCTest

@testable import EtalonSession

/// The virtual bench as its files describe it.
final class BoardFileTests: XCTestCase {
  func testVirtualBench() throws {
    let board = try BoardFile.load(directory: SessionFixture.board)
    XCTAssertEqual(board.name, "virtual-bench")
    XCTAssertEqual(board.bench.instruments.map(\.device), ["hart_1502a", "dt100", "bc200"])
    XCTAssertEqual(board.bench.instruments.map(\.roles), [["ref"], ["dut"], ["bath", "room"]])
    XCTAssertEqual(board.bench.instruments.map(\.port), ["ref", "dut", "bath"])
    XCTAssertEqual(board.bench.instruments.map(\.settings.baud), [9600, 9600, 19200])
    XCTAssertEqual(board.bench.instruments[2].deadManSeconds, 30)
    XCTAssertEqual(board.bench.instruments[0].certificate?.instrumentSerial, "1502A-0815")
    XCTAssertEqual(board.actuatorMaximumWatts, 1500)
    XCTAssertEqual(board.heatCapacityJoulesPerKelvin, 21_000)
    XCTAssertEqual(board.lossWattsPerKelvin, 6)
    XCTAssertEqual(board.coolingWattsPerKelvin, 20)
    XCTAssertEqual(board.sinkCelsius, 2)
    XCTAssertEqual(board.roomCelsius, 23)
    // Heat balance by hand: (6·23 + 20·2)/26 with the heater off, (1500 + 178)/26 with it full.
    let range = try XCTUnwrap(board.holdableCelsius)
    XCTAssertEqual(range.lowerBound, 178.0 / 26, accuracy: 1e-12)
    XCTAssertEqual(range.upperBound, 1678.0 / 26, accuracy: 1e-12)
  }

  func testTravelTimeIsThatOfOneThermalMass() throws {
    let board = try BoardFile.load(directory: SessionFixture.board)
    // τ = 21000/26 s; from 50 °C to 25 °C with the heater off: τ ln((50 − 178/26)/(25 − 178/26)) = 699.372 s.
    XCTAssertEqual(try XCTUnwrap(board.travelSeconds(from: 50, to: 25)), 699.372, accuracy: 0.001)
    XCTAssertEqual(board.travelSeconds(from: 25, to: 25), 0)
    XCTAssertNil(board.travelSeconds(from: 25, to: 70))
    XCTAssertNil(board.travelSeconds(from: 25, to: 5))
  }

  func testFaults() throws {
    let text = try String(contentsOfFile: SessionFixture.board + "/board.yaml", encoding: .utf8)
    // Certificates are named relative to the file, so that the edited one keeps the folder.
    func fault(_ old: String, _ new: String) -> FileFault? {
      XCTAssertTrue(text.contains(old), old)
      let edited = text.replacingOccurrences(of: old, with: new)
      do throws(FileFault) {
        _ = try BoardFile.load(SourceFile(name: SessionFixture.board + "/b.yaml", bytes: Array(edited.utf8)))
        return nil
      } catch { return error }
    }
    XCTAssertNil(fault("etalon: 1", "etalon: 1"), "the unspoilt board is the control")
    let cases: [(String, String, Int32, String)] = [
      ("device: dt100", "device: dt10", 78, "no driver for the device 'dt10'"),
      ("heater: 1500 W", "heater: 1500", 78, "has no unit"),
      ("heater: 1500 W", "heater: 1500 K", 78, "is not a power"),
      ("heater: 1500 W", "heeter: 1500 W", 78, "unknown key 'heeter'"),
      ("kind: stirred-bath", "kind: oven", 78, "can not be 'oven'"),
      ("device: bc200, port: bath", "device: bc200, port: bad", 78, "not the name of the first role"),
      ("baud: 19200}  ", "baud: 9600}  ", 78, "is set to 19200 baud"),
      ("device: bc200, port: bath", "device: dt100, port: bath", 78, "already has a bc200"),
      ("dead_man: 30 s", "dead_man: 1 h", 78, "out of range"),
      ("ref-1502a.yaml", "nothing.yaml", 66, "named as certificate in"),
      ("sink: 2 °C", "sink: 2 K", 78, "K names a difference"),
    ]
    for (old, new, exit, reason) in cases {
      let found = fault(old, new)
      XCTAssertEqual(found?.exitStatus, exit, new)
      XCTAssertTrue(found?.description.contains(reason) ?? false, "\(new): \(String(describing: found))")
    }
  }

  func testMissingBoard() {
    do throws(FileFault) {
      _ = try BoardFile.load(directory: "no/such/board")
      XCTFail("there is no such board")
    } catch { XCTAssertEqual(error.exitStatus, 66) }
  }

  /// 500 boards, benches and certificates each, with up to four bytes changed: refused with a place, or accepted. A crash
  /// ends the test.
  func testRandomBytes() throws {
    let folder = SessionFixture.board
    func text(_ file: String) throws -> [UInt8] {
      Array(try String(contentsOfFile: folder + file, encoding: .utf8).utf8)
    }
    let files: [(name: String, bytes: [UInt8], load: (SourceFile) throws(FileFault) -> Void)] = [
      ("/board.yaml", try text("/board.yaml"), { source throws(FileFault) in _ = try BoardFile.load(source) }),
      (
        "/bench.example.yaml", try text("/bench.example.yaml"),
        { source throws(FileFault) in _ = try BenchFile.load(source) }
      ),
      (
        "/certificates/ref-1502a.yaml", try text("/certificates/ref-1502a.yaml"),
        { source throws(FileFault) in _ = try CertificateFile.load(source) }
      ),
    ]
    var refused = 0
    for (name, original, load) in files {
      for seed in 1...500 as ClosedRange<UInt64> {
        var stream = RandomStream(seed: seed)
        var bytes = original
        for _ in 0...(stream.next() % 4) {
          bytes[Int(stream.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: 0x20 + stream.next() % 0x60)
        }
        do throws(FileFault) { try load(SourceFile(name: folder + name, bytes: bytes)) } catch {
          refused += 1
          for diagnostic in error.diagnostics {
            XCTAssertFalse(diagnostic.reason.isEmpty || diagnostic.fix.isEmpty, "\(name), seed \(seed)")
          }
        }
      }
    }
    // Comments take a good part of these files; most other bytes matter.
    XCTAssertGreaterThan(refused, 500)
    XCTAssertLessThan(refused, 1500)
  }
}
