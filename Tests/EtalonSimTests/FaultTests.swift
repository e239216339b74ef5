import EtalonCore
import EtalonMetrology
import XCTest

@testable import EtalonSim

/// Every kind of fault, one by one, on an otherwise ideal bench: what the host sees with it, and that it is over.
final class FaultTests: XCTestCase {
  private let identity = "ETALON,DT100,0042,1.0\n"

  private func wire(_ kind: FaultKind, at: Double = 1, for duration: Double? = nil, value: Double? = nil)
    -> FaultEntry
  {
    FaultEntry(atSeconds: at, layer: .wire, target: "dut", kind: kind, forSeconds: duration, value: value)
  }

  private func device(
    _ kind: FaultKind, on target: String = "dut", at: Double = 1, for duration: Double? = nil, value: Double? = nil
  ) -> FaultEntry {
    FaultEntry(atSeconds: at, layer: .device, target: target, kind: kind, forSeconds: duration, value: value)
  }

  /// Asks for the identity before, twice within and once after a fault that begins at 1 s.
  private func exchanges(_ fault: FaultEntry) throws -> (before: Heard, during: Heard, next: Heard) {
    var world = try world(faults: [fault])
    let before = ask(&world, "*IDN?\n", within: 1.2)
    let during = ask(&world, "*IDN?\n")
    let next = ask(&world, "*IDN?\n")
    XCTAssertEqual(before.text, identity)
    return (before, during, next)
  }

  // MARK: Wire

  func testSilentWireSwallowsAnswersButTheDeviceHears() throws {
    var world = try world(faults: [wire(.silent, for: 2)])
    _ = ask(&world, "CAL:SEC:STAT?\n", within: 1.2)
    XCTAssertEqual(ask(&world, "CAL:SEC:STAT OFF,DT100;STAT?\n"), Heard())
    _ = ask(&world, "", within: 1)
    XCTAssertEqual(ask(&world, "CAL:SEC:STAT?\n").text, "0\n", "the device has heard the command")
  }

  func testDropLosesOneByteOfOneReply() throws {
    let (_, during, next) = try exchanges(wire(.drop))
    XCTAssertEqual(during.text.utf8.count, identity.utf8.count - 1)
    XCTAssertEqual(next.text, identity)
  }

  func testGarbage() throws {
    let (before, during, next) = try exchanges(wire(.garbage))
    XCTAssertFalse(during.text.contains("ETALON"))
    XCTAssertEqual(
      during.lastNanoseconds! - before.lastNanoseconds!, 1_200_000_000, "it takes the time of the reply")
    XCTAssertEqual(next.text, identity)
  }

  func testHalf() throws {
    let (_, during, next) = try exchanges(wire(.half))
    XCTAssertEqual(during.text, String(identity.prefix(11)))
    XCTAssertEqual(next.text, identity)
  }

  func testOnceBecomesLastingWithADuration() throws {
    let (_, during, next) = try exchanges(wire(.half, for: 10))
    XCTAssertEqual(during.text, String(identity.prefix(11)))
    XCTAssertEqual(next.text, String(identity.prefix(11)))
  }

  func testNoiseFlipsBitsAtItsRate() throws {
    var world = try world(faults: [wire(.noise, at: 0, value: 0.002)])
    var wrong = 0
    var total = 0
    for _ in 0..<200 {
      // Twelve characters there can be hit as well; then the device may not answer.
      let heard = ask(&world, "*OPC?;*IDN?\n", within: 0.1)
      guard heard.text.utf8.count == 24 else { continue }
      for (byte, right) in zip(Array(heard.text.utf8), Array(("1;" + identity).utf8)) {
        wrong += (byte ^ right) == 0 ? 0 : 1
        total += 1
      }
    }
    // Ten bits of a character at 0.002: about 2 % of the characters; a text of invalid UTF-8 is not counted here.
    XCTAssertGreaterThan(total, 1500)
    XCTAssertGreaterThan(Double(wrong) / Double(total), 0.005)
    XCTAssertLessThan(Double(wrong) / Double(total), 0.03)
  }

