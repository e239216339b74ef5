import XCTest

@testable import EtalonSession

/// The session that users copy: what it says, and what overriding its parameters does.
final class SessionFileTests: XCTestCase {
  func testThermometerSession() throws {
    let plan = try SessionFile.load(path: SessionFixture.session)
    XCTAssertEqual(plan.name, "thermometer")
    XCTAssertEqual(plan.file, SessionFixture.session)
    XCTAssertEqual(
      plan.parameters.map { "\($0.name)=\($0.text)" }, ["soak=10 min", "hold=2 min", "rate=1 Hz", "samples=240"])
    XCTAssertEqual(plan.roles.map(\.name), ["ref", "dut", "bath", "room"])
    XCTAssertEqual(plan.roles[0].rangeCelsius, 0...60)
    XCTAssertEqual(plan.roles[0].maximumExpandedUncertaintyKelvin, 0.10)
    XCTAssertTrue(plan.roles[0].certificateRequired)
    XCTAssertEqual(plan.roles[1].resolutionKelvin, 0.01)
    XCTAssertTrue(plan.roles[2].safeHeaterDisabled)
    XCTAssertEqual(plan.roles[3].quantities, ["temperature", "humidity", "pressure"])
    XCTAssertEqual(plan.environment.map(\.within), [18...28, 20...70])
    XCTAssertEqual(plan.environment[0].giveUpSeconds, 1800)
    XCTAssertNil(plan.environment[1].giveUpSeconds)
    XCTAssertEqual(plan.sampling.rateHertz, 1)
    XCTAssertEqual(plan.sampling.alignSeconds, 0.1)
    XCTAssertEqual(plan.sampling.reject?.window, 21)
    XCTAssertEqual(plan.sampling.reject?.maximumFraction, 0.01)
    XCTAssertEqual(plan.sampling.maximumGapSeconds, 3)
    XCTAssertEqual(plan.sampling.maximumMissingFraction, 0.005)
    let points = plan.points[0]
    XCTAssertEqual(points.setpointsCelsius, [10, 25, 50])
    XCTAssertEqual(points.order, [.up, .down])
    XCTAssertEqual(points.soakSeconds, 600)
    // 0.02 K/min is the double nearest 0.02/60 K/s within one rounding.
    XCTAssertEqual(points.settle.slopeKelvinPerSecond, 0.02 / 60, accuracy: 1e-18)
    XCTAssertEqual(points.settle.standardDeviationKelvin, 0.01)
    XCTAssertEqual(points.settle.holdSeconds, 120)
    XCTAssertEqual(points.settle.timeoutSeconds, 2700)
    XCTAssertEqual(points.measure.samples, 240)
    XCTAssertEqual(points.measure.blocks, 20)
    XCTAssertEqual(points.retries, 2)
    XCTAssertEqual(points.retryBackoffSeconds, 60)
    XCTAssertEqual(plan.points[1].setpointsCelsius, [12, 17.5, 37.5, 48])
    XCTAssertTrue(
      Set(plan.points[1].setpointsCelsius).isDisjoint(with: points.setpointsCelsius),
      "as left is judged at other points than those fitted")
    XCTAssertEqual(plan.model.coverageProbability, 0.9545)
    XCTAssertTrue(plan.model.checkByMonteCarlo)
    XCTAssertEqual(
      plan.model.inputs.map(\.source),
      [
        .typeA, .typeA, .certificate, .rectangular(halfWidth: 0.020), .rectangular(halfWidth: 0.015),
        .resolutionOfRole, .upDownDifference,
      ])
    XCTAssertEqual(plan.acceptance.errorLimits, -0.2...0.2)
    XCTAssertEqual(plan.acceptance.rule, .guarded)
    XCTAssertEqual(plan.acceptance.guardBandFactor, 1)
    XCTAssertEqual(plan.acceptance.otherwise, .inconclusive)
    guard plan.steps.count == 4, case .identify(let identify) = plan.steps[0],
      case .asFound("calibration") = plan.steps[1],
      case .adjust(let adjust) = plan.steps[2], case .asLeft("verification") = plan.steps[3]
    else { return XCTFail("other steps: \(plan.steps)") }
    XCTAssertTrue(identify.refuseExpired && identify.refuseMismatch)
    XCTAssertEqual(identify.facts.map(\.role), ["dut", "ref"])
    XCTAssertEqual(adjust.whenAboveShareOfLimit, 0.5)
    XCTAssertEqual(adjust.degree, 2)
    XCTAssertEqual(adjust.maximumResidualKelvin, 0.05)
    XCTAssertEqual(adjust.validCelsius, 10...50)
    XCTAssertEqual(adjust.role, "dut")
    XCTAssertEqual(plan.finally.map { "\($0.role).\($0.kind)" }, ["bath.safe", "dut.idle"])
  }

