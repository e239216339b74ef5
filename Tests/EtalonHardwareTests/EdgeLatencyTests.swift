import EtalonCore
import EtalonLinux
import Foundation
import Glibc
import XCTest

/// The delay from the kernel's time stamp of an edge to the one who asked for it, against the least that a C program can
/// do, in alternating rounds. `scripts/bench-gpio` gives the program and prints the ratio; without it there is nothing to
/// compare with.
final class EdgeLatencyTests: XCTestCase {
  func testDelayFromEdgeToInput() throws {
    guard let program = ProcessInfo.processInfo.environment["ETALON_EDGE_PROGRAM"] else {
      throw XCTSkip("no program to compare with; scripts/bench-gpio brings one")
    }
    let chip = try VirtualBoard.gpioSim(label: "latency", lineCount: 2)
    var world = try LinuxWorld(
      ports: [], lines: [LineSpecification(.offset(chip: "latency", 0), .input(edges: .both))], signals: .none)
    guard case .lineOpened = world.nextInput(until: nil).input else { return XCTFail("the line did not open") }
    let count = 100
    var ratios: [Double] = []
    for round in 1...8 {
      var ours: [Double] = []
      for edge in 0..<count {
        try chip.drive(0, high: edge % 2 == 0)
        let timed = world.nextInput(until: world.now() + 5_000_000_000)
        let now = LinuxClock.now()
        guard case .edge(_, _, let at) = timed.input else { return XCTFail("\(timed)") }
        ours.append(Double(now - at))
      }
      let theirs = try delays(program, [chip.path, "1", chip.pullPath(1), "\(count)"])
      XCTAssertEqual(theirs.count, count)
      let (mine, reference) = (median(ours), median(theirs))
      ratios.append(mine / reference)
      print("round \(round): Etalon \(mine / 1000) us, C \(reference / 1000) us, ratio \(mine / reference)")
    }
    print("edge to input, median of \(ratios.count) paired ratios: \(median(ratios)) (limit 1.3)")
    XCTAssertLessThan(median(ratios), 1.3)
  }

  private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private func delays(_ program: String, _ arguments: [String]) throws -> [Double] {
    let ended = try Program(arguments, executable: program).wait()
    XCTAssertEqual(ended.status, 0, ended.text)
    return ended.text.split(separator: "\n").compactMap { Double($0) }
  }
}
