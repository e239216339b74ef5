import EtalonCore
import XCTest

@testable import EtalonSensors
@testable import EtalonSim

/// The chip-scale clock's driver and its twin, each against literal exchanges of the SA.45s user guide (rev. D).
final class SA45sTests: XCTestCase {
  private let headers =
    "Status,Alarm,SN,Mode,Contrast,LaserI,TCXO,HeatP,Sig,Temp,Steer,ATune,Phase,DiscOK,TOD,LTime,Ver\r\n"
  private let values =
    "0,0x0000,1209CS00909,0x0010,4381,0.86,1.573,17.62,0.996,28.26,-24,---,-3,1,586969,4327,1.09\r\n"

  // MARK: Driver

  /// A driver, and the far side by hand.
  private struct Wire {
    var driver = SA45s(options: SensorOptions())
    var now = Instant(nanoseconds: 1_000_000_000_000)
    var sent: [String] = []
    var reports: [SA45s.Report] = []

    mutating func note(_ step: SA45s.Step) {
      if let frame = step.send { sent.append(frame.text) }
      if let report = step.report { reports.append(report) }
    }
    mutating func start(_ command: SA45s.Command) { note(driver.start(command, at: now)) }
    mutating func deliver(_ text: String) {
      now = now + 5_000_000
      note(driver.take(Frame(text), first: now, at: now + 2_000_000))
      now = now + 3_000_000
    }
    mutating func wakeUntilFree() {
      while driver.isBusy, let deadline = driver.deadline {
        now = max(now, deadline)
        note(driver.pass(to: now))
      }
    }
  }

  private func synchronised() -> Wire {
    var wire = Wire()
    wire.start(.reportSteer)
    wire.deliver(headers)
    wire.deliver("Steer = 0\r\n")
    wire.sent.removeAll()
    wire.reports.removeAll()
    return wire
  }

  /// Each row: command, bytes sent, answer of the guide, report.
  func testLiteralExchanges() {
    let rows: [(SA45s.Command, String, String, SA45s.Report)] = [
      (.steer(-123_000), "!FA-123000\r\n", "Steer = -123\r\n", .steer(-123)),
      (.changeSteer(20_000), "!FD20000\r\n", "Steer = 20\r\n", .steer(20)),
      (.synchronise, "!S\r\n", "S\r\n", .synchronised),
      (.synchronise, "!S\r\n", "E\r\n", .fault(.device(code: 1))),
      (.setCompensation(150), "!DC150\r\n", "150\r\n", .compensation(150)),
      (.setTimeOfDay(1_221_578_499), "!TA1221578499\r\n", "TimeOfDay = 1221578499\r\n", .timeOfDay(1_221_578_499)),
      (.timeOfDay, "!T?\r\n", "TimeOfDay = 7\r\n", .timeOfDay(7)),
      (.reportSteer, "!F?\r\n", "Steer = 2147\r\n", .steer(2147)),
      (.steer(1), "!FA1\r\n", "?\r\n", .fault(.device(code: 2))),
    ]
    for (command, bytes, answer, report) in rows {
      var wire = synchronised()
      wire.start(command)
      XCTAssertEqual(wire.sent, [bytes])
      wire.deliver(answer)
      XCTAssertEqual(wire.reports, [report], bytes)
      XCTAssertFalse(wire.driver.isBusy)
    }
  }

  /// What is in non-volatile memory is written only when it differs.
  func testMemoryIsNotRewritten() {
    var wire = synchronised()
    wire.start(.setMode(.analogTuning, true))
    XCTAssertEqual(wire.sent, ["!M?\r\n"])
    wire.deliver("0x0000\r\n")
    XCTAssertEqual(wire.sent.last, "!MA\r\n")
    wire.deliver("0x0001\r\n")
    XCTAssertEqual(wire.reports, [.mode(1)])
    wire.start(.setMode(.analogTuning, true))
    wire.deliver("0x0001\r\n")
    XCTAssertEqual(wire.reports.last, .mode(1))
    wire.start(.setDisciplineSeconds(80))
    wire.deliver("80\r\n")
    XCTAssertEqual(wire.sent, ["!M?\r\n", "!MA\r\n", "!M?\r\n", "!D?\r\n"])
    XCTAssertEqual(wire.reports.last, .disciplineSeconds(80))
    wire.start(.setDisciplineSeconds(100))
    wire.deliver("80\r\n")
    XCTAssertEqual(wire.sent.last, "!D100\r\n")
    wire.deliver("100\r\n")
    XCTAssertEqual(wire.reports.last, .disciplineSeconds(100))
  }