  func testOverridesTakeThePlaceOfParameters() throws {
    let plan = try SessionFile.load(
      path: SessionFixture.session,
      overrides: ["soak=1 s", "hold=500 ms", "rate=20 Hz", "samples=100"])
    XCTAssertEqual(plan.points.map(\.soakSeconds), [1, 1])
    XCTAssertEqual(plan.points[1].settle.holdSeconds, 0.5)
    XCTAssertEqual(plan.sampling.rateHertz, 20)
    XCTAssertEqual(plan.points[0].measure.samples, 100)
    XCTAssertEqual(plan.parameters[0].text, "1 s")
  }

  func testOverrideFaults() throws {
    func fault(_ overrides: [String]) -> FileFault? {
      do throws(FileFault) {
        _ = try SessionFile.load(path: SessionFixture.session, overrides: overrides)
        return nil
      } catch { return error }
    }
    let unknown = fault(["sock=1 min"])
    XCTAssertEqual(unknown?.exitStatus, 64)
    XCTAssertEqual(unknown?.diagnostics.first?.nearest, "soak")
    for text in ["soak", "=1 min", "soak=", "soak=${hold}"] { XCTAssertEqual(fault([text])?.exitStatus, 64, text) }
    XCTAssertEqual(fault(["soak=1 s", "soak=2 s"])?.exitStatus, 64)
    // A value is judged where it is used, and the message names the option.
    let wrong = fault(["soak=10 K"])
    XCTAssertEqual(wrong?.exitStatus, 65)
    XCTAssertEqual(wrong?.diagnostics.count, 2)
    XCTAssertTrue(wrong?.diagnostics[0].reason.contains("--set soak=\"10 K\"") ?? false, "\(String(describing: wrong))")
    let line = SessionFixture.line(of: "soak: ${soak}", in: try SessionFixture.text())
    XCTAssertEqual(wrong?.diagnostics[0].line, line)
    XCTAssertTrue(fault(["samples=241"])?.description.contains("do not make 20 equal blocks") ?? false)
    XCTAssertTrue(fault(["soak=44 min"])?.description.contains("timeout") ?? false)
    XCTAssertTrue(fault(["rate=0 Hz"])?.description.contains("not above zero") ?? false)
  }

  func testBlocksByTheirLength() throws {
    let text = try SessionFixture.text()
    let edited = text.replacingOccurrences(of: "      blocks: 20 ", with: "      block: 12 s ")
    let plan = try SessionFixture.load(edited)
    XCTAssertEqual(plan.points[0].measure.blocks, 20)
    let odd = text.replacingOccurrences(of: "      blocks: 20 ", with: "      block: 13 s ")
    XCTAssertTrue(SessionFixture.diagnostics(odd).first?.reason.contains("blocks of 13") ?? false)
    let part = text.replacingOccurrences(of: "      blocks: 20 ", with: "      block: 1.5 s ")
    XCTAssertTrue(SessionFixture.diagnostics(part).first?.reason.contains("no whole number") ?? false)
  }

  func testKeysOfTheLanguageThatAreNotAvailableYetAreSaidToBeSo() throws {
    let text = try SessionFixture.text()
    for addition in ["report: {machine: [csv]}\n"] {
      let found = SessionFixture.diagnostics(text + addition)
      XCTAssertEqual(found.count, 1)
      XCTAssertTrue(found[0].reason.contains("not available yet"), found[0].description)
    }
    let prompt = text.replacingOccurrences(
      of: "  - as_found:", with: "  - prompt: {id: a, text: b, answers: [ok], ci: ok}\n  - as_found:")
    let found = SessionFixture.diagnostics(prompt)
    XCTAssertEqual(found.count, 1)
    XCTAssertTrue(found[0].reason.contains("'prompt' is not available yet"), found[0].description)
  }

  func testBoardOfASession() throws {
    XCTAssertEqual(try SessionFile.boardDirectory(ofSession: SessionFixture.session), SessionFixture.board)
    do throws(FileFault) {
      _ = try SessionFile.boardDirectory(ofSession: "/nowhere/at/all.yaml")
      XCTFail("there is no board there")
    } catch { XCTAssertEqual(error.exitStatus, 66) }
  }

  func testMissingSession() {
    do throws(FileFault) {
      _ = try SessionFile.load(path: "nothing.yaml")
      XCTFail("there is no such file")
    } catch {
      XCTAssertEqual(error.exitStatus, 66)
      XCTAssertTrue(error.description.hasPrefix("error: there is no file 'nothing.yaml'"))
    }
  }
}