  func testNoiseReportsFramingErrors() throws {
    var world = try world(faults: [wire(.noise, at: 0, value: 0.05)])
    var errors: LineErrors = []
    for _ in 0..<50 { errors.formUnion(ask(&world, "*OPC?\n", within: 0.1).errors) }
    XCTAssertEqual(errors, .framing, "8N1 has no parity to be wrong")
  }

  func testFramingAndParityErrors() throws {
    for (kind, error) in [(FaultKind.framing, LineErrors.framing), (.parity, .parity)] {
      let (before, during, next) = try exchanges(wire(kind))
      XCTAssertEqual(before.errors, [])
      XCTAssertEqual(during.errors, error)
      XCTAssertNotEqual(during.text, identity)
      XCTAssertEqual(next.errors, [])
      XCTAssertEqual(next.text, identity)
    }
  }

  func testHangupInTheMiddleOfAReplyOnTheWire() throws {
    // The query of 6 characters ends at 6.45 ms, the reply begins at 7.45 ms; 4 of 22 characters are there at 12 ms.
    var world = try world(faults: [wire(.hangup, at: 0.012, for: 2)])
    let heard = ask(&world, "*IDN?\n")
    XCTAssertEqual(heard.text, "ETAL")
    XCTAssertEqual(heard.lost, .hangUp)
    XCTAssertEqual(ask(&world, "*IDN?\n", within: 0.5), Heard(), "what is sent to a lost port is lost")
    XCTAssertEqual(ask(&world, "").opened, 1, "it comes back after its time")
    XCTAssertEqual(ask(&world, "*IDN?\n").text, identity)
  }

  func testHangupInTheNextReply() throws {
    let (_, during, next) = try exchanges(wire(.hangupInReply))
    XCTAssertEqual(during.text, String(identity.prefix(11)))
    XCTAssertEqual(during.lost, .hangUp)
    XCTAssertEqual(next, Heard())
  }

  func testPortsThatDoNotOpen() throws {
    for (kind, reason) in [
      (FaultKind.missing, PortFault.missing), (.permission, .permission), (.busy, .busy), (.hangup, .hangUp),
    ] {
      var world = try world(faults: [wire(kind, at: 0, for: 3)])
      let first = ask(&world, "*IDN?\n")
      XCTAssertEqual(first, Heard(lost: reason), "no opening, only the reason")
      let later = ask(&world, "", within: 3)
      XCTAssertEqual(later, Heard(opened: 1))
      XCTAssertEqual(ask(&world, "*IDN?\n").text, identity)
    }
  }

  func testEchoComesBeforeTheAnswer() throws {
    let (_, during, next) = try exchanges(wire(.echo, for: 1))
    XCTAssertEqual(during.text, "*IDN?\n" + identity)
    XCTAssertEqual(next.text, identity)
  }

  func testStaleGivesTheAnswerToTheQueryBefore() throws {
    var world = try world(faults: [wire(.stale, for: 2)])
    XCTAssertEqual(ask(&world, "*IDN?\n", within: 1.2).text, identity)
    XCTAssertEqual(ask(&world, "*OPC?\n").text, identity)
    XCTAssertEqual(ask(&world, "SYST:VERS?\n", within: 2).text, "1\n")
    XCTAssertEqual(ask(&world, "*OPC?\n").text, "1\n")
  }

  func testDelayMakesAReplyLate() throws {
    var world = try world(faults: [wire(.delay, for: 1, value: 1.5)])
    _ = ask(&world, "*OPC?\n", within: 1.2)
    XCTAssertEqual(ask(&world, "*IDN?\n"), Heard())
    XCTAssertEqual(ask(&world, "*OPC?\n", within: 2).text, identity + "1\n", "the late reply comes first")
  }

  func testSplitDeliversInTwoPieces() throws {
    var world = try world(faults: [wire(.split, value: 0.3)])
    let whole = ask(&world, "*IDN?\n", within: 1.2)
    world.perform(.send(1, Frame(ascii: "*IDN?\n"), confidential: false))
    let pieces = (ask(&world, "", within: 0.1), ask(&world, "", within: 0.5))
    XCTAssertEqual(pieces.0.text, "ETALON,DT10")
    XCTAssertEqual(pieces.1.text, "0,0042,1.0\n")
    XCTAssertEqual(pieces.1.lastNanoseconds! - whole.lastNanoseconds!, 1_500_000_000)
    XCTAssertEqual(ask(&world, "*IDN?\n").text, identity)
  }