  func testChecksumMode() {
    var wire = Wire()
    wire.driver = SA45s(configuration: SA45s.Configuration(usesChecksum: true))
    wire.start(.setMode(.analogTuning, true))
    wire.deliver(headers)
    wire.deliver("0x0040\r\n")
    XCTAssertEqual(wire.sent.last, "!MA*0C\r\n", "the example of the guide")
    wire.deliver("0x0041\r\n")
    XCTAssertEqual(wire.reports, [.mode(0x41)])
  }

  func testTelemetry() throws {
    var wire = synchronised()
    wire.start(.telemetry)
    XCTAssertEqual(wire.sent, ["!^\r\n"])
    wire.deliver(values)
    guard case .telemetry(let told) = wire.reports.last else { return XCTFail("\(wire.reports)") }
    XCTAssertTrue(told.isLocked)
    XCTAssertEqual(told.serial.text, "1209CS00909")
    XCTAssertEqual(told.mode, 0x10)
    XCTAssertEqual(told.contrast, 4381)
    XCTAssertEqual(told.celsius, 28.26)
    XCTAssertEqual(told.steer, -24)
    XCTAssertEqual(told.phase, .nanoseconds(-3))
    XCTAssertEqual(told.discipline, .locked)
    XCTAssertEqual(told.timeOfDay, 586_969)
    XCTAssertEqual(told.firmware.text, "1.09")
    for (from, to, phase) in [(",-3,", ",---,", SA45s.Telemetry.Phase.off), (",-3,", ",NEEDREFPPS,", .noReference)] {
      let line = values.replacing(from, with: to).replacing("\r\n", with: "")
      XCTAssertEqual(SA45s.telemetry(Frame(line))?.phase, phase)
    }
    for bad in [
      "0,0x0000", values + ",1", values.replacing("0x0010", with: "0x10"), values.replacing("-24", with: "x"),
    ] {
      XCTAssertNil(SA45s.telemetry(Frame(bad.replacing("\r\n", with: ""))), bad)
    }
  }

  /// A steer that the clock did not take, one out of range, silence, and no command repeated after it.
  func testFaults() {
    var wire = synchronised()
    wire.start(.steer(123_000))
    wire.deliver("Steer = 122\r\n")
    XCTAssertEqual(wire.reports, [.fault(.readBack(index: 0, expected: 123_000 * 1e-15, received: 122 * 1e-12))])
    for command in [
      SA45s.Command.steer(2_000_000_001), .changeSteer(-20_000_001), .setDisciplineSeconds(9), .setCompensation(1001),
    ] {
      wire.sent.removeAll()
      wire.start(command)
      XCTAssertEqual(wire.reports.last, .fault(.unsupported))
      XCTAssertEqual(wire.sent, [])
    }
    wire.start(.changeSteer(5))
    wire.wakeUntilFree()
    XCTAssertEqual(wire.reports.last, .fault(.timeout))
    XCTAssertEqual(wire.sent, ["!FD5\r\n"], "a command that moves the clock is never repeated")
    // The late answer of the old command is not taken for that of the new one.
    wire.start(.reportSteer)
    XCTAssertEqual(wire.sent.last, "!6\r\n")
    wire.deliver("Steer = 5\r\n")
    wire.deliver(headers)
    XCTAssertEqual(wire.sent.last, "!F?\r\n")
    wire.deliver("Steer = 127\r\n")
    XCTAssertEqual(wire.reports.last, .steer(127))
    wire.start(.telemetry)
    wire.deliver("0x0001\r\n")
    XCTAssertEqual(wire.reports.last, .fault(.malformed(received: 6)))
  }

  func testAsAnyDevice() throws {
    var dialogue = Dialogue(SA45s(options: SensorOptions()))
    dialogue.start(.identify)
    dialogue.deliver(headers)
    dialogue.deliver(values)
    XCTAssertEqual(dialogue.last?.identity?.text.text, "Microchip,SA.45s,1209CS00909,1.09")
    XCTAssertEqual(dialogue.last?.identity?.serial.text, "1209CS00909")
    dialogue.start(.read)
    dialogue.deliver(values)
    XCTAssertEqual(dialogue.last?.reading?.value, -3)
    dialogue.start(.read)
    dialogue.deliver(values.replacing(",-3,", with: ",---,"))
    XCTAssertEqual(dialogue.last?.fault, .device(code: 3))
    dialogue.start(.drive(watts: 1))
    XCTAssertEqual(dialogue.last?.fault, .unsupported)
  }

  // MARK: Twin

  /// What a twin says to some text, within four seconds of its time.
  private struct Twin {
    var bath = StirredBath(StirredBath.Parameters(), gradientKelvin: 0, speed: 1, seed: 1, startNanoseconds: 0)
    let twin: SA45sTwin
    var now: Int64 = 100_000_000

