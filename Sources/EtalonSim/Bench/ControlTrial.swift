import EtalonCore
import EtalonMetrology

/// A controller on the stirred bath, without wires: what the loop itself can do.
///
/// Once a period the corrected value of the device, its true temperature with noise of the stated standard uncertainty, goes
/// to the controller, and the heater takes the output. Everything that a trial tells of the process is true temperature of
/// the device's probe, not what the controller saw.
public struct ControlTrial: Sendable {
  /// The plant.
  public var plant: StirredBath.Parameters
  /// Standard uncertainty of the corrected value, its noise in the trial.
  public var standardUncertainty: Double
  /// Length of a control period in seconds.
  public var periodSeconds: Double
  /// Seed of plant and noise.
  public var seed: UInt64

  /// A trial on a plant.
  public init(plant: StirredBath.Parameters, standardUncertainty: Double, periodSeconds: Double = 1, seed: UInt64) {
    self.plant = plant
    self.standardUncertainty = standardUncertainty
    self.periodSeconds = periodSeconds
    self.seed = seed
  }

  /// What happened in one period.
  public struct Period: Sendable {
    /// Seconds since the beginning of the trial, at the end of the period.
    public var seconds: Double
    /// True temperature of the device at the end of the period, °C.
    public var celsius: Double
    /// Power in the period, watts.
    public var watts: Double
  }

  /// Where the heater does not do as it is told.
  public enum Actuator: Sendable, Equatable {
    /// It does as it is told.
    case obedient
    /// It gives a constant power from an instant on, in seconds.
    case stuck(watts: Double, fromSeconds: Double)
  }

  /// Why a trial gives no model.
  public enum Fault: Error, Sendable, Equatable {
    /// The test can not be set up.
    case setup(ControlFault)
    /// The test gave no model.
    case identification(IdentificationFault)

    /// Reason and remedy, for people.
    public var explanation: String {
      switch self {
      case .setup(let fault): fault.explanation
      case .identification(let fault): fault.explanation
      }
    }
  }

  /// A bath that has been held at `celsius` for a long time.
  public func steadyBath(at celsius: Double) -> StirredBath {
    var parameters = plant
    parameters.initialCelsius = celsius
    return StirredBath(parameters, seed: seed, heldByWatts: parameters.holdingWatts(celsius: celsius))
  }

  /// Runs a step test about `celsius`.
  /// - Parameter stepWatts: change of the power.
  /// - Throws: why it gives no model.
  public func identify(
    celsius: Double, stepWatts: Double, requirements: IdentificationRequirements = .init()
  ) throws(Fault) -> ProcessModel {
    var bath = steadyBath(at: celsius)
    var noise = RandomStream(seed: seed, stream: 0x1DE7)
    var configuration = StepTest.Configuration(
      periodSeconds: periodSeconds, initialOutput: bath.heaterWatts, stepOutput: bath.heaterWatts + stepWatts,
      maximumSeconds: 7200)
    configuration.requirements = requirements
    var test: StepTest
    do throws(ControlFault) { test = try StepTest(configuration) } catch { throw .setup(error) }
    let period = Int64((periodSeconds * 1e9).rounded())
    var now: Int64 = 0
    while test.phase == .baseline || test.phase == .responding {
      bath.advance(toNanoseconds: now)
      test.add(
        measured: bath.deviceCelsius(atNanoseconds: now) + standardUncertainty * noise.normal(),
        at: Instant(nanoseconds: now))
      bath.setHeater(watts: test.output, atNanoseconds: now)
      now += period
    }
    do throws(IdentificationFault) { return try test.model() } catch { throw .identification(error) }
  }

  /// Lets a controller work from a steady bath.
  /// - Parameters:
  ///   - setpoint: set point at so many seconds since the beginning.
  ///   - monitor: watches the actuator; the trial switches the heater off and ends when it finds a fault.
  ///   - each: called after each period.
  /// - Returns: the monitor's finding.
  @discardableResult
  public func run<C: Controller>(
    _ controller: inout C, from celsius: Double, seconds: Double, setpoint: (Double) -> Double,
    actuator: Actuator = .obedient, monitor: ActuatorMonitor? = nil, each: (Period) -> Void
  ) -> ActuatorFault? where C.Scalar == Double {
    var monitor = monitor
    var bath = steadyBath(at: celsius)
    var noise = RandomStream(seed: seed, stream: 0xC0DE)
    let period = Int64((periodSeconds * 1e9).rounded())
    let periods = Int((seconds / periodSeconds).rounded())
    for index in 0..<periods {
      let now = Int64(index) * period
      let time = Double(index) * periodSeconds
      let measured = bath.deviceCelsius(atNanoseconds: now) + standardUncertainty * noise.normal()
      let ordered = controller.update(
        ControlInput(
          measured: measured, standardUncertainty: standardUncertainty, setpoint: setpoint(time),
          at: Instant(nanoseconds: now)))
      if let fault = monitor?.add(
        measured: measured, standardUncertainty: standardUncertainty, output: ordered, at: Instant(nanoseconds: now))
      {
        bath.setHeater(watts: 0, atNanoseconds: now)
        return fault
      }
      var given = ordered
      if case .stuck(let watts, let from) = actuator, time >= from { given = watts }
      bath.setHeater(watts: given, atNanoseconds: now)
      let end = now + period
      bath.advance(toNanoseconds: end)
      each(Period(seconds: time + periodSeconds, celsius: bath.deviceCelsius(atNanoseconds: end), watts: given))
    }
    return nil
  }
}