  func testBreak() throws {
    let (_, during, next) = try exchanges(wire(.lineBreak))
    XCTAssertEqual(during.text, "\0")
    XCTAssertEqual(during.errors, .breakCondition)
    XCTAssertEqual(next.text, identity)
  }

  // MARK: Device

  func testSilentDeviceNeitherHearsNorAnswers() throws {
    var world = try world(faults: [device(.silent, for: 2)])
    _ = ask(&world, "*OPC?\n", within: 1.2)
    XCTAssertEqual(ask(&world, "CAL:SEC:STAT OFF,DT100;STAT?\n"), Heard())
    _ = ask(&world, "", within: 1)
    XCTAssertEqual(ask(&world, "CAL:SEC:STAT?\n").text, "1\n")
  }

  func testStuckRepeatsTheValueAndStaleTheConversion() throws {
    var configuration = SimConfiguration.ideal()
    configuration.device.noiseKelvin = .fixed(0.01)
    for (kind, counts) in [(FaultKind.stuck, ["1", "2", "3"]), (.stale, ["1", "1", "1"])] {
      var world = try SimulatedWorld(configuration, seed: 2, faults: FaultPlan([device(kind, for: 10)]))
      let answers = [
        ask(&world, "MEAS:ALL?\n", within: 1.2).text, ask(&world, "MEAS:ALL?\n").text,
        ask(&world, "MEAS:ALL?\n").text,
      ].map { $0.split(separator: ",").map(String.init) }
      XCTAssertEqual(answers.map { $0[0] }, counts)
      XCTAssertEqual(Set(answers.map { $0[1] }).count, 1)
      _ = ask(&world, "", within: 10)
      let after = ask(&world, "MEAS:ALL?\n").text.split(separator: ",").map(String.init)
      XCTAssertNotEqual(after[1], answers[0][1])
    }
  }

  func testStuckReference() throws {
    var configuration = SimConfiguration.ideal()
    configuration.reference.noiseKelvin = 0.05
    var world = try SimulatedWorld(
      configuration, seed: 2, faults: FaultPlan([device(.stuck, on: "ref", for: 10)]))
    _ = ask(&world, "", within: 1.5)
    let readings = (0..<6).map { _ in ask(&world, "T\r", port: 0, within: 1.5).text }
    XCTAssertEqual(Set(readings).count, 1)
    _ = ask(&world, "", within: 3)
    XCTAssertNotEqual(ask(&world, "T\r", port: 0).text, readings[0])
  }

  func testSaturate() throws {
    var world = try world(faults: [device(.saturate, for: 2)])
    _ = ask(&world, "", within: 1.2)
    XCTAssertEqual(ask(&world, "MEAS:ALL?\n").text, "1,16777215,+9.9E+37,1\n")
    _ = ask(&world, "", within: 2)
    XCTAssertEqual(ask(&world, "MEAS?\n").text, "+25.00\n")
  }

  func testOffsetStep() throws {
    var world = try world(faults: [
      device(.offsetStep, for: 3, value: 0.25), device(.offsetStep, on: "ref", for: 3, value: -0.5),
    ])
    _ = ask(&world, "", within: 2.5)
    XCTAssertEqual(ask(&world, "MEAS?\n", within: 0.5).text, "+25.25\n")
    XCTAssertEqual(ask(&world, "T\r", port: 0, within: 0.5).text, "t:   24.500 C\r\n")
    _ = ask(&world, "", within: 3)
    XCTAssertEqual(ask(&world, "MEAS?\n").text, "+25.00\n")
    XCTAssertEqual(ask(&world, "T\r", port: 0).text, "t:   25.000 C\r\n")
  }

