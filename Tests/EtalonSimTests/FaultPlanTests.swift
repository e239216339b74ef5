import XCTest

@testable import EtalonSim

final class FaultPlanTests: XCTestCase {
  func testNamesOfLayersAndKinds() throws {
    XCTAssertEqual(try FaultLayer.parse("wire"), .wire)
    XCTAssertThrowsError(try FaultLayer.parse("cable")) {
      XCTAssertEqual(
        $0 as? FaultPlanFault,
        .unknownLayer("cable", known: ["wire", "device", "line", "clock", "plant"]))
    }
    var named = 0
    for layer in FaultLayer.allCases {
      for kind in layer.kinds {
        XCTAssertEqual(try FaultKind.parse(kind.name, layer: layer), kind)
        named += 1
      }
    }
    XCTAssertGreaterThanOrEqual(named, 30)
    XCTAssertEqual(FaultKind.names.count, FaultKind.allCases.count)
    XCTAssertEqual(FaultKind.lineBreak.name, "break", "names and kinds are in the same order")
    XCTAssertEqual(FaultKind.roomStep.name, "room-step")
    XCTAssertEqual(Set(FaultLayer.allCases.flatMap(\.kinds)), Set(FaultKind.allCases), "no kind without a layer")
    XCTAssertThrowsError(try FaultKind.parse("sylent", layer: .device)) {
      XCTAssertEqual(
        $0 as? FaultPlanFault,
        .unknownKind(
          "sylent", layer: .device,
          known: [
            "silent", "stuck", "stale", "saturate", "offset-step", "store-corrupt", "write-corrupt", "refuse-store",
            "power-cycle",
          ]))
    }
  }

  func testPlansAreCheckedAgainstTheBench() {
    func fault(_ entry: FaultEntry) -> FaultPlanFault? {
      do {
        _ = try SimulatedWorld(SimConfiguration(), seed: 1, faults: FaultPlan([entry]))
        return nil
      } catch .faultPlan(let fault) {
        return fault
      } catch {
        return nil
      }
    }
    XCTAssertNil(fault(FaultEntry(atSeconds: 1, layer: .wire, target: "room", kind: .silent)))
    XCTAssertNil(fault(FaultEntry(atSeconds: 1, layer: .wire, target: "hart_1502a", kind: .silent)))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .wire, target: "reff", kind: .silent)),
      .unknownTarget("reff", index: 0, known: ["ref", "hart_1502a", "dut", "dt100", "bath", "room", "bc200"]))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .line, target: "x", kind: .stuck)),
      .unknownTarget("x", index: 0, known: []))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .device, target: "ref", kind: .storeCorrupt)),
      .notOffered(.storeCorrupt, target: "ref", index: 0))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .wire, target: "ref", kind: .roomStep)),
      .unknownKind("room-step", layer: .wire, known: FaultLayer.wire.kinds.map(\.name)))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .wire, target: "ref", kind: .delay)),
      .missingValue(.delay, index: 0))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: 1, layer: .wire, target: "ref", kind: .noise, value: 0.6)),
      .value(.noise, 0.6, index: 0))
    XCTAssertEqual(
      fault(FaultEntry(atSeconds: -1, layer: .wire, target: "ref", kind: .silent)), .time(-1, index: 0))
  }

  private func entry(_ number: Int, for duration: Double? = 8) -> FaultEntry {
    FaultEntry(atSeconds: Double(number), layer: .wire, target: "dut", kind: .silent, forSeconds: duration)
  }

  /// Only entries 3 and 17 together fail, and only if entry 3 lasts longer than 1 s.
  func testShrinkingFindsTheSmallestFailingPlan() {
    let plan = FaultPlan((0..<20).map { entry($0) })
    var runs = 0
    let smallest = plan.shrunk { candidate in
      runs += 1
      let long = candidate.entries.contains { $0.atSeconds == 3 && ($0.forSeconds ?? 0) > 1 }
      return long && candidate.entries.contains { $0.atSeconds == 17 }
    }
    XCTAssertEqual(smallest.entries.map(\.atSeconds), [3, 17])
    XCTAssertEqual(smallest.entries[0].forSeconds, 2)
    XCTAssertLessThan(smallest.entries[1].forSeconds ?? 8, 0.011)
    XCTAssertLessThan(runs, 120)
  }

  func testShrinkingAPlanThatDoesNotFailChangesNothing() {
    let plan = FaultPlan([entry(1), entry(2)])
    XCTAssertEqual(plan.shrunk { _ in false }, plan)
  }

  func testRandomPlansAreReproducibleAndValid() throws {
    let configuration = SimConfiguration()
    let plan = FaultPlan.random(seed: 9, count: 200, durationSeconds: 1000, configuration: configuration)
    XCTAssertEqual(
      plan, FaultPlan.random(seed: 9, count: 200, durationSeconds: 1000, configuration: configuration))
    XCTAssertNotEqual(
      plan, FaultPlan.random(seed: 10, count: 200, durationSeconds: 1000, configuration: configuration))
    XCTAssertEqual(try plan.resolved(for: configuration).count, 400)
    XCTAssertEqual(Set(plan.entries.map(\.kind)).count, 10)
  }
}