    init() {
      var quiet = Oscillator.Parameters()
      quiet.frequency = .fixed(0)
      quiet.ageingPerSecond = .fixed(0)
      twin = SA45sTwin(oscillator: quiet, serial: "1209CS00909", seed: 1, start: 0, characterNanoseconds: 0)
      twin.powerOn(at: 0, bath: &bath)
    }

    mutating func say(_ text: String, seconds: Double = 0.1, pulses: Bool = false) -> String {
      twin.receive(Frame(text), at: now, bath: &bath)
      return run(seconds: seconds, pulses: pulses)
    }

    mutating func run(seconds: Double, pulses: Bool = false) -> String {
      var answer = ""
      let end = now + Int64(seconds * 1e9)
      while true {
        // A reference at 0.7 s of each second.
        let reference = pulses ? (now + 299_999_999) / 1_000_000_000 * 1_000_000_000 + 700_000_000 : .max
        let next = min(twin.nextWake, reference > now ? reference : .max)
        guard next <= end else { break }
        now = max(now, next)
        if next == reference { twin.pulseIn(at: now, fraction: 0) }
        twin.wake(at: now, bath: &bath)
        while let frame = twin.takeReply(at: now) { answer += frame.text }
      }
      now = end
      return answer
    }
  }

  /// The guide's exchanges, byte for byte, from a clock that starts in mode 0.
  func testTwinAnswersLiterally() {
    var twin = Twin()
    for (request, answer) in [
      ("!6\r\n", headers), ("6", headers), ("!FA-123000\r\n", "Steer = -123\r\n"), ("F", "Steer = -123\r\n"),
      ("!FD23000\r\n", "Steer = -100\r\n"), ("!FA2000000001\r\n", "?\r\n"), ("!MA\r\n", "0x0001\r\n"),
      ("!M?\r\n", "0x0001\r\n"), ("!Ma\r\n", "0x0000\r\n"), ("!D80\r\n", "80\r\n"), ("!D5\r\n", "?\r\n"),
      ("!DC150\r\n", "150\r\n"), ("!DCL\r\n", "Phase comp latched\r\n"),
      ("!TA1221578499\r\n", "TimeOfDay = 1221578499\r\n"), ("!MM\r\n", "0x0004\r\n"), ("!MS\r\n", "0x0008\r\n"),
      ("!MD\r\n", "0x0010\r\n"), ("!Md\r\n", "0x0000\r\n"), ("!MC\r\n", "0x0040\r\n"), ("!MA\r\n", ""),
      ("!MA*0C\r\n", "0x0041\r\n"), ("!MA*0D\r\n", ""),
    ] {
      XCTAssertEqual(twin.say(request), answer, request)
    }
    XCTAssertEqual(twin.twin.memoryWrites, 10, "each value that changes costs one write, none that does not")
  }

  func testTwinSynchronises() {
    var twin = Twin()
    XCTAssertEqual(twin.say("!S\r\n", seconds: 3.5), "E\r\n", "no pulse comes in")
    XCTAssertEqual(twin.say("!S\r\n", seconds: 1.5, pulses: true), "S\r\n")
    XCTAssertEqual(twin.say("!MM\r\n", seconds: 3, pulses: true), "0x0004\r\n")
    let line = twin.say("!^\r\n", pulses: true).replacing("\r\n", with: "")
    guard case .nanoseconds(let phase) = SA45s.telemetry(Frame(line))?.phase else { return XCTFail(line) }
    XCTAssertLessThanOrEqual(phase.magnitude, 102)
    XCTAssertEqual(twin.say("!T?\r\n", seconds: 1.1).hasPrefix("TimeOfDay = "), true)
  }

  /// The clock's own discipline brings it to within 5 ns and says so; without input it holds over.
  func testTwinDisciplines() {
    var twin = Twin()
    _ = twin.run(seconds: 2, pulses: true)
    XCTAssertEqual(twin.say("!D20\r\n", pulses: true), "20\r\n")
    XCTAssertEqual(twin.say("!MD\r\n", pulses: true), "0x0010\r\n")
    _ = twin.run(seconds: 400, pulses: true)
    let line = twin.say("!^\r\n", pulses: true).replacing("\r\n", with: "")
    let told = SA45s.telemetry(Frame(line))
    XCTAssertEqual(told?.discipline, .locked, line)
    guard case .nanoseconds(let phase) = told?.phase else { return XCTFail(line) }
    XCTAssertLessThanOrEqual(phase.magnitude, 5, line)
    _ = twin.run(seconds: 5)
    let away = SA45s.telemetry(Frame(twin.say("!^\r\n").replacing("\r\n", with: "")))
    XCTAssertEqual(away?.discipline, .holdover)
    XCTAssertEqual(away?.phase, .noReference)
  }
}
