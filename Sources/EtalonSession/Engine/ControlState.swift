import EtalonCore
import EtalonMetrology

/// Holding the set point: a bounded PI controller on the corrected reading of the reference.
struct ControlState: Sendable {
  var controller: PIController
  /// °C; nil while nothing is controlled.
  var setpoint: Double?
  /// The loop of a `control` or `monitor` step; nil while the way to a point is steered by the reference.
  var loop: LoopControl?
  /// Exchanges with the actuator that failed, one after the other.
  var failures = 0
  /// After so many failures the actuator counts as lost; its dead-man has switched it off by then.
  static let failuresAllowed = 10

  /// Times of this bench's plant over those of the board's design.
  let plantTimeRatio: Double

  init(board: BoardPlan, plant: BenchPlan.Plant?, periodSeconds: Double) throws(Failure) {
    plantTimeRatio =
      (plant?.heatCapacityJoulesPerKelvin ?? board.heatCapacityJoulesPerKelvin)
      / board.heatCapacityJoulesPerKelvin
    controller = try Self.controller(board: board, plant: plant, periodSeconds)
  }

  /// The controller that follows from the board's plant.
  static func controller(
    board: BoardPlan, plant: BenchPlan.Plant?, _ periodSeconds: Double
  ) throws(Failure) -> PIController {
    do throws(PIController.Fault) {
      var configuration = PIController.Configuration(
        heatCapacityJoulesPerKelvin: plant?.heatCapacityJoulesPerKelvin ?? board.heatCapacityJoulesPerKelvin,
        lossWattsPerKelvin: board.lossWattsPerKelvin + board.coolingWattsPerKelvin,
        idleCelsius: board.steadyCelsius(watts: 0),
        delaySeconds: (plant?.delaySeconds ?? board.delaySeconds) + periodSeconds,
        limitsWatts: 0...board.actuatorMaximumWatts)
      // Set points are far apart, so the way to them is quicker when the error counts in full and the limits bound it.
      configuration.setpointWeight = 1
      // Damping 0.77 in place of the rule's 1: the bath settles sooner and overruns by a few hundredths of a kelvin.
      configuration.integralSeconds *= 0.6
      configuration.integralBandWatts = 0.01 * board.actuatorMaximumWatts
      return try PIController(configuration)
    } catch {
      throw Failure(.badBench, "the board's plant gives no controller: \(error)")
    }
  }
}

extension ReferenceCertificate {
  /// The correction for steering only: outside the certificate's range it is that of the nearer end, because a set point
  /// must be approached from anywhere. Results never use it.
  func steeringCorrection(at reading: Double) -> Double {
    let s = (Swift.min(Swift.max(reading, lowerBound), upperBound) - centre) / halfSpan
    var value = 0.0
    for coefficient in coefficients.reversed() { value = value * s + coefficient }
    return value
  }
}

extension SessionEngine {
  /// A new reading of the reference: decide the actuator's output and send it, unless the last one is still under way.
  mutating func steer(_ reading: Double, tick: UInt32, at instant: Instant, _ outbox: inout Outbox) {
    if let loop = control.loop {
      guard loop.isSteeredByReference else { return }
      let value = reading + certificate.steeringCorrection(at: reading)
      decide(value, standardUncertainty: 0, expandedUncertainty: nil, tick: tick, at: instant, &outbox)
      return
    }
    guard let actuator, let setpoint = control.setpoint, instruments[actuator].isIdle else { return }
    let measured = reading + certificate.steeringCorrection(at: reading)
    let watts = control.controller.update(measured: measured, setpoint: setpoint, at: instant)
    results.energised = true
    instruments[actuator].request(.drive(watts: watts), for: .drive)
  }

  mutating func driveReport(_ report: DeviceReport, at instant: Instant, _ outbox: inout Outbox) {
    switch report {
    case .actuator(let state):
      control.failures = 0
      outbox.record(actuator: state)
    default:
      control.failures += 1
      guard control.failures >= ControlState.failuresAllowed, let actuator else { return }
      let role = instruments[actuator].roles.first ?? ""
      var code = ExitCode.deviceAbsent
      var reason = "it does not do as it is told"
      if case .fault(let fault) = report {
        code = fault.exitCode
        reason = fault.explanation
      }
      fail(
        Failure(code, role: role, "\(role): \(control.failures) commands in a row failed: \(reason)"), at: instant,
        &outbox)
    }
  }
}
