import EtalonCore
import XCTest

@testable import EtalonSim

/// The 1502A twin against the user's guide as quoted in the protocol reference (section 5 and its vectors).
final class Hart1502ATwinTests: XCTestCase {
  /// Vector `540d` → `743a20203132352e37343520430d0a`.
  func testReadingFrame() throws {
    var probe = try BenchProbe(.ideal(celsius: 125.745))
    XCTAssertEqual(probe.ask("T\r", port: 0), "t:  125.745 C\r\n")
    XCTAssertEqual(
      Array("t:  125.745 C\r\n".utf8),
      [0x74, 0x3A, 0x20, 0x20, 0x31, 0x32, 0x35, 0x2E, 0x37, 0x34, 0x35, 0x20, 0x43, 0x0D, 0x0A])
    XCTAssertEqual(probe.ask("t\n", port: 0), "t:  125.745 C\r\n")
    XCTAssertEqual(probe.ask("temp\r\n", port: 0), "t:  125.745 C\r\n", "abbreviations and CR LF are one command")
    XCTAssertEqual(probe.ask("FETC?\r", port: 0), "125.745\r\n")
    XCTAssertEqual(probe.ask("FETCH?\r", port: 0), "125.745\r\n")
  }

  /// Vector: IEC 751 Callendar-Van Dusen, 138.5 Ω is 100.0 °C.
  func testConvertsResistance() throws {
    var probe = try BenchProbe(.ideal())
    let answer = probe.ask(
      "P=R\rR0=100\rAL=0.00385055\rDE=1.4998\rBE=0.109\rU=C\rCO=138.5\r", port: 0)
    XCTAssertTrue(answer.hasPrefix("t: ") && answer.hasSuffix(" C\r\n"), answer)
    let value = try XCTUnwrap(Double(answer.dropFirst(3).dropLast(3).filter { $0 != " " }))
    XCTAssertEqual(value, 100.0, accuracy: 0.05)
  }

  func testColdReadingKeepsEightColumns() throws {
    var configuration = SimConfiguration.ideal(celsius: -5.25)
    configuration.plant.sinkCelsius = -10
    var probe = try BenchProbe(configuration)
    XCTAssertEqual(probe.ask("T\r", port: 0), "t:   -5.250 C\r\n")
    probe.ask("U=K\r", port: 0)
    XCTAssertEqual(probe.ask("T\r", port: 0), "t:  267.900 K\r\n")
    probe.ask("U=F\r", port: 0)
    XCTAssertEqual(probe.ask("T\r", port: 0), "t:   22.550 F\r\n")
  }

  func testIdentityAndHelp() throws {
    var probe = try BenchProbe()
    XCTAssertEqual(probe.ask("*IDN?\r", port: 0), "HART,1502A,1502A-0815,2.01\r\n")
    XCTAssertEqual(probe.ask("*sn\r", port: 0), "sn: 1502A-0815\r\n")
    XCTAssertEqual(probe.ask("*VER\r", port: 0), "ver.1502A,2.01\r\n")
    XCTAssertTrue(probe.ask("H\r", port: 0).contains("FETC?"))
    XCTAssertEqual(probe.ask("XYZ\r", port: 0), "", "an unknown command is passed over in silence")
  }

  func testDuplexFullEchoesTheCommandFirst() throws {
    var probe = try BenchProbe(.ideal())
    probe.ask("DU=F\r", port: 0)
    XCTAssertEqual(probe.ask("T\r", port: 0), "T\r\nt:   25.000 C\r\n")
    probe.ask("LF=OFF\rDU=H\r", port: 0)
    XCTAssertEqual(probe.ask("T\r", port: 0), "t:   25.000 C\r")
  }

  func testAutomaticSending() throws {
    var probe = try BenchProbe(.ideal())
    XCTAssertEqual(probe.ask("SA=2\r", port: 0), "")
    XCTAssertEqual(probe.pass(6.5, port: 0), String(repeating: "t:   25.000 C\r\n", count: 3))
    XCTAssertEqual(probe.ask("SA\r", port: 0), "sa: 2\r\n")
    XCTAssertEqual(probe.ask("SA=1:00\rSA\rSA=0\r", port: 0), "sa: 60\r\n")
    XCTAssertEqual(probe.pass(120, port: 0), "")
    XCTAssertEqual(Hart1502ATwin.seconds("1:02:03"), 3723)
    XCTAssertNil(Hart1502ATwin.seconds("24:00:01"))
    XCTAssertNil(Hart1502ATwin.seconds("a"))
  }

  func testOneNewReadingASecond() throws {
    var configuration = SimConfiguration.ideal()
    configuration.reference.noiseKelvin = 0.05
    var probe = try BenchProbe(configuration)
    var changes: [Int64] = []
    var last = ""
    for _ in 0..<500 {
      let reading = probe.ask("T\r", port: 0, within: 0.02)
      if reading != last { changes.append(probe.now) }
      last = reading
    }
    // 10 s of looking every 20 ms: a change once a second, none in between.
    XCTAssertTrue((10...11).contains(changes.count), "\(changes.count)")
    for (a, b) in zip(changes.dropFirst(), changes.dropFirst(2)) {
      XCTAssertEqual(Double(b - a) * 1e-9, 1, accuracy: 0.021)
    }
  }

  func testFilterSmoothsAndLags() throws {
    var configuration = SimConfiguration.ideal()
    configuration.reference.noiseKelvin = 0.1
    configuration.reference.filterSeconds = 10
    var probe = try BenchProbe(configuration, seed: 3)
    var squares = 0.0
    for second in 0..<4100 {
      let answer = probe.ask("FETC?\r", port: 0, within: 1)
      guard second >= 100 else { continue }
      let value = try XCTUnwrap(Double(answer.dropLast())) - 25
      squares += value * value
    }
    // First-order filter with a = exp(−0.1): variance (1 − a)/(1 + a) of that of the white noise, 0.0223 K.
    // "\r\n" is one character to Swift, so that one is dropped. 4000 values with a correlation time of 10 s are worth about 200; four standard deviations of 1/√400.
    XCTAssertEqual((squares / 4000).squareRoot(), 0.1 * 0.049_958.squareRoot(), accuracy: 0.0045)
  }

  /// Reading + correction(reading) + drift is the true temperature, by definition of a correction.
  func testReadingPlusCorrectionIsTheTemperature() throws {
    var configuration = SimConfiguration.ideal(celsius: 40)
    configuration.reference.certificate = .standard
    configuration.reference.driftKelvin = .fixed(0.012)
    var probe = try BenchProbe(configuration, seed: 11)
    let reading = try XCTUnwrap(Double(probe.ask("FETC?\r", port: 0).dropLast())) - 0.012
    // Half the last digit.
    XCTAssertEqual(reading + probe.bench.truth.reference.correction(at: reading), 40, accuracy: 0.00051)
  }
}