  func testStoreCorruptShowsInTheChecksumAndAfterPowerOff() throws {
    var world = try world(faults: [device(.storeCorrupt), device(.powerCycle, at: 6)])
    _ = ask(&world, "CAL:SEC:STAT OFF,DT100;:CAL:DATA 29.5,30,0,0\n", within: 1.2)
    _ = ask(&world, "CAL:STOR\n")
    let set = "+2.950000000000E+01,+3.000000000000E+01,+0.000000000000E+00,+0.000000000000E+00"
    XCTAssertEqual(ask(&world, "CAL:DATA?;COUN?\n").text, set + ";2\n", "the working set does not show it")
    let right = String(TwinText.crc32(Array(set.utf8)), radix: 16, uppercase: true)
    XCTAssertNotEqual(ask(&world, "CAL:CRC?\n").text, "#H\(right)\n", "the checksum of the store does")
    _ = ask(&world, "", within: 3)
    XCTAssertEqual(
      ask(&world, "CAL:DATA?\n").text,
      "+2.950000000000E+01,+3.002929687500E+01,+0.000000000000E+00,+0.000000000000E+00\n")
  }

  func testWriteCorruptShowsInTheReadBack() throws {
    var world = try world(faults: [device(.writeCorrupt, value: 2)])
    _ = ask(&world, "CAL:SEC:STAT OFF,DT100\n", within: 1.2)
    XCTAssertEqual(
      ask(&world, "CAL:DATA 29.5,30,0,0;DATA?\n").text,
      "+2.950000000000E+01,+3.000000000000E+01,+1.000000000000E-03,+0.000000000000E+00\n")
  }

  func testRefuseStore() throws {
    var world = try world(faults: [device(.refuseStore)])
    _ = ask(&world, "CAL:SEC:STAT OFF,DT100\n", within: 1.2)
    XCTAssertEqual(ask(&world, "CAL:STOR\nCAL:COUN?;:SYST:ERR?\n").text, "1;-311,\"Memory error\"\n")
  }

  func testPowerCycleDropsTheAnswerUnderWay() throws {
    var world = try world(faults: [device(.powerCycle, at: 0.02, for: 1)])
    XCTAssertEqual(ask(&world, "MEAS?\n", within: 0.5).text, "", "the conversion is not over at 20 ms")
    XCTAssertEqual(ask(&world, "MEAS?\n", within: 0.3), Heard())
    _ = ask(&world, "", within: 1)
    XCTAssertEqual(ask(&world, "MEAS:ALL?\n").text, "1,7689557,+25.00,1\n")
  }

  // MARK: Plant

  func testHeaterStuckOnAndOff() throws {
    let plan = FaultPlan([
      FaultEntry(atSeconds: 1, layer: .plant, kind: .heaterStuckOn, forSeconds: 2),
      FaultEntry(atSeconds: 4, layer: .plant, kind: .heaterStuckOn, forSeconds: 2, value: 321),
      FaultEntry(atSeconds: 7, layer: .plant, kind: .heaterStuckOff, forSeconds: 2),
    ])
    var world = try SimulatedWorld(.ideal(), seed: 1, faults: plan)
    let watts = (0..<10).map { second in
      if second == 6 { _ = ask(&world, "HEAT:POW 77;STAT ON\n", port: 2, within: 0) }
      _ = ask(&world, "", within: 1)
      return world.bench.bath.heaterWatts
    }
    XCTAssertEqual(watts, [1500, 1500, 0, 321, 321, 0, 0, 0, 77, 77])
    XCTAssertEqual(ask(&world, "HEAT:ALL?\n", port: 2).text.prefix(8), "1,77.00,")
  }

  func testRoomStep() throws {
    let plan = FaultPlan([FaultEntry(atSeconds: 1, layer: .plant, kind: .roomStep, forSeconds: 60, value: 8)])
    var world = try SimulatedWorld(.ideal(celsius: 23), seed: 1, faults: plan)
    XCTAssertEqual(ask(&world, "MEAS:ROOM?\n", port: 2, within: 1.5).text, "+23.00,45.0,101325\n")
    XCTAssertEqual(ask(&world, "MEAS:ROOM?\n", port: 2).text, "+31.00,45.0,101325\n")
    _ = ask(&world, "", within: 60)
    XCTAssertEqual(ask(&world, "MEAS:ROOM?\n", port: 2).text, "+23.00,45.0,101325\n")
  }
}
